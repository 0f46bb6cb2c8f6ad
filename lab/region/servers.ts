// The servers of the lab: one boots by BIOS, one by UEFI with a second, NVMe disk; two NICs each, one on every leaf.
import type { Topology } from "../fabric/topology.ts";

export interface ServerPlan {
  readonly name: string;
  readonly uuid: string;
  readonly firmware: "bios" | "uefi";
  /** The chassis' port on both leaves (cabling is mirrored). */
  readonly port: string;
  readonly macs: readonly [string, string];
  readonly disks: readonly { readonly interface: "virtio" | "nvme"; readonly sizeMiB: number }[];
  readonly bmcAddress: string;
  readonly bmcMac: string;
}

export const MEMORY_MIB = 1024;

export const SERVERS: readonly ServerPlan[] = [
  {
    name: "m1",
    uuid: "00000000-0000-0000-0000-0000000000a1",
    firmware: "bios",
    port: "swp1",
    macs: ["52:54:00:01:00:01", "52:54:00:01:00:02"],
    disks: [{ interface: "virtio", sizeMiB: 2048 }],
    bmcAddress: "10.254.0.11",
    bmcMac: "52:54:00:01:00:bc",
  },
  {
    name: "m2",
    uuid: "00000000-0000-0000-0000-0000000000a2",
    firmware: "uefi",
    port: "swp2",
    macs: ["52:54:00:02:00:01", "52:54:00:02:00:02"],
    disks: [
      { interface: "virtio", sizeMiB: 2048 },
      { interface: "nvme", sizeMiB: 512 },
    ],
    bmcAddress: "10.254.0.12",
    bmcMac: "52:54:00:02:00:bc",
  },
];

export const LEAVES = ["leaf01", "leaf02"] as const;
export const PARTITION = "lab";
export const RACK = "rack-1";

/** The tap interfaces of a server's NICs. */
export const taps = (server: ServerPlan): [string, string] => [`${server.name}-eth0`, `${server.name}-eth1`];

/** The cabling: every server on the same port of both leaves. */
export function topology(): Topology {
  return {
    leaves: LEAVES.map((id) => ({ id })),
    servers: SERVERS.map((server) => ({
      id: server.name,
      bmcAddress: server.bmcAddress,
      nics: LEAVES.map((leaf, index) => ({ leaf, port: server.port, tap: taps(server)[index]! })),
    })),
  };
}
