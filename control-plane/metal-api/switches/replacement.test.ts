// A leaf breaks, or gets another operating system, and another switch takes over for it.
import type { SwitchResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Hardware } from "../database/documents.ts";
import { machineId } from "../testing/agents.ts";
import { createWorld, type World } from "../testing/world.ts";
import { switchRoutes } from "./routes.ts";

type Answer = SwitchResponse & { message: string };
const [M1, M2] = [machineId(1), machineId(2)];
let world: World;

/** Two leaves with two machines of a tenant, and a machine that waits at the third port of both. */
beforeEach(async () => {
  world = await createWorld([switchRoutes]);
  const { db } = world.context;
  await db
    .insertInto("partitions")
    .values([{ id: "fra" }, { id: "muc" }])
    .execute();
  for (const leaf of ["leaf01", "leaf02"]) await register(leaf, SONIC);
  for (const [index, id] of [M1, M2].entries()) {
    const port = SONIC[index]!;
    const neighbour = (leaf: string) => ({ name: port, mac: "", identifier: `${leaf} ${port}`, hostname: leaf });
    const nics = ["leaf01", "leaf02"].map((leaf) => ({
      mac: "",
      name: "",
      identifier: "",
      neighbors: [neighbour(leaf)],
    }));
    const hardware = { memory: 1, cpus: [], gpus: [], disks: [], nics } as unknown as Hardware;
    await db
      .insertInto("machines")
      .values({ id, partition_id: "fra", hardware: json(hardware) })
      .execute();
    await db
      .updateTable("switch_ports")
      .set({ machine_id: id, vrf: `vrf${index + 1}` })
      .where("name", "=", port)
      .execute();
  }
});
afterEach(() => world.close());

const SONIC = ["Ethernet0", "Ethernet4", "Ethernet8"];
const CUMULUS = ["swp1", "swp2", "swp3"];

function register(id: string, ports: readonly string[], more: object = {}) {
  const nics = ports.map((name) => ({ name, mac: "", identifier: `${id} ${name}` }));
  const vendor = ports[0]?.startsWith("swp") ? "Cumulus" : "SONiC";
  const leaf = { id, name: id, partition_id: "fra", rack_id: "r1", os: { vendor }, nics, ...more };
  return world.call<Answer>("edit", "POST", "/v1/switch/register", leaf);
}
const migrate = (old_switch_id?: string, new_switch_id?: string) =>
  world.call<Answer>("admin", "POST", "/v1/switch/migrate", { old_switch_id, new_switch_id });
const setMode = (id: string, mode: string) =>
  world.call<Answer>("admin", "POST", "/v1/switch", { id, rack_id: "r1", mode, console_command: "ssh" });
const read = async (id: string) => (await world.call<Answer>("view", "GET", `/v1/switch/${id}`)).body;
const plugged = ({ connections }: SwitchResponse) => connections.map(({ nic, machine_id }) => [nic.name, machine_id]);
const vrfs = ({ nics }: SwitchResponse) => nics.map(({ vrf }) => vrf);
const heard = async (id: string) => {
  const machine = await world.context.db
    .selectFrom("machines")
    .select("hardware")
    .where("id", "=", id)
    .executeTakeFirst();
  return machine!.hardware!.nics.flatMap(({ neighbors }) => neighbors.map((n) => `${n.hostname}: ${n.identifier}`));
};

