// Two leaves of the Linux kernel with servers plugged in, all in network namespaces of this test's own:
// h11, h12, h13 at swp1…3 of leaf01, h21, h22 at swp1…2 of leaf02; host hXY has 10.9.0.XY in whatever network it is.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Membership, WantedPort } from "../driver.ts";
import { LinuxDriver } from "./linux-driver.ts";
import { canMakeNamespaces, Namespaces } from "./namespaces.ts";

const able = canMakeNamespaces();
if (!able) console.warn("SKIPPED: the linux driver needs network namespaces");

const HOSTS = { h11: "leaf01", h12: "leaf01", h13: "leaf01", h21: "leaf02", h22: "leaf02" } as const;
const VTEPS = ["10.1.0.1", "10.1.0.2"];

const WORLD = `
  ip link add spine type bridge && ip link set spine mtu 9216 up
  for n in 1 2; do
    leaf=leaf0$n; ip netns add $leaf; ip -n $leaf link set lo up
    ip link add $leaf mtu 9216 type veth peer name uplink netns $leaf
    ip link set $leaf master spine up; ip -n $leaf link set uplink up
    ip -n $leaf addr add 10.1.0.$n/32 dev lo; ip -n $leaf addr add 10.0.0.$n/24 dev uplink
    ip -n $leaf route add 10.1.0.$((3-n)) via 10.0.0.$((3-n)) src 10.1.0.$n
  done
  for host in ${Object.keys(HOSTS).join(" ")}; do
    number=\${host#h}; ip netns add $host
    ip link add eth0 mtu 9000 address 02:00:00:00:00:$number netns $host type veth peer name swp\${number#?} netns leaf0\${number%?}
    ip netns exec $host sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
    # Usable at once: duplicate address detection would take as long as the test.
    ip netns exec $host sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.eth0.accept_dad=0
    # The second tenant and the booting server say nothing of their own accord: what they hear is foreign.
    case $host in h?[23]) ip netns exec $host sysctl -qw net.ipv6.conf.all.disable_ipv6=1;; esac
    ip -n $host addr add 10.9.0.$number/24 brd + dev eth0; ip -n $host link set lo up; ip -n $host link set eth0 up
  done`;

let world: Namespaces;
const drivers: LinuxDriver[] = [];

function driver(leaf: number): LinuxDriver {
  const created = new LinuxDriver(
    {
      ports: "swp*",
      uplinks: ["uplink"],
      bootPorts: [],
      bootVni: 104_000,
      vtep: VTEPS[leaf - 1]!,
      vtepPeers: VTEPS,
    },
    { inside: world.inside(`leaf0${leaf}`) },
  );
  drivers.push(created);
  return created;
}

const boot: Membership = { kind: "boot" };
const tenant = (vrf: number): Membership => ({ kind: "tenant", vrf, cidrs: [] });
const isolated: Membership = { kind: "isolated", reason: "admin status DOWN" };
const ports = (...memberships: Membership[]): WantedPort[] =>
  memberships.map((membership, index) => ({ name: `swp${index + 1}`, membership }));

/** 104001 is the first tenant (h11, h21), 104002 the second (h12, h22); h13 boots. */
const LEAF01 = ports(tenant(104_001), tenant(104_002), boot);
const LEAF02 = ports(tenant(104_001), tenant(104_002));

/** Asks again and again: after a link was down the kernel takes a second to believe that it is up. */
const reaches = (from: string, to: string) =>
  world.succeeds(from, `for try in 1 2 3 4 5 6; do ping -c 1 -W 1 ${to} && exit; done; exit 1`);
/** Asks once. */
const triesToReach = (from: string, to: string) => world.succeeds(from, `ping -c 1 -W 0.5 ${to}`);
/** Frames that a host has received since its network card exists. */
const received = async (host: string) =>
  Number(await world.shell(host, "cat /sys/class/net/eth0/statistics/rx_packets"));

