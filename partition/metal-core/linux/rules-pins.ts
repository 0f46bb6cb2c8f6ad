// Known NICs stay at the port of their machine: a static, sticky entry of the boot network's bridge is not moved by frames
// that come from elsewhere, so whoever forges a NIC's address never gets an answer.
import type { WantedPort } from "../driver.ts";
import { bootNetwork, type LinuxSettings } from "./rules-networks.ts";
import type { Kernel } from "./rules-kernel.ts";
import type { Step } from "./rules-step.ts";

/** A machine has some NICs, a partition some thousand machines. */
const MAX_PINS = 20_000;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Towards one entry for each NIC; run after all ports and networks are in place. */
export function pinSteps(
  kernel: Kernel,
  wanted: readonly WantedPort[],
  elsewhere: readonly string[],
  settings: LinuxSettings,
): Step[] {
  const { bridge, vxlan } = bootNetwork(settings);
  const inside = (name: string) => kernel.links.get(name)?.master === bridge;
  const here = wanted.flatMap(({ name, macs = [] }) =>
    macs.map((mac) => [mac, inside(name) ? name : undefined] as const),
  );
  const homes = new Map([...elsewhere.map((mac) => [mac, inside(vxlan) ? vxlan : undefined] as const), ...here]);
  const wantedPins = [...homes].filter(([mac]) => MAC.test(mac)).slice(0, MAX_PINS);
  const present = new Map([...kernel.pins].flatMap(([device, macs]) => [...macs].map((mac) => [mac, device] as const)));
  const gone = [...present].filter(([mac, device]) => inside(device) && homes.get(mac) === undefined);
  const add = wantedPins.filter(([mac, device]) => device !== undefined && present.get(mac) !== device);
  return [
    ...gone.map(([mac, device]) =>
      step("NIC let go", device, mac, ["bridge", "fdb", "del", mac, "dev", device, "master"]),
    ),
    ...add.map(([mac, device]) =>
      step("NIC pinned", device!, mac, ["bridge", "fdb", "replace", mac, "dev", device!, "master", "static", "sticky"]),
    ),
  ];
}

function step(name: string, port: string, mac: string, command: readonly string[]): Step {
  return { change: { step: name, port, detail: mac }, commands: [command] };
}