describe("a switch that is migrated", () => {
  it("gives machines, networks and neighbours to one with other port names, and gets them back", async () => {
    await register("leaf03", CUMULUS);
    const { status, body } = await migrate("leaf01", "leaf03");
    expect([status, body.id, body.mode]).toEqual([200, "leaf03", "operational"]);
    expect(plugged(body)).toEqual([
      ["swp1", M1],
      ["swp2", M2],
    ]);
    expect(vrfs(body)).toEqual(["vrf1", "vrf2", ""]);
    expect(await heard(M1)).toEqual(["leaf03: leaf03 swp1", "leaf02: leaf02 Ethernet0"]);
    const old = await read("leaf01");
    expect([plugged(old), vrfs(old)]).toEqual([[], ["", "", ""]]);

    expect((await migrate("leaf03", "leaf01")).status).toBe(200);
    expect(vrfs(await read("leaf01"))).toEqual(["vrf1", "vrf2", ""]);
    expect(await heard(M1)).toEqual(["leaf01: leaf01 Ethernet0", "leaf02: leaf02 Ethernet0"]);
  });

  it("is left alone when the other one will not do", async () => {
    await register("small", ["swp1"]);
    await register("far", CUMULUS, { rack_id: "r2" });
    await register("abroad", CUMULUS, { partition_id: "muc" });
    const before = [await read("leaf01"), await read("leaf02"), await heard(M1)];
    const refused = async (old?: string, now?: string) => {
      const { status, body } = await migrate(old, now);
      return [status, body.message];
    };
    expect(await refused("", "leaf02")).toEqual([400, "old switch id cannot be empty"]);
    expect(await refused("leaf01")).toEqual([400, "new switch id cannot be empty"]);
    expect((await refused("nobody", "leaf02"))[0]).toBe(404);
    expect((await refused("leaf01", "nobody"))[0]).toBe(404);
    expect(await refused("leaf01", "far")).toEqual([400, "new switch must be in the same rack as the old one"]);
    expect(await refused("leaf01", "abroad")).toEqual([400, "new switch must be in the same rack as the old one"]);
    expect(await refused("leaf01", "leaf02")).toEqual([400, "target switch already has machine connections"]);
    expect(await refused("leaf01", "leaf01")).toEqual([400, "target switch already has machine connections"]);
    expect(await refused("leaf01", "small")).toEqual([
      422,
      expect.stringContaining("misses the nics [Ethernet4 Ethernet8]"),
    ]);
    expect([await read("leaf01"), await read("leaf02"), await heard(M1)]).toEqual(before);
    const viewer = await world.call("edit", "POST", "/v1/switch/migrate", {});
    expect(viewer.status).toBe(403);
  });
});

describe("a switch in replace mode", () => {
  it("gets what its twin has when the new hardware registers, and works again", async () => {
    await setMode("leaf01", "replace");
    const { created } = await read("leaf01");
    const { status, body } = await register("leaf01", CUMULUS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ mode: "operational", console_command: "ssh", created, os: { vendor: "Cumulus" } });
    expect(plugged(body)).toEqual([
      ["swp1", M1],
      ["swp2", M2],
    ]);
    expect(vrfs(body)).toEqual(["vrf1", "vrf2", ""]);
    expect(await heard(M2)).toEqual(["leaf01: leaf01 swp2", "leaf02: leaf02 Ethernet4"]);
  });

  it.each([
    ["in another rack", CUMULUS, { rack_id: "r2" }, 422, "belong to different racks, old: r1, new: r2"],
    ["in another partition", CUMULUS, { partition_id: "muc" }, 422, "belong to different partitions"],
    ["with too few ports", ["swp1"], {}, 422, "misses the nics [Ethernet4 Ethernet8]"],
    ["with the same port twice", CUMULUS, { nics: twice() }, 400, "duplicate identifier found in nics"],
  ])("is not replaced by one %s", async (_, ports, more, status, message) => {
    await setMode("leaf01", "replace");
    const before = await read("leaf01");
    const { status: got, body } = await register("leaf01", ports, more);
    expect([got, body.message]).toEqual([status, expect.stringContaining(message)]);
    expect(await read("leaf01")).toEqual(before);
  });

  it("needs exactly one twin", async () => {
    await setMode("leaf01", "replace");
    await setMode("leaf02", "replace");
    const refused = async () => (await register("leaf01", CUMULUS)).body.message;
    expect(await refused()).toContain("no twin brother found for switch leaf01, partition: fra, rack: r1");
    await setMode("leaf02", "operational");
    await register("leaf03", ["Ethernet0"]);
    const { db } = world.context;
    await db.updateTable("switch_ports").set({ machine_id: M1 }).where("switch_id", "=", "leaf03").execute();
    expect(await refused()).toContain("found multiple twin switches for leaf01 (leaf02 and leaf03)");
  });
});

function twice() {
  return ["swp1", "swp2"].map((name) => ({ name, mac: "", identifier: "same" }));
}
