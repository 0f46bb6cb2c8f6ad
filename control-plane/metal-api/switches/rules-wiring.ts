// Which leaf ports a machine is plugged into, by what it heard over LLDP (reference/machine-lifecycle.md 4.3).
import { positionOf } from "./rules-port-names.ts";

interface LeafPort {
  readonly name: string;
  readonly mac: string;
  readonly identifier: string;
  /** Who is plugged in as far as we know. */
  readonly machineId: string | null;
}

export interface Leaf {
  readonly id: string;
  /** LLDP system name; empty when unknown. */
  readonly name: string;
  readonly rackId: string;
  readonly ports: readonly LeafPort[];
}

export interface Nic {
  readonly neighbors: readonly { readonly mac: string; readonly identifier: string; readonly hostname: string }[];
}

export interface Wiring {
  readonly rackId: string;
  readonly wires: readonly { readonly switchId: string; readonly port: string }[];
}

/** The cabling is not as it must be. The message says what was found and what to do. */
export class WiringError extends Error {
  override readonly name = "WiringError";
}

/** What identifies a port on the wire; agents that are old send only its MAC. */
export const effectiveIdentifier = (nic: { readonly identifier: string; readonly mac: string }): string =>
  nic.identifier || nic.mac;

/**
 * Finds the machine's two leaves. Throws {@link WiringError} unless it is connected to exactly two switches of one rack,
 * equally often, at mirrored ports, and still to every switch that it was connected to before.
 * @param leaves all switches of the machine's partition
 */
export function wiringOf(machineId: string, nics: readonly Nic[], leaves: readonly Leaf[]): Wiring {
  const found = leaves.map((leaf) => ({ leaf, ports: portsSeenBy(nics, leaf) }));
  const lost = found.find(({ leaf, ports }) => ports.length === 0 && leaf.ports.some((p) => p.machineId === machineId));
  if (lost) {
    throw new WiringError(
      `machine connection between machine ${machineId} and switch ${lost.leaf.id} exists in the database but not ` +
        `physically; check its cable, or delete the machine first if it moves to another rack`,
    );
  }
  const connected = found.filter(({ ports }) => ports.length > 0);
  const [one, two, ...more] = connected;
  if (!one || !two || more.length > 0) {
    throw new WiringError(
      `machine ${machineId} is not connected to exactly two switches, found connections to ${connected.length} switches` +
        describeNeighbours(nics),
    );
  }
  const pair = `${one.leaf.id} and ${two.leaf.id}`;
  if (one.ports.length !== two.ports.length) {
    throw new WiringError(
      `machine ${machineId} must be connected equally often to ${pair}, found ${one.ports.length} and ` +
        `${two.ports.length} connections`,
    );
  }
  if (one.leaf.rackId !== two.leaf.rackId) {
    throw new WiringError(
      `machine ${machineId} is connected to switches of different racks: ${one.leaf.id} in "${one.leaf.rackId}", ` +
        `${two.leaf.id} in "${two.leaf.rackId}"`,
    );
  }
  checkMirrored(machineId, one, two);
  return {
    rackId: one.leaf.rackId,
    wires: [one, two].flatMap(({ leaf, ports }) => ports.map((port) => ({ switchId: leaf.id, port: port.name }))),
  };
}

/** NICs with a cable to something: only they can be reached in a boot network. Lower case. */
export function wiredMacs(nics: readonly (Nic & { readonly mac: string })[]): string[] {
  return nics.filter((nic) => nic.neighbors.length > 0 && nic.mac !== "").map((nic) => nic.mac);
}

/** Those NICs that hear this leaf's port. */
export function macsAt(nics: readonly (Nic & { readonly mac: string })[], leaf: Leaf, port: string): string[] {
  return nics.filter((nic) => portsSeenBy([nic], leaf).some(({ name }) => name === port)).map((nic) => nic.mac);
}

function portsSeenBy(nics: readonly Nic[], leaf: Leaf): LeafPort[] {
  const heard = new Set(
    nics.flatMap((nic) => nic.neighbors.filter((neighbor) => isFrom(leaf, neighbor.hostname)).map(effectiveIdentifier)),
  );
  return leaf.ports.filter((port) => heard.has(effectiveIdentifier(port)));
}

/** A switch may announce its name with or without its domain. */
function isFrom(leaf: Leaf, hostname: string): boolean {
  return leaf.name === "" || hostname === leaf.name || hostname.startsWith(`${leaf.name}.`);
}

/** Machines sit at the same port of both leaves, so that replacing a switch needs no new cabling plan. */
function checkMirrored(machineId: string, one: { leaf: Leaf; ports: LeafPort[] }, two: typeof one): void {
  const positions = new Set(two.ports.map((port) => positionOf(port.name)));
  const crossed = one.ports.find((port) => !positions.has(positionOf(port.name)));
  if (!crossed) return;
  const at = ({ leaf, ports }: typeof one) => `${leaf.id} ${ports.map((port) => port.name).join(", ")}`;
  throw new WiringError(
    `machine ${machineId} is not connected to the same ports of its switches: found ${at(one)} and ${at(two)}`,
  );
}

function describeNeighbours(nics: readonly Nic[]): string {
  const heard = nics.flatMap((nic) => nic.neighbors.map((n) => `${n.hostname} ${effectiveIdentifier(n)}`));
  return heard.length === 0 ? " (it heard no LLDP)" : ` (it heard: ${heard.slice(0, 8).join("; ")})`;
}