describe.skipIf(!able)("two leaves", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    world = await Namespaces.create(WORLD);
  });
  afterAll(async () => {
    await Promise.all(drivers.map((each) => each.close()));
    await world?.close();
  });

  it("know their ports, and the state of their links", async () => {
    const leaf01 = driver(1);
    expect((await leaf01.ports()).map(({ name, identifier }) => [name, identifier])).toEqual([
      ["swp1", "swp1"],
      ["swp2", "swp2"],
      ["swp3", "swp3"],
    ]);
    expect(Object.fromEntries(await leaf01.portStates(["swp9"]))).toEqual({
      swp1: "DOWN",
      swp2: "DOWN",
      swp3: "DOWN",
      swp9: "UNKNOWN",
    });
  });

  it("carry a tenant's unicast, broadcast and IPv6 multicast from leaf to leaf", async () => {
    const applied = await driver(1).apply(LEAF01);
    expect(applied.problems).toEqual([]);
    expect(applied.changes).toContainEqual({ step: "port moved", port: "swp1", vrf: "vrf104001" });
    expect(applied.changes).toContainEqual({ step: "port moved", port: "swp3", vrf: "" });
    expect((await driver(2).apply(LEAF02)).problems).toEqual([]);
    expect(await driver(1).portStates([])).toEqual(new Map(["swp1", "swp2", "swp3"].map((name) => [name, "UP"])));

    expect(await reaches("h11", "10.9.0.21")).toBe(true);
    expect(await reaches("h11", "-s 8900 -M do 10.9.0.21")).toBe(true);
    expect(await world.shell("h11", "ping -b -c 2 -W 1 10.9.0.255 2>/dev/null || true")).toContain("from 10.9.0.21");
    const linkLocal = (await world.shell("h21", "ip -o addr show dev eth0 scope link")).match(/fe80[0-9a-f:]+/)![0];
    expect(await world.shell("h11", "ping -c 5 -i 0.3 -W 1 ff02::1%eth0 || true")).toContain(`from ${linkLocal}`);
  });

  it("keep two tenants and the boot network apart", async () => {
    expect(await triesToReach("h11", "10.9.0.12")).toBe(false);
    expect(await triesToReach("h11", "10.9.0.22")).toBe(false);
    expect(await triesToReach("h21", "10.9.0.13")).toBe(false);
    await world.shell("h11", "ping -b -c 2 -i 0.2 -W 1 10.9.0.255 2>/dev/null || true");
    await world.shell("h11", "ping -c 2 -i 0.2 -W 1 ff02::1%eth0 || true");
    expect(await Promise.all(["h12", "h22", "h13"].map(received))).toEqual([0, 0, 0]);
  });

  it("let no server reach the switch, nor slip frames into a foreign VNI through it", async () => {
    // A VXLAN packet for the other tenant (RFC 7348 §5: flags, VNI 0x019642), with a broadcast frame of an experimental type inside.
    const header = String.raw`\010\0\0\0\001\226\102\0`;
    const frame = String.raw`\377\377\377\377\377\377\002\0\0\0\0\001\210\265${"A".repeat(46)}`;
    const destinations = ["255.255.255.255", "224.0.0.1", VTEPS[0]!];
    for (const destination of destinations) await world.shell("h11", `ip route add ${destination} dev eth0`);
    const send = async (destination: string) =>
      world.shell(
        "h11",
        `printf '${header}${frame}' | socat -u - UDP4-DATAGRAM:${destination}:4789,broadcast,bind=10.9.0.11`,
      );
    const slippedThrough = async () => {
      const before = await received("h12");
      await world.shell("h11", "ip neigh flush dev eth0");
      for (const destination of destinations) await send(destination);
      // A bridge does not forward this group address but hands the frame to the host, on the port itself.
      await world.shell("h11", `ip neigh replace ${VTEPS[0]} lladdr 01:80:c2:00:00:0e dev eth0`);
      await send(VTEPS[0]!);
      await sleep(200);
      return (await received("h12")) - before;
    };

    await world.shell("leaf01", "tc qdisc del dev br104001 clsact; tc qdisc del dev swp1 clsact");
    expect(await slippedThrough()).toBe(4); // the danger is real
    await driver(1).apply(LEAF01);
    expect(await slippedThrough()).toBe(0);
    expect(await triesToReach("h11", VTEPS[0]!)).toBe(false);
  });

  it("move a port back and forth, and forget where its machine was", async () => {
    const leaf01 = driver(1);
    expect(await reaches("h11", "10.9.0.21")).toBe(true);
    const learned = () => world.shell("leaf01", "bridge fdb show br br104001");
    expect(await learned()).toContain("02:00:00:00:00:11");

    const moved = await leaf01.apply(ports(tenant(104_002), tenant(104_002), boot));
    expect(moved.changes.map((change) => [change.step, change.port ?? change.vrf])).toEqual([
      ["port unplugged", "swp1"],
      ["network removed", "vrf104001"],
      ["port moved", "swp1"],
    ]);
    expect(await triesToReach("h11", "10.9.0.21")).toBe(false);
    expect(await reaches("h11", "10.9.0.12")).toBe(true);

    await leaf01.apply(LEAF01);
    expect(await learned()).not.toContain("02:00:00:00:00:12");
    expect(await triesToReach("h11", "10.9.0.12")).toBe(false);
    expect(await reaches("h11", "10.9.0.21")).toBe(true);
  });

  it("forget a moved machine also when its network stays", async () => {
    const leaf01 = driver(1);
    await leaf01.apply(ports(tenant(104_001), tenant(104_001), boot));
    expect(await reaches("h11", "10.9.0.12")).toBe(true);
    await leaf01.apply(LEAF01);
    expect(await world.shell("leaf01", "bridge fdb show br br104001")).not.toContain("02:00:00:00:00:12");
  });

  it("isolate a port", async () => {
    const leaf01 = driver(1);
    await leaf01.apply(ports(isolated, tenant(104_002), boot));
    expect(await triesToReach("h11", "10.9.0.21")).toBe(false);
    expect((await leaf01.portStates([])).get("swp1")).toBe("DOWN");
    const firewall = await leaf01.apply(ports({ kind: "firewall", vnis: [], cidrs: [] }, tenant(104_002), boot));
    expect(firewall.problems).toEqual(["swp1 is isolated: the linux driver has no firewall ports"]);
    await leaf01.apply(LEAF01);
    expect(await reaches("h11", "10.9.0.21")).toBe(true);
  });

  it("change nothing after a restart", async () => {
    expect(await driver(1).apply(LEAF01)).toEqual({ changes: [], problems: [] });
  });

  it.each([
    "ip link set swp1 nomaster",
    "ip link set swp1 master br104002",
    "ip link set swp1 down",
    "ip link set swp1 mtu 1500",
    "ip link del vni104001",
    "ip link del br104001",
    "ip link set br104001 down",
    "ip addr add 10.9.0.1/24 dev br104001",
    "ip addr add 10.9.0.1/24 dev swp1",
    "ip link set br104001 addrgenmode eui64",
    "ip link set br104001 type bridge mcast_snooping 1",
    "ip link del vni104001; ip link add vni104001 type vxlan id 7 dstport 4789 local 10.1.0.1",
    "bridge fdb del 00:00:00:00:00:00 dev vni104001 dst 10.1.0.2",
    "bridge fdb append 00:00:00:00:00:00 dev vni104001 dst 10.1.0.77",
    "tc qdisc del dev br104001 clsact",
    "tc filter del dev swp1 ingress",
    "ip link add br104009 type bridge",
    "ip link del discard",
    "ip link set uplink mtu 1500",
  ])("repair %s", async (damage) => {
    const leaf01 = driver(1);
    await world.shell("leaf01", damage);
    const repaired = await leaf01.apply(LEAF01);
    expect(repaired.problems).toEqual([]);
    expect(repaired.changes).not.toEqual([]);
    expect(await leaf01.apply(LEAF01)).toEqual({ changes: [], problems: [] });
  });

  it("still carry what they carried, after all repairs", async () => {
    expect(await reaches("h11", "10.9.0.21")).toBe(true);
    expect(await triesToReach("h11", "10.9.0.22")).toBe(false);
    expect(await reaches("h12", "10.9.0.22")).toBe(true);
  });

  it("tell soon when somebody changes a link", async () => {
    const leaf02 = driver(2);
    const changed = new Promise<void>((resolve) => leaf02.onChange(resolve));
    const touch = setInterval(() => void world.shell("leaf02", "ip link set swp2 down; ip link set swp2 up"), 200);
    await changed;
    clearInterval(touch);
    await leaf02.close();
  });

  it("leave a port without network when that network cannot be made, and do the rest", async () => {
    const leaf02 = driver(2);
    await world.shell("leaf02", "ip link add br104005 type veth peer name other");
    const applied = await leaf02.apply(ports(tenant(104_005), tenant(104_001)));
    expect(applied.problems).toHaveLength(1);
    expect(applied.problems[0]).toContain("vrf104005");
    expect(await world.shell("leaf02", "ip link show swp1")).not.toContain("master");
    expect(await reaches("h11", "10.9.0.22")).toBe(true);
    await world.shell("leaf02", "ip link del br104005");
    expect((await leaf02.apply(ports(tenant(104_005), tenant(104_001)))).problems).toEqual([]);
  });
});
