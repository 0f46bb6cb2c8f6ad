// Hosts that the lab itself plugs into tenants' networks: ways in, and witnesses of isolation.
import { setTimeout as sleep } from "node:timers/promises";
import { ip, run } from "./commands.ts";

export interface HostPlan {
  /** Becomes a namespace. */
  readonly name: string;
  /** The first leaf unless told otherwise. */
  readonly leaf?: string;
  /** Number of the tenant's VRF. */
  readonly vrf: number;
  /** With prefix length. */
  readonly address: string;
}

const NETWORK_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** Ports of hosts on leaves are numbered, and named so that metal-core does not take them for its own. */
let attached = 0;

export async function attachHost({ name, leaf: wantedLeaf, vrf, address }: HostPlan, firstLeaf: string): Promise<void> {
  const leaf = wantedLeaf ?? firstLeaf;
  const bridge = `br${vrf}`;
  await bridgeExists(leaf, bridge);
  attached += 1;
  const port = `host${attached}`;
  await run(["ip", "netns", "add", name]);
  try {
    await ip(leaf, [
      `link add ${port} mtu 9000 type veth peer name eth0 mtu 9000 netns ${name}`,
      `link set ${port} addrgenmode none`,
      `link set ${port} master ${bridge}`,
      `link set ${port} up`,
    ]);
    await ip(name, ["link set lo up", "link set eth0 up", `addr add ${address} dev eth0`]);
  } catch (error) {
    await detachHost(name);
    throw error;
  }
}

/** The other end of its cable goes with the namespace. */
export async function detachHost(name: string): Promise<void> {
  await run(["ip", "netns", "del", name]);
}

async function bridgeExists(leaf: string, bridge: string): Promise<void> {
  for (const deadline = Date.now() + NETWORK_TIMEOUT_MS; ; await sleep(POLL_MS)) {
    try {
      await run(["ip", "-n", leaf, "link", "show", "dev", bridge, "up"]);
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${leaf} has no network ${bridge}: ${(error as Error).message}`, { cause: error });
    }
  }
}
