// The seam between what metal-api wants of a leaf and how a particular switch is told so. Everything above it speaks of
// ports and networks; everything below it of one operating system. Drivers: linux/ (bridges and VXLAN of the kernel).

/** A port that servers are plugged into. Uplinks and ports with a fixed use are not among them. */
export interface PhysicalPort {
  /** As the switch names it: "swp1". */
  readonly name: string;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  /** What LLDP sends as port id; metal-api finds a machine's port by it (reference/partition-services.md 1.4). */
  readonly identifier: string;
}

/** Which network a port belongs to. */
export type Membership =
  | { readonly kind: "boot" }
  /** A tenant's private network. `vrf` is also its VNI, 1–16777215. `cidrs` is what the machine may announce. */
  | { readonly kind: "tenant"; readonly vrf: number; readonly cidrs: readonly string[] }
  /** A firewall: routes itself in the underlay and may announce only these VNIs and prefixes. */
  | { readonly kind: "firewall"; readonly vnis: readonly number[]; readonly cidrs: readonly string[] }
  /** No network at all; the port carries nothing. */
  | { readonly kind: "isolated"; readonly reason: string };

export interface WantedPort {
  readonly name: string;
  readonly membership: Membership;
  /** NICs of the machine that is plugged in: in the boot network they live here and nowhere else. */
  readonly macs?: readonly string[];
}

/** What was done to the box; one log line each. */
export interface Change {
  /** "port moved", "network added", … */
  readonly step: string;
  readonly port?: string;
  /** As metal-api writes it: "" is the boot network, "vrf<n>" a tenant's. Absent when no network is concerned. */
  readonly vrf?: string;
  readonly detail?: string;
}

export interface Applied {
  readonly changes: readonly Change[];
  /** What could not be done, in words for the operator; empty when the box is as wanted. */
  readonly problems: readonly string[];
}

/** UNKNOWN: the switch has no such port. */
export type PortState = "UP" | "DOWN" | "UNKNOWN";

/** A kind of switch. `apply` is never called while one is under way; the others may be. */
export interface SwitchDriver {
  /** The ports the switch has now, in natural order; later calls may find more (breakout) or fewer. */
  ports(): Promise<readonly PhysicalPort[]>;

  /**
   * Makes the whole switch so. `elsewhere` are the NICs behind other leaves. `wanted` is complete: a port that is not in it belongs to no network, a network without
   * ports is removed.
   * - Idempotent: compares with what the box really is, never with what was applied before, so it also repairs what was
   *   changed by hand and does nothing when all is well.
   * - Minimal: touches only ports and networks that differ.
   * - Break before make: a port leaves its old network before it joins the new one; in between it carries nothing, and
   *   nothing that was learned about it (MAC addresses) outlives the move.
   * - Servers in the boot network reach the boot server, not each other: a neighbour must not play DHCP or boot server.
   *   A known NIC is reached at its port only, whoever else sends with its address.
   * - Fails closed: what cannot be done for one port or network is a problem in the answer and leaves that port without
   *   network; the others are done all the same. A membership that the driver cannot provide is such a problem.
   * @throws Error only when the state of the box cannot be read
   */
  apply(wanted: readonly WantedPort[], elsewhere?: readonly string[]): Promise<Applied>;

  /** MAC addresses that frames came from, by port in the boot network; known NICs at their own port are not listed. */
  sightings(): Promise<ReadonlyMap<string, readonly string[]>>;

  /** Whether each of {@link ports} has a link; a port named in `also` that does not exist is UNKNOWN. */
  portStates(also: readonly string[]): Promise<ReadonlyMap<string, PortState>>;

  /** Calls back, soon, when links or memberships have changed (a cable was plugged, somebody used `ip`). */
  onChange(changed: () => void): void;

  /** Stops watching the box and leaves it as it is. */
  close(): Promise<void>;
}
