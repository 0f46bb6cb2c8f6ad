import type { Membership } from "../driver.ts";
import { CLOSED_PORT, closePort, guardCommands, isGuardedBy, OPEN_PORT, openPort } from "./rules-guard.ts";
import type { Kernel, Link } from "./rules-kernel.ts";
import type { Network } from "./rules-networks.ts";
import { interfaceCommands, type Step } from "./rules-step.ts";

/** The port leaves another bridge than its own. The kernel forgets all MAC addresses learned on it. */
export function unplugPort(kernel: Kernel, port: Link, network: Network): Step[] {
  if (port.master === undefined || port.master === network.bridge) return [];
  const commands = [...closedBy(kernel, port), ["ip", "link", "set", "dev", port.name, "nomaster"]];
  return [{ change: { step: "port unplugged", port: port.name, detail: `from ${port.master}` }, commands }];
}

/** The port joins its bridge, or is repaired inside it. It carries frames only when all else is done. */
export function plugPort(kernel: Kernel, port: Link, network: Network, isolated: boolean): Step[] {
  const inside = port.master === network.bridge;
  const repairs = [
    ...interfaceCommands(port.name, port),
    ...((inside && port.isolated) === isolated ? [] : [isolation(port.name, isolated)]),
  ];
  if (inside && repairs.length === 0 && isGuardedBy(OPEN_PORT, kernel.filters.get(port.name))) return [];
  const commands = [
    // Unplugging has closed it already.
    ...(inside || port.master === undefined ? closedBy(kernel, port) : []),
    ...(inside ? [] : [["ip", "link", "set", "dev", port.name, "master", network.bridge]]),
    ...repairs,
    openPort(port.name),
  ];
  const step = inside ? "port repaired" : "port moved";
  return [{ change: { step, port: port.name, vrf: network.vrf }, commands, bridge: network.bridge }];
}

/** A port without network is down: it must not reach the switch's own IP stack either. */
export function isolatePort(port: Link, membership: Membership): Step[] {
  const commands = [
    ...(port.up ? [["ip", "link", "set", "dev", port.name, "down"]] : []),
    ...(port.master === undefined ? [] : [["ip", "link", "set", "dev", port.name, "nomaster"]]),
  ];
  if (commands.length === 0) return [];
  const detail = membership.kind === "isolated" ? membership.reason : `no ${membership.kind} ports on this switch yet`;
  return [{ change: { step: "port isolated", port: port.name, detail }, commands }];
}

/** Whether a bridge port exchanges frames with other isolated ones: bridge(8). */
export function isolation(device: string, isolated: boolean): string[] {
  return ["bridge", "link", "set", "dev", device, "isolated", isolated ? "on" : "off"];
}

function closedBy(kernel: Kernel, port: Link): string[][] {
  const seen = kernel.filters.get(port.name);
  if (isGuardedBy(CLOSED_PORT, seen)) return [];
  return isGuardedBy(OPEN_PORT, seen) ? [closePort(port.name)] : guardCommands(port.name, CLOSED_PORT);
}
