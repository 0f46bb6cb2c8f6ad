// What each command of the original's vocabulary means, as steps (reference/partition-services.md 4.3). PASSWORD, which is
// ours, is no sequence of steps: see execute.ts.

export type Step =
  | { readonly do: "power"; readonly action: "on" | "off" | "reset" | "cycle" }
  | { readonly do: "boot"; readonly device: "pxe" | "disk" | "bios" }
  | { readonly do: "led"; readonly on: boolean };

const COMMANDS: ReadonlyMap<string, readonly Step[]> = new Map<string, readonly Step[]>([
  ["ON", [{ do: "power", action: "on" }]],
  ["OFF", [{ do: "power", action: "off" }]],
  ["RESET", [{ do: "power", action: "reset" }]],
  ["CYCLE", [{ do: "power", action: "cycle" }]],
  ["BIOS", [{ do: "boot", device: "bios" }]],
  ["DISK", [{ do: "boot", device: "disk" }]],
  ["PXE", [{ do: "boot", device: "pxe" }]],
  ["LED-ON", [{ do: "led", on: true }]],
  ["LED-OFF", [{ do: "led", on: false }]],
  [
    "REINSTALL",
    [
      { do: "boot", device: "pxe" },
      { do: "power", action: "cycle" },
    ],
  ],
]);

/**
 * What the original's vocabulary has and IPMI has not: it flashes no firmware (IPMI 2.0 leaves that to vendors; the original
 * does it over Redfish).
 */
export const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  [
    "UPDATE-FIRMWARE",
    "updating firmware is not supported by this BMC: metal-bmc speaks IPMI, which has no common way to do it; " +
      "use the vendor's tool, nothing was changed",
  ],
]);

/** Undefined for a command nobody knows. */
export function stepsOf(command: string): readonly Step[] | undefined {
  return COMMANDS.get(command);
}

export const KNOWN_COMMANDS: readonly string[] = [...COMMANDS.keys()];

/** Whether doing it again, when nobody knows whether it was done, does something else than doing it once. */
export function actsTwice(action: "on" | "off" | "reset" | "cycle"): action is "reset" | "cycle" {
  return action === "reset" || action === "cycle";
}

/** A machine that is off has nothing to reset: what is meant is that it starts, e.g. to be wiped after it was freed. */
export function powerActionFor(action: "on" | "off" | "reset" | "cycle", powered: boolean): typeof action {
  return !powered && action !== "off" ? "on" : action;
}
