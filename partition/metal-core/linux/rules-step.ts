import type { Change } from "../driver.ts";
import type { Link } from "./rules-kernel.ts";

/** Commands that belong together. When one fails, those after it are not run. */
export interface Step {
  readonly change: Change;
  readonly commands: readonly (readonly string[])[];
  /** The bridge that this step makes or needs. When making it fails, steps that need it are not run. */
  readonly bridge?: string;
}

/** Jumbo frames for servers, and room for the VXLAN header around them (reference/partition-services.md 1.7). */
export const PORT_MTU = 9000;
export const UPLINK_MTU = 9216;

/** No address of the switch in a server's network, neither given nor made by the kernel itself. */
export function interfaceCommands(name: string, link: Link | undefined): string[][] {
  return [
    ...(link?.addressMode === "none" ? [] : [["ip", "link", "set", "dev", name, "addrgenmode", "none"]]),
    ...(link?.addressed ? [["ip", "addr", "flush", "dev", name]] : []),
    ...(link?.mtu === PORT_MTU ? [] : [["ip", "link", "set", "dev", name, "mtu", String(PORT_MTU)]]),
    ...(link?.up ? [] : [["ip", "link", "set", "dev", name, "up"]]),
  ];
}
