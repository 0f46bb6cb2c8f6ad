// Keeps servers away from the switch itself. A bridge is also an interface of the host: a frame addressed to it, a
// broadcast, or a multicast ends in the switch's own IP stack, and there waits the VXLAN socket. Without the guard a
// tenant's UDP broadcast to port 4789 is decapsulated into any VNI the tenant likes.

/** A bridge without ports: what is redirected into it is gone. (The usual action "drop" is missing in some kernels.) */
export const DISCARD = "discard";

interface Filter {
  /** Lower numbers come first. */
  readonly priority: number;
  readonly parameters: readonly string[];
  /** As {@link file://./rules-kernel.ts} reads it back: action and last mask. */
  readonly seen: string;
}

const REDIRECT = ["action", "mirred", "egress", "redirect", "dev", DISCARD];
const EVERYTHING = ["u32", "match", "u32", "0", "0"];
/** 01:80:c2:00:00:00 to …:0f: a bridge does not forward these, it hands them to the host (802.1Q table 8-1). */
const LINK_LOCAL = "u32 match u16 0x0180 0xffff at -14 match u32 0xc2000000 0xfffffff0 at -12".split(" ");

const LLDP_PASSES: Filter = {
  priority: 1,
  parameters: ["protocol", "0x88cc", ...EVERYTHING, "flowid", "1:1"],
  seen: "pass/0",
};
const NOTHING_PASSES: Filter = {
  priority: 2,
  parameters: ["protocol", "all", ...EVERYTHING, ...REDIRECT],
  seen: `${DISCARD}/0`,
};
const NO_LINK_LOCAL_PASSES: Filter = {
  priority: 3,
  parameters: ["protocol", "all", ...LINK_LOCAL, ...REDIRECT],
  seen: `${DISCARD}/fffffff0`,
};

export type Guard = readonly Filter[];

/** For a bridge: nothing that it hands to the host arrives there. */
export const BRIDGE_GUARD: Guard = [NOTHING_PASSES];
/** For a port inside a bridge: of what the bridge leaves to the host, only LLDP arrives there. */
export const OPEN_PORT: Guard = [LLDP_PASSES, NO_LINK_LOCAL_PASSES];
/** For a port on its way from one bridge to another: only LLDP. */
export const CLOSED_PORT: Guard = [LLDP_PASSES, NOTHING_PASSES, NO_LINK_LOCAL_PASSES];

export function isGuardedBy(guard: Guard, seen: readonly string[] | undefined): boolean {
  return guard.map((filter) => filter.seen).join() === (seen ?? []).join();
}

/** From any state to this guard. */
export function guardCommands(device: string, guard: Guard): string[][] {
  return [
    ["tc", "qdisc", "replace", "dev", device, "clsact"],
    ["tc", "filter", "del", "dev", device, "ingress"],
    ...guard.map((filter) => addFilter(device, filter)),
  ];
}

/** From {@link OPEN_PORT} to {@link CLOSED_PORT}. */
export function closePort(port: string): string[] {
  return addFilter(port, NOTHING_PASSES);
}

/** From {@link CLOSED_PORT} to {@link OPEN_PORT}. */
export function openPort(port: string): string[] {
  return ["tc", "filter", "del", "dev", port, "ingress", "prio", String(NOTHING_PASSES.priority)];
}

function addFilter(device: string, { priority, parameters }: Filter): string[] {
  return ["tc", "filter", "add", "dev", device, "ingress", "prio", String(priority), ...parameters];
}
