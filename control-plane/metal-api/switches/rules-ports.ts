// How the ports that a switch reports change the ones we know (reference/api-resources.md 8.11, Register).
import { effectiveIdentifier } from "./rules-wiring.ts";

export interface ReportedPort {
  readonly name: string;
  readonly mac: string;
  readonly identifier: string;
}

export interface KnownPort extends ReportedPort {
  readonly machineId: string | null;
}

export interface PortChanges {
  readonly added: readonly ReportedPort[];
  /** From an old name to what the port is now. */
  readonly changed: readonly { readonly from: string; readonly to: ReportedPort }[];
  readonly removed: readonly string[];
}

/** The text of why a report is refused; `status` as the original answers. */
export class PortsRefused extends Error {
  override readonly name = "PortsRefused";
  readonly status: 400 | 422;

  constructor(status: 400 | 422, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * What to write. A port is itself by its identifier (or MAC without one), not by its name. Throws {@link PortsRefused}
 * for duplicates and for a port with a machine that would vanish or change its name.
 */
export function portChanges(known: readonly KnownPort[], reported: readonly ReportedPort[]): PortChanges {
  const wanted = new Map(reported.map((port) => [effectiveIdentifier(port), port]));
  if (wanted.size !== reported.length) throw new PortsRefused(400, "duplicate identifier found in nics");
  if (new Set(reported.map((port) => port.name)).size !== reported.length)
    throw new PortsRefused(400, "duplicate name found in nics");

  const before = new Map(known.map((port) => [effectiveIdentifier(port), port]));
  const removed: string[] = [];
  const changed: { from: string; to: ReportedPort }[] = [];
  for (const [identifier, port] of before) {
    const now = wanted.get(identifier);
    if (port.machineId !== null && now?.name !== port.name) throw inUse(identifier, port, now);
    if (!now) removed.push(port.name);
    else if (now.name !== port.name || now.mac !== port.mac) changed.push({ from: port.name, to: now });
  }
  const added = reported.filter((port) => !before.has(effectiveIdentifier(port)));
  return { added, changed, removed };
}

function inUse(identifier: string, port: KnownPort, now: ReportedPort | undefined): PortsRefused {
  const what = now
    ? `wants to be renamed from "${port.name}" to "${now.name}", but already has a connection to machine`
    : `gets removed but is connected to machine`;
  return new PortsRefused(
    422,
    `nic with identifier ${identifier} ${what} with id "${port.machineId}", which is currently not supported`,
  );
}
