import { encodeFrame, decodeFrame, type LldpFrame } from "@metal-stack/lldp";
import { describe, expect, it } from "vitest";
import { describeNics } from "../hardware/hardware.ts";
import { announcement, seenEnough, systemDescription } from "./rules-announcement.ts";
import { parseLease } from "./rules-lease.ts";
import { networkCards } from "./rules-links.ts";

const MACHINE = "00000000-0000-0000-0000-0000000000a1";

/** `ip -j link show` in the discovery image, with a card whose address was changed and a macvtap of ours. */
const LINKS = JSON.stringify([
  { ifindex: 1, ifname: "lo", link_type: "loopback", address: "00:00:00:00:00:00" },
  { ifindex: 10, ifname: "eth10", link_type: "ether", address: "52:54:00:12:34:60" },
  { ifindex: 2, ifname: "eth2", link_type: "ether", address: "52:54:00:AA:AA:AA", permaddr: "52:54:00:12:34:57" },
  { ifindex: 5, ifname: "lldp2", link: "eth2", link_type: "ether", address: "fe:00:00:00:00:01" },
]);

const neighbour = (chassis: string, port: string): LldpFrame => ({
  source: chassis,
  destination: "01:80:c2:00:00:0e",
  chassisId: { subtype: "mac", value: chassis },
  portId: { subtype: "local", value: port },
  ttl: 20,
  portDescription: `${port}-description`,
  systemName: `leaf-${chassis.at(-1)}`,
  managementAddresses: [],
  organisational: [],
});

describe("the network cards", () => {
  it("are the physical ones, by number, with the address burnt in", () => {
    expect(networkCards(LINKS, (name) => name.startsWith("eth"))).toEqual([
      { name: "eth2", mac: "52:54:00:12:34:57" },
      { name: "eth10", mac: "52:54:00:12:34:60" },
    ]);
  });

  it("are described with their switch ports, after a synthetic lo", () => {
    const cards = [
      { name: "eth0", mac: "52:54:00:12:34:56" },
      { name: "eth1", mac: "52:54:00:12:34:57" },
    ];
    const seen = [{ card: "eth0", frames: [neighbour("aa:00:00:00:00:01", "Ethernet4")] }];
    expect(describeNics(cards, seen)).toEqual([
      { mac: "00:00:00:00:00:00", name: "lo", neighbors: [] },
      {
        mac: "52:54:00:12:34:56",
        name: "eth0",
        neighbors: [{ mac: "Ethernet4", identifier: "Ethernet4", name: "Ethernet4-description", hostname: "leaf-1" }],
      },
      { mac: "52:54:00:12:34:57", name: "eth1", neighbors: [] },
    ]);
  });
});

describe("a lease", () => {
  it("is what udhcpc's script writes when it is bound or renewed", () => {
    expect(parseLease("lease|bound|eth0|10.255.255.3|24|10.255.255.1|10.255.255.1 1.1.1.1\n")).toEqual({
      interface: "eth0",
      ip: "10.255.255.3",
      prefixLength: 24,
      routers: ["10.255.255.1"],
      dnsServers: ["10.255.255.1", "1.1.1.1"],
    });
    expect(parseLease("lease|renew|eth1|10.0.0.2|16||")).toMatchObject({ ip: "10.0.0.2", routers: [], dnsServers: [] });
  });

  it.each([
    "lease|deconfig|eth0||||",
    "lease|nak|eth0||||",
    "udhcpc: sending discover",
    "lease|bound|eth0|10.0.0.1|99||",
  ])("is not %j", (line) => expect(parseLease(line)).toBeUndefined());
});

describe("LLDP", () => {
  it("tells the switch which machine hangs on which port (reference/partition-services.md 3.9)", () => {
    const since = new Date("2026-11-23T16:00:00Z");
    const description = systemDescription("10.255.255.3", "0.1.0", since);
    const frame = decodeFrame(
      encodeFrame(announcement({ name: "eth0", mac: "52:54:00:12:34:56" }, MACHINE, description, 5)),
    );
    expect(frame).toMatchObject({
      source: "52:54:00:12:34:56",
      chassisId: { subtype: "mac", value: "52:54:00:12:34:56" },
      portId: { subtype: "interface name", value: "eth0" },
      ttl: 10,
      portDescription: "eth0",
      systemName: MACHINE,
      systemDescription:
        "metal-hammer IP:10.255.255.3 version:0.1.0 waiting since 2026-11-23T16:00:00.000Z for installation",
    });
  });

  const leaf1 = neighbour("aa:00:00:00:00:01", "swp1");
  const leaf2 = neighbour("aa:00:00:00:00:02", "swp1");
  it.each([
    ["nothing yet", [], false],
    ["one cable", [{ card: "eth0", frames: [leaf1] }], false],
    [
      "two cables to one switch",
      [
        { card: "eth0", frames: [leaf1] },
        { card: "eth1", frames: [leaf1] },
      ],
      false,
    ],
    [
      "both switches behind one cable",
      [
        { card: "eth0", frames: [leaf1, leaf2] },
        { card: "eth1", frames: [] },
      ],
      false,
    ],
    [
      "two cables to two switches",
      [
        { card: "eth0", frames: [leaf1] },
        { card: "eth1", frames: [leaf2] },
      ],
      true,
    ],
  ])("has seen %s", (_, seen, enough) => expect(seenEnough(seen)).toBe(enough));
});
