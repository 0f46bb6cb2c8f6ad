// Builds a partition's wiring in the network namespace we run in, which must be a private one: `unshare --net --mount`,
// as an ordinary user with `--user --map-root-user` (then /dev/net/tun must be writable for everybody, as it usually is).
import { existsSync } from "node:fs";
import { inside, ip, run, sysctl } from "./commands.ts";
import { attachHost, detachHost, type HostPlan } from "./hosts.ts";
import {
  ADDRESSES,
  BMC_BRIDGE,
  BOOT_PORT,
  leafAddresses,
  MGMT,
  OOB_BRIDGE,
  SPINE,
  UPLINK,
  type NicPlan,
  type Topology,
} from "./topology.ts";

/** Jumbo frames for servers; in the underlay room for the VXLAN header around them. */
export const SERVER_MTU = 9000;
const UNDERLAY_MTU = 9216;
/** Link-local group addresses that a cable passes on, LLDP's among them; 00 to 02 cannot be (linux/net/bridge). */
const CABLE_FORWARDS = 0xfff8;
/** A cable's parts add two characters to the name of its tap; an interface's name has 15 at most. */
const LONGEST_TAP_NAME = 13;

export interface Fabric {
  /** With what metal-core must know of its leaf, as environment variables. */
  readonly leaves: readonly { readonly id: string; readonly env: Readonly<Record<string, string>> }[];
  /** The management server's interface in the boot network. */
  readonly bootInterface: string;
  /**
   * Plugs a host into a tenant's network at a leaf, beside metal-core: a namespace of that name with `eth0`. Waits until
   * metal-core has made the network there. The leaf keeps the network for as long as the host is attached.
   * @throws Error when there is no such network within 30 s
   */
  attachHost(host: HostPlan): Promise<void>;
  detachHost(name: string): Promise<void>;
  /** Removes everything. */
  destroy(): Promise<void>;
}

/** @throws Error when this is no private namespace, a name is too long, or a cable ends at an unknown leaf */
export async function createFabric(topology: Topology): Promise<Fabric> {
  await checkPrivate();
  const nics = topology.servers.flatMap((server) => server.nics);
  checkNames(topology, nics);
  await makeRoomForNamespaces();
  const namespaces = [SPINE, MGMT.namespace, ...topology.leaves.map((leaf) => leaf.id)];
  // What is only a cable or a switch port shall not speak IPv6 of its own accord.
  await sysctl(undefined, { "net.ipv6.conf.default.disable_ipv6": 1 });
  await ip(
    undefined,
    namespaces.map((name) => `netns add ${name}`),
  );
  await bridgedTrafficIsNoIpTraffic([undefined, ...namespaces]);
  await makeSpine();
  await makeManagement(topology);
  for (const [index, { id }] of topology.leaves.entries()) await makeLeaf(id, index + 1, topology.leaves.length);
  for (const nic of nics) await makeCable(nic);
  const [first] = topology.leaves;
  if (first) await makeBootPort(first.id);

  const peers = topology.leaves.map((_, index) => leafAddresses(index + 1).vtep).join(",");
  return {
    leaves: topology.leaves.map(({ id }, index) => ({
      id,
      env: {
        METAL_CORE_SPINE_UPLINKS: UPLINK,
        METAL_CORE_BOOT_PORTS: index === 0 ? BOOT_PORT : "",
        METAL_CORE_VTEP_ADDRESS: leafAddresses(index + 1).vtep,
        METAL_CORE_VTEP_PEERS: peers,
      },
    })),
    bootInterface: MGMT.boot,
    attachHost: (host) => attachHost(host, first?.id ?? "leaf01"),
    detachHost,
    destroy: () => destroy(topology),
  };
}

/** A fresh namespace has loopback only, and perhaps the kernel's tunnel templates, which are down. */
async function checkPrivate(): Promise<void> {
  const links = JSON.parse(await run(["ip", "-j", "link", "show", "up"])) as { ifname?: string; link_type?: string }[];
  const foreign = links.find((link) => link.ifname !== undefined && link.link_type !== "loopback");
  if (foreign)
    throw new Error(`not a private network namespace: ${foreign.ifname} is here (use unshare --net --mount)`);
}

function checkNames(topology: Topology, nics: readonly NicPlan[]): void {
  for (const { tap, leaf } of nics) {
    if (tap.length > LONGEST_TAP_NAME) throw new Error(`the tap name "${tap}" is longer than ${LONGEST_TAP_NAME}`);
    if (!topology.leaves.some(({ id }) => id === leaf)) throw new Error(`${tap} ends at ${leaf}, which does not exist`);
  }
}

/** `ip netns` keeps its names in /run/netns: ours get a folder that only this mount namespace sees. */
async function makeRoomForNamespaces(): Promise<void> {
  if (existsSync("/run/netns")) return void (await run(["mount", "-t", "tmpfs", "none", "/run/netns"]));
  await run(["mount", "-t", "tmpfs", "none", "/run"]);
  await run(["mkdir", "/run/netns"]);
}

/** Where the kernel has br_netfilter, it would pass bridged packets through its IP rules and drop what it dislikes. */
async function bridgedTrafficIsNoIpTraffic(namespaces: readonly (string | undefined)[]): Promise<void> {
  const script = 'for file in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$file" ] || echo 0 > "$file"; done';
  for (const namespace of namespaces) await run([...inside(namespace), "sh", "-c", script]);
}

