// What is plugged into what, and who has which address.
//
//   network      prefix          here (base)            mgmt                 leaf number n        servers
//   management   172.31.0.0/24   172.31.0.1 on `oob`    172.31.0.2 uplink0   172.31.0.(10+n) eth0
//   boot         10.255.0.0/24   route by 172.31.0.2    10.255.0.1 boot0     bridged only         by DHCP
//   BMC          10.254.0.0/24   each BMC's on `bmc`    10.254.0.1 bmc0
//   underlay     10.253.0.0/24                                               10.253.0.(10+n) uplink
//   VTEPs        10.252.0.0/24                                               10.252.0.(10+n) on lo
//
// The control plane runs here in the base namespace, as the servers' QEMUs and BMCs do. Every leaf, the management server,
// the spine and every attached host is a named network namespace.

/** A switch for servers. */
export interface LeafPlan {
  /** Also its namespace and what it calls itself: "leaf01". */
  readonly id: string;
}

/** One cable: from a tap for the server's virtual machine to a leaf's port. */
export interface NicPlan {
  readonly leaf: string;
  /** "swp1" to "swp9", and from "swp11" on. */
  readonly port: string;
  /** Name of the tap, at most 13 characters. */
  readonly tap: string;
}

export interface ServerPlan {
  readonly id: string;
  readonly nics: readonly NicPlan[];
  /** In 10.254.0.0/24: where its BMC may listen here. */
  readonly bmcAddress?: string;
}

export interface Topology {
  readonly leaves: readonly LeafPlan[];
  readonly servers: readonly ServerPlan[];
}

/** The namespace of the management server, and its interfaces. */
export const MGMT = { namespace: "mgmt", uplink: "uplink0", boot: "boot0", bmc: "bmc0" } as const;
export const SPINE = "spine";
/** Bridges in the base namespace. ("Out of band": apart from all that servers send.) */
export const OOB_BRIDGE = "oob";
export const BMC_BRIDGE = "bmc";
/** The management server's port at the first leaf, always in the boot network. */
export const BOOT_PORT = "swp10";
/** A leaf's port to the spine. */
export const UPLINK = "uplink";

export const ADDRESSES = {
  control: "172.31.0.1",
  mgmtUplink: "172.31.0.2",
  mgmtBoot: "10.255.0.1",
  mgmtBmc: "10.254.0.1",
  bootNetwork: "10.255.0.0/24",
} as const;

/** Addresses of the n-th leaf, counted from 1. */
export function leafAddresses(number: number): { management: string; underlay: string; vtep: string } {
  const last = 10 + number;
  return { management: `172.31.0.${last}`, underlay: `10.253.0.${last}`, vtep: `10.252.0.${last}` };
}
