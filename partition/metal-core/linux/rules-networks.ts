// Which bridges and VXLAN devices carry the wanted memberships. Names fit IFNAMSIZ (15 characters).
import type { Membership, WantedPort } from "../driver.ts";
import type { Kernel } from "./rules-kernel.ts";

/** One layer 2 network on this leaf: a bridge, and the VXLAN device that joins it with the other leaves'. */
export interface Network {
  readonly bridge: string;
  readonly vxlan: string;
  readonly vni: number;
  /** As metal-api writes it. */
  readonly vrf: string;
}

export interface LinuxSettings {
  /** Names of the ports for servers; `*` stands for any characters. */
  readonly ports: string;
  /** Underlay ports, of no server. */
  readonly uplinks: readonly string[];
  /** Ports that always belong to the boot network (the management server's), whatever metal-api says. */
  readonly bootPorts: readonly string[];
  /** VNI of the boot network. */
  readonly bootVni: number;
  /** Our own VXLAN tunnel end point, an address of this switch. */
  readonly vtep: string;
  /** The other leaves' end points; our own may be among them. */
  readonly vtepPeers: readonly string[];
}

const OWN_BRIDGE = /^br([1-9]\d{0,7})$/;

export function bootNetwork(settings: LinuxSettings): Network {
  return { bridge: "brpxe", vxlan: `vni${settings.bootVni}`, vni: settings.bootVni, vrf: "" };
}

/**
 * In the boot network servers reach the boot server and nobody else, so all ports are isolated but the fixed ones, where
 * the boot server is. At the leaf that has those, the fabric is isolated too: behind it are only servers.
 */
export function isIsolated(port: string, network: Network, settings: LinuxSettings): boolean {
  if (network.bridge !== bootNetwork(settings).bridge || settings.bootPorts.includes(port)) return false;
  return port !== network.vxlan || settings.bootPorts.length > 0;
}

export function tenantNetwork(vrf: number): Network {
  return { bridge: `br${vrf}`, vxlan: `vni${vrf}`, vni: vrf, vrf: `vrf${vrf}` };
}

/** The network of a membership; undefined when this driver has none for it. */
export function networkOf(membership: Membership, settings: LinuxSettings): Network | undefined {
  if (membership.kind === "boot") return bootNetwork(settings);
  if (membership.kind === "tenant") return tenantNetwork(membership.vrf);
  return undefined;
}

/** The ports for servers, and those of a fixed use, in natural order. Never an uplink. */
export function managedPorts(links: Kernel["links"], settings: LinuxSettings): string[] {
  const literal = (text: string) => text.replace(/[^\w]/g, "\\$&");
  const pattern = new RegExp(`^${settings.ports.split("*").map(literal).join(".*")}$`);
  return [...links.keys()]
    .filter((name) => pattern.test(name) || settings.bootPorts.includes(name))
    .filter((name) => !settings.uplinks.includes(name))
    .sort((left, right) => left.localeCompare(right, "en", { numeric: true }));
}

/** Every managed port with its membership: fixed ones, wanted ones, and those that nobody mentioned. */
export function completed(kernel: Kernel, wanted: readonly WantedPort[], settings: LinuxSettings): WantedPort[] {
  const known = new Map(wanted.map((port) => [port.name, port.membership]));
  return managedPorts(kernel.links, settings).map((name) => ({
    name,
    membership: settings.bootPorts.includes(name)
      ? { kind: "boot" }
      : (known.get(name) ?? { kind: "isolated", reason: "metal-api does not mention it" }),
  }));
}

/** Networks that must exist: the boot network, those with ports, and tenants' that somebody else uses (a bastion). */
export function wantedNetworks(kernel: Kernel, ports: readonly WantedPort[], settings: LinuxSettings): Network[] {
  const networks = [bootNetwork(settings), ...ports.flatMap((port) => networkOf(port.membership, settings) ?? [])];
  for (const network of ownedNetworks(kernel, settings)) {
    const names = new Set([network.vxlan, ...settings.uplinks, ...ports.map((port) => port.name)]);
    if ([...kernel.links.values()].some((link) => link.master === network.bridge && !names.has(link.name))) {
      networks.push(network);
    }
  }
  return [...new Map(networks.map((network) => [network.bridge, network])).values()];
}

/** The tenants' networks that are in the kernel, complete or not. */
export function ownedNetworks(kernel: Kernel, settings: LinuxSettings): Network[] {
  const numbers = [...kernel.links.values()].flatMap(({ name, kind }) => {
    const number = kind === "bridge" ? OWN_BRIDGE.exec(name)?.[1] : /^vni([1-9]\d{0,7})$/.exec(name)?.[1];
    return number === undefined || Number(number) === settings.bootVni ? [] : [Number(number)];
  });
  return [...new Set(numbers)].map(tenantNetwork);
}
