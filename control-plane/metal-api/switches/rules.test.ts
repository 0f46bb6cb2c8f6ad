import * as fc from "fast-check";
import { covers, formatPrefix, parsePrefix } from "@metal-stack/ipam";
import { describe, expect, it } from "vitest";
import { compact, filterOf } from "./rules-filter.ts";
import { lineOf, translatePortName } from "./rules-port-names.ts";
import { portChanges } from "./rules-ports.ts";
import { type Leaf, wiringOf } from "./rules-wiring.ts";

describe("port names", () => {
  it.each([
    ["swp1", "SONiC", [], "Ethernet0"],
    ["swp2s3", "SONiC", [], "Ethernet7"],
    ["Ethernet0", "Cumulus", [], "swp1"],
    ["Ethernet0", "Cumulus", ["Ethernet0", "Ethernet1"], "swp1s0"],
    ["Ethernet0", "Cumulus", ["Ethernet4"], "swp1"],
    ["Ethernet5", "Cumulus", [], "swp2s1"],
    ["swp1", "Cumulus", [], "swp1"],
    ["eth0", "SONiC", [], undefined],
    ["swp0", "SONiC", [], undefined],
    ["swp-1", "SONiC", [], undefined],
  ] as const)("%s in %s beside %j is %s", (name, to, siblings, wish) =>
    expect(translatePortName(name, to, siblings)).toBe(wish),
  );

  it("keep their line when translated", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999 }),
        fc.array(fc.integer({ min: 0, max: 99_999 })),
        (line, others) => {
          const siblings = others.map((other) => `Ethernet${other}`);
          expect(lineOf(translatePortName(`Ethernet${line}`, "Cumulus", siblings)!)).toEqual({
            naming: "Cumulus",
            line,
          });
        },
      ),
    );
  });
});

/** A leaf with ports swp1 and swp2 whose identifiers are "<leaf> swp1", … */
function leaf(id: string, different: Partial<Leaf> = {}, names = ["swp1", "swp2"]): Leaf {
  const ports = names.map((name) => ({ name, mac: "", identifier: `${id} ${name}`, machineId: null }));
  return { id, name: id, rackId: "r1", ports, ...different };
}

const nic = (...heard: string[]) => ({
  neighbors: heard.map((identifier) => ({ mac: "", identifier, hostname: identifier.split(" ")[0]! })),
});
const RACK = [leaf("leaf01"), leaf("leaf02"), leaf("leaf03", { rackId: "r2" })];

describe("a machine's wiring", () => {
  it("is found at both leaves of its rack", () => {
    expect(wiringOf("m1", [nic("leaf01 swp2"), nic("leaf02 swp2"), nic()], RACK)).toEqual({
      rackId: "r1",
      wires: [
        { switchId: "leaf01", port: "swp2" },
        { switchId: "leaf02", port: "swp2" },
      ],
    });
  });

  it("is found across namings and by MAC", () => {
    const sonic = leaf("leaf02", {
      ports: [{ name: "Ethernet4", mac: "02:00:00:00:00:01", identifier: "", machineId: null }],
    });
    const heard = { neighbors: [{ mac: "02:00:00:00:00:01", identifier: "", hostname: "leaf02.example.com" }] };
    expect(wiringOf("m1", [nic("leaf01 swp2"), heard], [leaf("leaf01"), sonic]).wires).toHaveLength(2);
  });

  it.each([
    [
      "one leaf",
      [nic("leaf01 swp1")],
      "machine m1 is not connected to exactly two switches, found connections to 1 switches",
    ],
    ["nothing", [nic()], "found connections to 0 switches (it heard no LLDP)"],
    ["three leaves", [nic("leaf01 swp1", "leaf02 swp1", "leaf03 swp1")], "found connections to 3 switches"],
    ["twice and once", [nic("leaf01 swp1", "leaf01 swp2"), nic("leaf02 swp1")], "equally often"],
    ["two racks", [nic("leaf01 swp1"), nic("leaf03 swp1")], "different racks"],
    ["crossed ports", [nic("leaf01 swp1"), nic("leaf02 swp2")], "found leaf01 swp1 and leaf02 swp2"],
    [
      "a liar",
      [nic("leaf01 swp1"), { neighbors: [{ mac: "", identifier: "leaf02 swp1", hostname: "leaf01" }] }],
      "1 switches",
    ],
  ])("is refused when it hears %s", (_, nics, text) => expect(() => wiringOf("m1", nics, RACK)).toThrow(text));

  it("is refused when a known leaf is not heard any more", () => {
    const known = leaf("leaf04", { ports: [{ name: "swp1", mac: "", identifier: "x", machineId: "m1" }] });
    expect(() => wiringOf("m1", [nic("leaf01 swp1"), nic("leaf02 swp1")], [...RACK, known])).toThrow(
      "delete the machine",
    );
  });
});

