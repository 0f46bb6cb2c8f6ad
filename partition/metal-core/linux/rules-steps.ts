// The way from what the kernel has to what is wanted: first ports leave wrong networks, then networks go and come, then
// ports join. Pure; the driver runs the commands.
import type { WantedPort } from "../driver.ts";
import { DISCARD } from "./rules-guard.ts";
import type { Kernel } from "./rules-kernel.ts";
import { addNetwork, removeNetwork } from "./rules-network-steps.ts";
import {
  completed,
  isIsolated,
  networkOf,
  ownedNetworks,
  wantedNetworks,
  type LinuxSettings,
} from "./rules-networks.ts";
import { isolatePort, plugPort, unplugPort } from "./rules-port-steps.ts";
import { UPLINK_MTU, type Step } from "./rules-step.ts";

/** The steps that remain; none when the kernel is as wanted. */
export function stepsTowards(kernel: Kernel, wanted: readonly WantedPort[], settings: LinuxSettings): Step[] {
  const ports = completed(kernel, wanted, settings).map((port) => ({
    link: kernel.links.get(port.name)!,
    membership: port.membership,
    network: networkOf(port.membership, settings),
  }));
  const networks = wantedNetworks(kernel, completed(kernel, wanted, settings), settings);
  const kept = new Set(networks.map((network) => network.bridge));
  return [
    ...discardBridge(kernel),
    ...settings.uplinks.flatMap((name) => uplink(kernel, name)),
    ...ports.flatMap(({ link, network }) => (network ? unplugPort(kernel, link, network) : [])),
    ...ports.flatMap(({ link, membership, network }) => (network ? [] : isolatePort(link, membership))),
    ...ownedNetworks(kernel, settings).flatMap((network) =>
      kept.has(network.bridge) ? [] : removeNetwork(kernel, network),
    ),
    ...networks.flatMap((network) => addNetwork(kernel, network, settings)),
    ...ports.flatMap(({ link, network }) =>
      network ? plugPort(kernel, link, network, isIsolated(link.name, network, settings)) : [],
    ),
  ];
}

function discardBridge(kernel: Kernel): Step[] {
  const link = kernel.links.get(DISCARD);
  const commands = [
    ...(link ? [] : [["ip", "link", "add", "name", DISCARD, "type", "bridge"]]),
    ...(link?.addressMode === "none" ? [] : [["ip", "link", "set", "dev", DISCARD, "addrgenmode", "none"]]),
    ...(link?.up ? [] : [["ip", "link", "set", "dev", DISCARD, "up"]]),
  ];
  return commands.length === 0 ? [] : [{ change: { step: "guard prepared" }, commands }];
}

/** An uplink belongs to the underlay, never to a server's network. */
function uplink(kernel: Kernel, name: string): Step[] {
  const link = kernel.links.get(name);
  if (!link) return [];
  const commands = [
    ...(link.master === undefined ? [] : [["ip", "link", "set", "dev", name, "nomaster"]]),
    ...(link.up && link.mtu === UPLINK_MTU
      ? []
      : [["ip", "link", "set", "dev", name, "mtu", String(UPLINK_MTU), "up"]]),
  ];
  return commands.length === 0 ? [] : [{ change: { step: "uplink repaired", port: name }, commands }];
}
