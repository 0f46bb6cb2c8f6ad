// Every key of the search: it finds the machine that has the value, and no other, and none when one of its values is wrong.
import { MachineFindRequest, type MachineIPMIResponse, type MachineResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import type { Fru, Ipmi } from "../database/documents.ts";
import { buildFleet, type Fleet, INTERNET, PARTITION, PROJECT, SIZE, waitingMachine } from "../testing/fleet.ts";
import { createWorld, type World } from "../testing/world.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";
import { machineRoutes } from "./routes.ts";

const RACK = "rack-2";
const HARDWARE = {
  memory: 4711,
  cpus: [],
  gpus: [],
  disks: [
    { name: "/dev/nvme0n1", size: 12345 },
    { name: "/dev/nvme1n1", size: 54321 },
  ],
  nics: [
    {
      mac: "aa:00",
      name: "eth7",
      identifier: "eth7",
      vrf: "vrf7",
      neighbors: [{ mac: "bb:00", name: "Ethernet7", identifier: "bb:00", hostname: "leaf", vrf: "vrf8" }],
    },
    { mac: "aa:01", name: "eth8", identifier: "eth8", neighbors: [] },
  ],
};
const FRU: Required<Fru> = {
  chassis_part_number: "cpn",
  chassis_part_serial: "cps",
  board_mfg: "bm",
  board_mfg_serial: "bms",
  board_part_number: "bpn",
  product_manufacturer: "pm",
  product_part_number: "ppn",
  product_serial: "ps",
};
const IPMI: Ipmi = {
  address: "192.0.2.77:623",
  mac: "02:00:00:00:00:77",
  user: "needle",
  interface: "lan",
  fru: FRU,
  bmcversion: "1",
  powerstate: "ON",
};

let world: World;
let fleet: Fleet;
let needle: MachineResponse;

/** One like the needle in nothing, one that is allocated, one that nobody has. */
beforeAll(async () => {
  world = await createWorld([machineRoutes, machineBmcRoutes, allocationRoutes]);
  const { db } = world.context;
  fleet = await buildFleet(db, { machines: 1, racks: 2 });
  await db.insertInto("machines").values({ id: "9b000000-0000-4000-8000-000000000001" }).execute();
  const allocate = (uuid: string, more: object) =>
    world.call<MachineResponse>("edit", "POST", "/v1/machine/allocate", {
      uuid,
      projectid: PROJECT,
      imageid: "debian-12.0",
      networks: [{ networkid: fleet.network.id }],
      ...more,
    });
  await allocate(await waitingMachine(db), { name: "hay", hostname: "hay" });
  const id = await waitingMachine(db, { rack: RACK, ipmi: json(IPMI) });
  await db.updateTable("machines").set({ name: "base name" }).where("id", "=", id).execute();
  const networks = [{ networkid: fleet.network.id }, { networkid: INTERNET }];
  await allocate(id, { name: "needle", hostname: "needles", tags: ["sharp", "thin=yes"], networks });
  await db
    .updateTable("machines")
    .set({ state_value: "TAINTED", hardware: json(HARDWARE) })
    .where("id", "=", id)
    .execute();
  needle = (await world.call<MachineResponse>("view", "GET", `/v1/machine/${id}`)).body;
});
afterAll(() => world.close());

const find = async (query: object) =>
  (await world.call<MachineResponse[]>("view", "POST", "/v1/machine/find", query)).body.map(({ id }) => id);
const internet = () => needle.allocation!.networks.find(({ networkid }) => networkid === INTERNET)!;

/** Key → values of which each alone finds the needle; a list is asked for with all of them, too. */
const ONLY_THE_NEEDLE: Readonly<Record<string, () => readonly (string | number)[]>> = {
  id: () => [needle.id],
  name: () => ["base name"],
  rackid: () => [RACK],
  tags: () => ["sharp", "thin=yes", `machine.metal-stack.io/rack=${RACK}`],
  allocation_name: () => ["needle"],
  allocation_hostname: () => ["needles"],
  network_ids: () => [INTERNET],
  network_prefixes: () => ["203.0.113.0/24"],
  network_ips: () => internet().ips,
  network_destination_prefixes: () => ["0.0.0.0/0"],
  network_vrfs: () => [104009],
  network_asns: () => [internet().asn],
  hardware_memory: () => [4711],
  nics_mac_addresses: () => ["aa:00", "aa:01"],
  nics_names: () => ["eth7", "eth8"],
  nics_vrfs: () => ["vrf7"],
  nics_neighbor_mac_addresses: () => ["bb:00"],
  nics_neighbor_names: () => ["Ethernet7"],
  nics_neighbor_vrfs: () => ["vrf8"],
  disk_names: () => ["/dev/nvme0n1", "/dev/nvme1n1"],
  disk_sizes: () => [12345, 54321],
  state_value: () => ["RESERVED", "TAINTED"],
  ipmi_address: () => [IPMI.address],
  ipmi_mac_address: () => [IPMI.mac],
  ipmi_user: () => [IPMI.user],
  ipmi_interface: () => [IPMI.interface],
  ...Object.fromEntries(Object.entries(FRU).map(([key, value]) => [`fru_${key}`, () => [value]])),
};
/** Others have these, too. */
const ALSO_THE_NEEDLE: Readonly<Record<string, string | boolean>> = {
  partition_id: PARTITION,
  sizeid: SIZE,
  allocation_project: PROJECT,
  allocation_image_id: "debian-12.0.20261101",
  allocation_role: "machine",
  allocation_succeeded: false,
};

const isList = (key: string) =>
  (MachineFindRequest.properties as Record<string, { type?: string }>)[key]?.type === "array";

it("has these keys", () => {
  const tested = [...Object.keys(ONLY_THE_NEEDLE), ...Object.keys(ALSO_THE_NEEDLE)];
  expect(tested.toSorted()).toEqual(Object.keys(MachineFindRequest.properties).toSorted());
});

test.each(Object.keys(ONLY_THE_NEEDLE))("%s", async (key) => {
  const values = ONLY_THE_NEEDLE[key]!();
  for (const value of values) expect(await find({ [key]: isList(key) ? [value] : value })).toEqual([needle.id]);
  const wrong = typeof values[0] === "number" ? 987654 : "wrong";
  expect(await find({ [key]: isList(key) ? [...values, wrong] : wrong })).toEqual([]);
  if (!isList(key)) return;
  expect(await find({ [key]: values })).toEqual([needle.id]);
  expect((await find({ [key]: [] })).length).toBe(4);
});

test.each(Object.entries(ALSO_THE_NEEDLE))("%s", async (key, value) => {
  const found = await find({ [key]: value });
  expect(found).toContain(needle.id);
  expect(found.length).toBeGreaterThan(1);
  expect(await find({ [key]: typeof value === "boolean" ? !value : "wrong" })).toEqual([]);
});

it("wants all parts to hold", async () => {
  const all = Object.entries(ONLY_THE_NEEDLE).map(([key, values]) => [key, isList(key) ? values() : values()[0]]);
  const query = { ...Object.fromEntries(all), ...ALSO_THE_NEEDLE } as Record<string, unknown>;
  expect(await find(query)).toEqual([needle.id]);
  for (const key of ["id", "allocation_name", "ipmi_user", "disk_names"])
    expect(await find({ ...query, [key]: isList(key) ? ["wrong"] : "wrong" }), key).toEqual([]);
});

it("finds nothing by an empty part of an allocation where there is none, and the machine without partition by the empty one", async () => {
  for (const key of ["allocation_name", "allocation_project", "allocation_role", "allocation_hostname"])
    expect(await find({ [key]: "" }), key).toEqual([]);
  expect(await find({ partition_id: "" })).toEqual(["9b000000-0000-4000-8000-000000000001"]);
  expect(await find({ state_value: "" })).toHaveLength(3);
  expect(await find({})).toHaveLength(4);
});

it("finds the same with their BMCs, and firewalls only among firewalls", async () => {
  const withBmc = await world.call<MachineIPMIResponse[]>("view", "POST", "/v1/machine/ipmi/find", {
    fru_product_serial: "ps",
  });
  expect(withBmc.body).toMatchObject([{ id: needle.id, ipmi: { address: IPMI.address, password: "" } }]);
  const query = { id: needle.id, allocation_role: "machine" };
  expect((await world.call("view", "POST", "/v1/firewall/find", query)).body).toEqual([]);
});

describe("the search, for a list of many values,", () => {
  const MANY = 70_000;
  test.each(["network_ids", "network_vrfs", "nics_names", "nics_neighbor_names", "disk_sizes", "tags"])(
    "of %s answers",
    async (key) => {
      const values = Array.from({ length: MANY }, (_, index) => (/vrfs|sizes/.test(key) ? index : String(index)));
      expect(await find({ [key]: values })).toEqual([]);
    },
  );
});
