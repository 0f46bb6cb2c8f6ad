import { BRIDGE_GUARD, guardCommands, isGuardedBy } from "./rules-guard.ts";
import type { Kernel, Link } from "./rules-kernel.ts";
import { isIsolated, type LinuxSettings, type Network } from "./rules-networks.ts";
import { isolation } from "./rules-port-steps.ts";
import { interfaceCommands, type Step } from "./rules-step.ts";

/** IANA's port for VXLAN (RFC 7348 §5). */
const VXLAN_PORT = 4789;
/** The forwarding entry for everything whose destination is unknown (head-end replication). */
const FLOOD = "00:00:00:00:00:00";

/** Multicast goes to all ports: nobody asks here who listens. No frames of the link-local group are forwarded. */
const BRIDGE_OPTIONS = { stp_state: 0, mcast_snooping: 0, group_fwd_mask: 0 } as const;

/** Makes or repairs a network; no steps when it is as it should be. */
export function addNetwork(kernel: Kernel, network: Network, settings: LinuxSettings): Step[] {
  const existed = kernel.links.has(network.bridge) && kernel.links.has(network.vxlan);
  const commands = [
    ...bridgeCommands(kernel, network.bridge),
    ...vxlanCommands(kernel.links.get(network.vxlan), network, settings),
    ...floodCommands(kernel, network, settings),
  ];
  if (commands.length === 0) return [];
  const step = existed ? "network repaired" : "network added";
  return [{ change: { step, vrf: network.vrf, detail: `VNI ${network.vni}` }, commands, bridge: network.bridge }];
}

export function removeNetwork(kernel: Kernel, { bridge, vxlan, vrf }: Network): Step[] {
  const commands = [vxlan, bridge]
    .filter((name) => kernel.links.has(name))
    .map((name) => ["ip", "link", "del", "dev", name]);
  return [{ change: { step: "network removed", vrf }, commands, bridge }];
}

/** The guard comes before the bridge is up, and again when it is damaged. */
function bridgeCommands(kernel: Kernel, name: string): string[][] {
  const link = kernel.links.get(name);
  const options = Object.entries(BRIDGE_OPTIONS);
  const asWanted = options.every(([option, value]) => Number(link?.options[option]) === value);
  const optionWords = options.flatMap(([option, value]) => [option, String(value)]);
  return [
    ...(link ? [] : [["ip", "link", "add", "name", name, "type", "bridge", ...optionWords]]),
    ...(link && !asWanted ? [["ip", "link", "set", "dev", name, "type", "bridge", ...optionWords]] : []),
    ...(isGuardedBy(BRIDGE_GUARD, kernel.filters.get(name)) ? [] : guardCommands(name, BRIDGE_GUARD)),
    ...interfaceCommands(name, link),
  ];
}

/**
 * The device does not learn where a MAC address lives: each frame goes to all peers, so a machine that moved to another
 * leaf is reached at once. (EVPN will tell the way later.)
 */
function vxlanCommands(link: Link | undefined, network: Network, settings: LinuxSettings): string[][] {
  const { vxlan, vni, bridge } = network;
  const isolated = isIsolated(vxlan, network, settings);
  const kept = link && isOurs(link, network, settings) ? link : undefined;
  const options = `id ${vni} local ${settings.vtep} dstport ${VXLAN_PORT} nolearning`.split(" ");
  return [
    ...(link && !kept ? [["ip", "link", "del", "dev", vxlan]] : []),
    ...(kept ? [] : [["ip", "link", "add", "name", vxlan, "type", "vxlan", ...options]]),
    ...(kept?.master === bridge ? [] : [["ip", "link", "set", "dev", vxlan, "master", bridge]]),
    ...((kept?.master === bridge && kept.isolated) === isolated ? [] : [isolation(vxlan, isolated)]),
    ...interfaceCommands(vxlan, kept),
  ];
}

function isOurs(link: Link, network: Network, settings: LinuxSettings): boolean {
  const { id, local, port, learning, group, remote } = link.options;
  return (
    link.kind === "vxlan" &&
    id === network.vni &&
    local === settings.vtep &&
    port === VXLAN_PORT &&
    learning === false &&
    group === undefined &&
    remote === undefined
  );
}

function floodCommands(kernel: Kernel, network: Network, settings: LinuxSettings): string[][] {
  const link = kernel.links.get(network.vxlan);
  const survives = link && isOurs(link, network, settings);
  const present = (survives && kernel.floods.get(network.vxlan)) || new Set<string>();
  const wanted = new Set(settings.vtepPeers.filter((peer) => peer !== settings.vtep));
  const entry = (verb: string, peer: string) => ["bridge", "fdb", verb, FLOOD, "dev", network.vxlan, "dst", peer];
  return [
    ...[...present].filter((peer) => !wanted.has(peer)).map((peer) => entry("del", peer)),
    ...[...wanted].filter((peer) => !present.has(peer)).map((peer) => entry("append", peer)),
  ];
}