async function makeSpine(): Promise<void> {
  await sysctl(SPINE, { "net.ipv6.conf.default.disable_ipv6": 1 });
  await ip(SPINE, [`link add fabric mtu ${UNDERLAY_MTU} type bridge stp_state 0`, "link set fabric up"]);
}

async function makeManagement(topology: Topology): Promise<void> {
  const bmcs = topology.servers.flatMap((server) => server.bmcAddress ?? []);
  await ip(undefined, [
    "link set lo up",
    `link add ${OOB_BRIDGE} type bridge stp_state 0 forward_delay 0`,
    `link add ${BMC_BRIDGE} type bridge stp_state 0 forward_delay 0`,
    `link add m-${OOB_BRIDGE} master ${OOB_BRIDGE} type veth peer name ${MGMT.uplink} netns ${MGMT.namespace}`,
    `link add m-${BMC_BRIDGE} master ${BMC_BRIDGE} type veth peer name ${MGMT.bmc} netns ${MGMT.namespace}`,
    ...[OOB_BRIDGE, BMC_BRIDGE, `m-${OOB_BRIDGE}`, `m-${BMC_BRIDGE}`].map((name) => `link set ${name} up`),
    `addr add ${ADDRESSES.control}/24 dev ${OOB_BRIDGE}`,
    ...bmcs.map((address) => `addr add ${address}/24 dev ${BMC_BRIDGE}`),
    `route add ${ADDRESSES.bootNetwork} via ${ADDRESSES.mgmtUplink}`,
  ]);
  await ip(MGMT.namespace, [
    "link set lo up",
    `link set ${MGMT.uplink} up`,
    `link set ${MGMT.bmc} up`,
    `addr add ${ADDRESSES.mgmtUplink}/24 dev ${MGMT.uplink}`,
    `addr add ${ADDRESSES.mgmtBmc}/24 dev ${MGMT.bmc}`,
  ]);
  // Servers in discovery reach the control plane through here; radvd insists on IPv6 forwarding.
  await sysctl(MGMT.namespace, { "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 });
}

async function makeLeaf(id: string, number: number, count: number): Promise<void> {
  const { management, underlay, vtep } = leafAddresses(number);
  const others = Array.from({ length: count }, (_, index) => index + 1).filter((other) => other !== number);
  await sysctl(id, { "net.ipv6.conf.default.disable_ipv6": 1 });
  await ip(SPINE, [
    `link add ${id} mtu ${UNDERLAY_MTU} type veth peer name ${UPLINK} mtu ${UNDERLAY_MTU} netns ${id}`,
    `link set ${id} master fabric`,
    `link set ${id} up`,
  ]);
  await ip(undefined, [
    `link add e-${id} master ${OOB_BRIDGE} type veth peer name eth0 netns ${id}`,
    `link set e-${id} up`,
  ]);
  await ip(id, [
    "link set lo up",
    `link set ${UPLINK} up`,
    "link set eth0 up",
    `addr add ${management}/24 dev eth0`,
    `addr add ${vtep}/32 dev lo`,
    `addr add ${underlay}/24 dev ${UPLINK}`,
    ...others.map(leafAddresses).map((other) => `route add ${other.vtep}/32 via ${other.underlay} src ${vtep}`),
  ]);
}

/** A bridge with two ends that learns nothing and keeps nothing back. */
async function makeCable({ leaf, port, tap }: NicPlan): Promise<void> {
  const [bridge, end] = [`c-${tap}`, `v-${tap}`];
  const options = `stp_state 0 forward_delay 0 ageing_time 0 mcast_snooping 0 group_fwd_mask ${CABLE_FORWARDS}`;
  await ip(undefined, [
    `link add ${bridge} type bridge ${options}`,
    `tuntap add dev ${tap} mode tap`,
    `link set ${tap} mtu ${SERVER_MTU} master ${bridge}`,
    `link add ${end} mtu ${SERVER_MTU} master ${bridge} type veth peer name ${port} mtu ${SERVER_MTU} netns ${leaf}`,
    ...[bridge, tap, end].map((name) => `link set ${name} up`),
  ]);
}

async function makeBootPort(leaf: string): Promise<void> {
  await ip(MGMT.namespace, [
    `link add ${MGMT.boot} mtu ${SERVER_MTU} type veth peer name ${BOOT_PORT} mtu ${SERVER_MTU} netns ${leaf}`,
    `link set ${MGMT.boot} up`,
    `addr add ${ADDRESSES.mgmtBoot}/24 dev ${MGMT.boot}`,
    // Where answers to clients without an address go: Node cannot bind a socket to an interface.
    `route add 255.255.255.255 dev ${MGMT.boot}`,
  ]);
}

async function destroy(topology: Topology): Promise<void> {
  const taps = topology.servers.flatMap((server) => server.nics.map((nic) => nic.tap));
  const namespaces = (await run(["ip", "netns", "list"])).split("\n").map((line) => line.split(" ")[0]!);
  for (const name of namespaces.filter(Boolean)) await run(["ip", "netns", "del", name]);
  for (const name of [OOB_BRIDGE, BMC_BRIDGE, ...taps, ...taps.map((tap) => `c-${tap}`)]) {
    await run(["ip", "link", "del", name]);
  }
}