describe("a switch that reports its ports", () => {
  const port = (name: string, identifier = name, mac = "") => ({ name, identifier, mac });
  const known = [
    { ...port("swp1", "a"), machineId: "m1" },
    { ...port("swp2", "b"), machineId: null },
  ];

  it("adds, renames and removes", () => {
    expect(portChanges(known, [port("swp1", "a"), port("swp9", "b"), port("swp3", "c")])).toEqual({
      added: [port("swp3", "c")],
      changed: [{ from: "swp2", to: port("swp9", "b") }],
      removed: [],
    });
    expect(portChanges(known, [port("swp1", "a")]).removed).toEqual(["swp2"]);
  });

  it.each([
    ["duplicates", [port("swp1", "a"), port("swp2", "a")], 400, "duplicate identifier"],
    ["a lost port with a machine", [port("swp2", "b")], 422, 'connected to machine with id "m1"'],
    ["a renamed port with a machine", [port("swp3", "a"), port("swp2", "b")], 422, 'from "swp1" to "swp3"'],
  ])("is refused for %s", (_, reported, status, text) => {
    expect(() => portChanges(known, reported)).toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(text) }),
    );
  });
});

describe("a BGP filter", () => {
  const tenant = { prefixes: ["10.0.0.0/22"], ips: ["10.0.0.1"], vrf: 42, private: true, underlay: false };
  const underlay = { prefixes: ["10.1.0.0/24"], ips: ["10.1.0.3"], vrf: 0, private: false, underlay: true };
  const internet = { prefixes: ["185.0.0.0/28"], ips: ["185.0.0.2"], vrf: 104_009, private: false, underlay: false };

  it("lets a machine announce its network, what its super network allows, and its project's addresses", () => {
    const facts = {
      role: "machine" as const,
      networks: [tenant, internet],
      announcable: ["10.240.0.0/12"],
      projectIps: ["10.0.1.7", "185.0.0.2", "185.0.0.3", "2001:db8::1"],
    };
    expect(filterOf(facts, "vrf42")).toEqual({
      vnis: [],
      cidrs: ["10.0.0.0/22", "10.240.0.0/12", "185.0.0.2/31", "2001:db8::1/128"],
    });
  });

  it("lets a firewall announce its underlay addresses and import its networks, once its port is configured", () => {
    const facts = {
      role: "firewall" as const,
      networks: [tenant, underlay, internet],
      announcable: [],
      projectIps: [],
    };
    expect(filterOf(facts, "default")).toEqual({ vnis: ["104009", "42"], cidrs: ["10.1.0.3/32"] });
    expect(filterOf(facts, "")).toEqual({ vnis: [], cidrs: [] });
  });

  it("is the smallest set of prefixes", () => {
    const prefixes = fc.array(
      fc
        .tuple(fc.nat(255), fc.integer({ min: 24, max: 32 }))
        .map(([host, length]) => parsePrefix(`10.0.0.${host}/${length}`)!),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(prefixes, (input) => {
        const output = compact(input);
        const inside = (set: typeof input, host: number) =>
          set.some((prefix) => covers(prefix, parsePrefix(`10.0.0.${host}/32`)!));
        for (let host = 0; host < 256; host++) expect(inside(output, host)).toBe(inside(input, host));
        expect(compact(output).map(formatPrefix)).toEqual(output.map(formatPrefix));
        expect(output.length).toBeLessThanOrEqual(input.length);
      }),
      { numRuns: 50 },
    );
  });
});
