// The same physical port has another name under another switch system (reference/api-resources.md 8.11).

export type Naming = "SONiC" | "Cumulus";

/** Lanes of a physical port: breakout makes up to four ports of one. */
const LANES = 4;

/** The naming and the line (lane number on the front panel) of a port name; undefined for other names. */
export function lineOf(name: string): { naming: Naming; line: number } | undefined {
  const sonic = /^Ethernet(\d{1,5})$/.exec(name);
  if (sonic) return { naming: "SONiC", line: Number(sonic[1]) };
  const cumulus = /^swp([1-9]\d{0,4})(?:s([0-3]))?$/.exec(name);
  if (!cumulus) return undefined;
  return { naming: "Cumulus", line: (Number(cumulus[1]) - 1) * LANES + Number(cumulus[2] ?? 0) };
}

/**
 * The name that a port has in another naming. A first lane is `swpXs0` in Cumulus only when another port of its group
 * is known, else `swpX`. Undefined when the name follows no known naming.
 * @param siblings the names of the ports beside it, in its own naming
 */
export function translatePortName(name: string, to: Naming, siblings: readonly string[]): string | undefined {
  const port = lineOf(name);
  if (!port || port.naming === to) return port && name;
  if (to === "SONiC") return `Ethernet${port.line}`;
  const [group, lane] = [Math.floor(port.line / LANES), port.line % LANES];
  const broken = siblings.some((sibling) => {
    const other = lineOf(sibling);
    return other !== undefined && other.line !== port.line && Math.floor(other.line / LANES) === group;
  });
  return lane > 0 || broken ? `swp${group + 1}s${lane}` : `swp${group + 1}`;
}

/** What makes a name comparable with names on another switch: equal keys are the same place on the front panel. */
export function positionOf(name: string): string {
  const line = lineOf(name)?.line;
  return line === undefined ? name : `line ${line}`;
}
