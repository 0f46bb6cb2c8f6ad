// DHCP, LLDP and whatever else a neighbour on the same link can say.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { ip, run } from "../../fabric/commands.ts";
import { MGMT } from "../../fabric/topology.ts";
import { ADDRESSES } from "../../region/services.ts";
import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import type { Attack } from "./attack.ts";
import { heardIpv6, rogueIpv6 } from "./ipv6.ts";
import { strangerAtHome } from "./stranger.ts";

const FLOOD = 300;
const NEWCOMER = "52:54:00:09:00:01";
const PROVISIONED = "provisioned since 2026-01-01";

/** A machine that was never seen gets an address, sooner or later. */
async function newcomerBoots({ victim }: Stage): Promise<string> {
  const { address } = await until("a newcomer gets an address", async () => {
    const lease = await victim.station.do("dhcpBoot", { mac: NEWCOMER, uuid: randomUUID(), tries: 1 });
    assert.ok(lease, "none is free");
    return lease;
  });
  return address;
}

export const LINK: readonly Attack[] = [
  {
    attack: "floods DHCP with MACs",
    tried: `${FLOOD} clients that take an address each, more than there are`,
    holds: "a new machine has an address again within the trial time; the victim keeps its own",
    run: async (stage) => {
      const given = await stage.stranger.do("dhcpFlood", { count: FLOOD, macs: "02:66:00:00" });
      assert.ok(given > 0, "the flood gets addresses");
      await newcomerBoots(stage);
    },
  },
  {
    attack: "sends what is no DHCP",
    tried: "500 datagrams: noise, cut and endless options, wrong lengths, packets of 60 kB",
    holds: "the boot server goes on",
    run: async ({ stranger }) => {
      const magic = Buffer.concat([Buffer.alloc(236, 1), Buffer.from("63825363", "hex")]);
      const payloads = Array.from({ length: 490 }, (_, n) =>
        Buffer.concat([n % 2 ? magic : Buffer.alloc(0), randomBytes((n * 7) % 1_200)]).toString("base64"),
      );
      const large = Array.from({ length: 10 }, () => Buffer.alloc(60_000, 99).toString("base64"));
      await stranger.do("dhcpNoise", { payloads: [...payloads, ...large] });
    },
  },
  {
    attack: "gives another machine's address back",
    tried: "RELEASE and DECLINE with the victim's MAC and address",
    holds: "the victim keeps its address, and nobody else gets it",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage);
      const before = victim.address;
      for (const type of ["RELEASE", "DECLINE"] as const)
        await stranger.do("dhcpSend", { type, mac: victim.mac, requested: before, server: ADDRESSES.boot });
      const other = await stranger.do("dhcpBoot", { mac: "02:55:00:00:00:01", uuid: randomUUID() });
      assert.notEqual(other?.address, before);
      await victim.boot();
      assert.equal(victim.address, before);
    },
  },
  {
    attack: "plays DHCP server",
    tried: "offers of its own to everybody, from ports on both leaves",
    holds: "no server hears another server in the boot network: the leaves isolate their ports",
    run: async ({ stranger, victim }) => {
      const [, servers] = await Promise.all([
        stranger.do("dhcpServe", { forMs: 1_500, address: "10.255.0.66" }),
        victim.station.do("dhcpServersHeard", { mac: victim.mac, forMs: 1_500 }),
      ]);
      assert.deepEqual(servers, [ADDRESSES.boot]);
    },
  },
  {
    attack: "plays IPv6 router and DHCPv6 server",
    tried: "router advertisements and DHCPv6 answers to all nodes, for seconds",
    holds: "the boot server's port hears them, no server does: the leaves isolate their ports",
    run: async ({ stranger, victim }) => {
      const rogue = rogueIpv6(stranger.name);
      try {
        // Both listen all the while; the boot server's ear proves that something was said.
        await until("the stranger is heard where nobody is isolated", async () =>
          assert.match(await heardIpv6(MGMT.namespace), /rogue/),
        );
        assert.equal(await heardIpv6(victim.station.name), "");
        const routes = await run(["ip", "-6", "-n", victim.station.name, "route"]);
        assert.ok(!routes.includes("2001:db8") && !routes.includes("default"), routes);
      } finally {
        await rogue.stop();
      }
    },
  },
  {
    attack: "plays boot server by ARP",
    tried: "the boot server's own address on the stranger's NIC, announced to everybody",
    holds: "the victim still reaches the real one, and no frame of the stranger arrives at the victim",
    run: async (stage) => {
      const { stranger, victim, bootServer } = stage;
      await strangerAtHome(stage);
      try {
        await ip(stranger.name, [`addr add ${ADDRESSES.boot}/24 dev eth0`]);
        const shout = ["arping", "-q", "-A", "-c", "3", "-w", "1", "-I", "eth0", ADDRESSES.boot];
        await run(["ip", "netns", "exec", stranger.name, ...shout]);
        await ip(victim.station.name, ["neigh flush dev eth0"]);
        const answer = await victim.station.do("http", { ...bootServer, path: "/files/kernel" });
        assert.equal(answer.body, "a kernel");
        const neighbours = await run(["ip", "-n", victim.station.name, "neigh", "show", ADDRESSES.boot]);
        assert.ok(!neighbours.includes(stranger.macs[0]), neighbours);
      } finally {
        await ip(stranger.name, [`addr del ${ADDRESSES.boot}/24 dev eth0`]);
      }
    },
  },
  {
    attack: "talks to another machine directly",
    tried: "TCP from the stranger to the victim's address, on the same leaf and across leaves",
    holds: "no answer: in the boot network servers reach the boot server and nobody else",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage);
      // A closed port would answer with a reset.
      const ping = run(["ip", "netns", "exec", stranger.name, "ping", "-c1", "-W1", victim.address]);
      await assert.rejects(ping);
      await ip(stranger.name, ["addr add 10.255.0.250/24 dev eth1"]);
      const across = run(["ip", "netns", "exec", stranger.name, "ping", "-c1", "-W1", "-I", "eth1", victim.address]);
      await assert.rejects(across);
      await ip(stranger.name, ["addr flush dev eth1"]);
    },
  },
  {
    attack: "phones home for another machine",
    tried: "LLDP on both leaves in the name of the tenant's machine and of the victim, as an installed system speaks",
    holds: "not passed on: metal-core takes it only from the port of that machine",
    run: async ({ stranger, tenant, victim, api }) => {
      for (const { uuid } of [tenant, victim])
        await stranger.do("lldpSay", {
          frames: stranger.macs.map((mac, n) => ({
            card: `eth${n}`,
            mac,
            systemName: uuid,
            systemDescription: PROVISIONED,
          })),
        });
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      for (const { uuid } of [tenant, victim]) {
        const machine = await api.get<{ events: { log: { event: string }[] } }>(`/v1/machine/${uuid}`);
        assert.ok(!machine.events.log.some(({ event }) => event === "Phoned Home"));
      }
    },
  },
  {
    attack: "floods LLDP",
    tried: "400 machines that phone home at the stranger's ports, with long descriptions",
    holds: "at most two a port are remembered, none is taken; metal-core goes on",
    run: async (stage) => {
      const frames = Array.from({ length: 200 }, () => randomUUID()).flatMap((systemName) =>
        stage.stranger.macs.map((mac, n) => ({
          card: `eth${n}`,
          mac,
          systemName,
          systemDescription: `${PROVISIONED} ${"x".repeat(200)}`,
        })),
      );
      await stage.stranger.do("lldpSay", { frames });
      const switches = await stage.api.get<{ last_sync?: unknown }[]>("/v1/switch");
      assert.equal(switches.length, 2);
    },
  },
];
