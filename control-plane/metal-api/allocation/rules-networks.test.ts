// Which networks and addresses an allocation may have (reference/machine-lifecycle.md 3.4.7).
import { describe, expect, it } from "vitest";
import type { IpRow } from "../ips/store.ts";
import type { NetworkRow } from "../networks/store.ts";
import { type Known, planNetworks } from "./rules-networks.ts";

const network = (id: string, more: Partial<NetworkRow> = {}): NetworkRow =>
  ({
    id,
    partition_id: null,
    project_id: null,
    parent_network_id: null,
    shared: false,
    underlay: false,
    private_super: false,
    prefixes: ["10.0.0.0/24"],
    ...more,
  }) as NetworkRow;
const own = { partition_id: "fra", project_id: "p", parent_network_id: "super" };
const NETWORKS = [
  network("private", own),
  network("second", own),
  network("shared", { ...own, shared: true }),
  network("theirs-shared", { ...own, project_id: "q", shared: true }),
  network("theirs", { ...own, project_id: "q" }),
  network("elsewhere", { ...own, partition_id: "muc" }),
  network("internet"),
];
const UNDERLAY = network("underlay", { underlay: true, partition_id: "fra" });
const ip = (address: string, more: Partial<IpRow> = {}): IpRow =>
  ({ ip: address, network_id: "internet", project_id: "p", tags: [], ...more }) as IpRow;
const IPS = [
  ip("1.0.0.1"),
  ip("1.0.0.2", { project_id: "q" }),
  ip("1.0.0.3", { network_id: "private" }),
  ip("1.0.0.4", { project_id: "" }),
];

function plan(
  ids: string,
  {
    role = "machine",
    ips = [],
    autoAcquire = true,
    known = {},
  }: { role?: "machine" | "firewall"; ips?: string[]; autoAcquire?: boolean; known?: Partial<Known> } = {},
) {
  const networks = ids.split(" ").map((networkId) => ({ networkId, autoAcquire }));
  const wanted = { role, projectId: "p", partitionId: "fra", networks, ips };
  const all: Known = {
    networks: NETWORKS,
    superNetworkIds: new Set(["super"]),
    hasSuperNetwork: true,
    underlays: [UNDERLAY],
    ips: IPS,
  };
  return planNetworks(wanted, { ...all, ...known }).map(({ network, attachment }) => `${network.id}:${attachment}`);
}

describe("networks of an allocation", () => {
  it.each([
    ["private internet", "machine", ["private:privateprimaryunshared", "internet:external"]],
    ["shared", "machine", ["shared:privateprimaryshared"]],
    [
      "private shared internet",
      "firewall",
      ["private:privateprimaryunshared", "shared:privatesecondaryshared", "internet:external", "underlay:underlay"],
    ],
    [
      "private theirs-shared",
      "firewall",
      ["private:privateprimaryunshared", "theirs-shared:privatesecondaryshared", "underlay:underlay"],
    ],
  ] as const)("%s of a %s", (ids, role, expected) => expect(plan(ids, { role })).toEqual(expected));

  it.each([
    ["internet", {}, "no private network given"],
    ["private private", {}, "given network ids are not unique"],
    ["private second", {}, "multiple private networks are specified"],
    ["private shared", {}, "machines are not allowed to be placed into multiple private networks"],
    [
      "shared theirs-shared",
      { role: "firewall" as const },
      "not allowed to be placed into multiple private, shared networks",
    ],
    ["theirs", {}, "does not belong to the project"],
    ["theirs-shared", {}, "does not belong to the project"],
    ["elsewhere", {}, "must be located in the partition where the machine is going to be placed"],
    ["nowhere", {}, 'no network with id "nowhere"'],
    ["private", { autoAcquire: false }, "has no auto ip acquisition, but no suitable IPs were provided"],
    [
      "private internet",
      { ips: ["1.0.0.2"] },
      'with project id "q" does not belong to the project of this allocation: p',
    ],
    ["shared", { ips: ["1.0.0.1"] }, "is not in any of the given networks"],
    ["private internet", { ips: ["1.0.0.9"] }, 'no ip with id "1.0.0.9"'],
    [
      "private",
      { role: "firewall" as const, known: { underlays: [] } },
      "no underlay found in the given partition:fra",
    ],
    [
      "private",
      { role: "firewall" as const, known: { underlays: [UNDERLAY, UNDERLAY] } },
      "more than one underlay network in partition fra",
    ],
  ])("%s with %j are refused: %s", (ids, more, message) => expect(() => plan(ids, more)).toThrow(message));

  it("have the addresses that were asked for", () => {
    const wanted = { role: "machine", projectId: "p", partitionId: "fra", ips: ["1.0.0.1", "1.0.0.3"] } as const;
    const networks = ["private", "internet"].map((networkId) => ({ networkId, autoAcquire: true }));
    const all: Known = {
      networks: NETWORKS,
      superNetworkIds: new Set(["super"]),
      hasSuperNetwork: true,
      underlays: [],
      ips: IPS,
    };
    const planned = planNetworks({ ...wanted, networks }, all);
    expect(planned.map(({ acquire, ips }) => [acquire, ips.map((one) => one.ip)])).toEqual([
      [false, ["1.0.0.3"]],
      [false, ["1.0.0.1"]],
    ]);
  });
});
