import type { SwitchResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machineId } from "../testing/agents.ts";
import { createWorld, type World } from "../testing/world.ts";
import { switchRoutes } from "./routes.ts";
import { setVrfOfMachine } from "./store.ts";

let world: World;
const M1 = machineId(1);

beforeAll(async () => {
  world = await createWorld([switchRoutes]);
  await world.context.db.insertInto("partitions").values({ id: "fra", name: "Frankfurt" }).execute();
  await world.context.db.insertInto("machines").values({ id: M1, partition_id: "fra" }).execute();
});
afterAll(() => world.close());

const nic = (name: string, identifier = name) => ({ name, mac: `02:00:00:00:00:0${name.at(-1)}`, identifier });
const LEAF = {
  id: "leaf01",
  name: "leaf01",
  description: "left",
  partition_id: "fra",
  rack_id: "r1",
  os: { vendor: "SONiC", version: "4", metal_core_version: "v1" },
  management_ip: "10.0.0.1",
  management_user: "admin",
  nics: [nic("swp1"), nic("swp2")],
};
const register = (different: object = {}) =>
  world.call<SwitchResponse & { message: string }>("edit", "POST", "/v1/switch/register", { ...LEAF, ...different });
const read = async () => (await world.call<SwitchResponse>("view", "GET", "/v1/switch/leaf01")).body;

async function plugIn() {
  await world.context.db
    .updateTable("switch_ports")
    .set({ machine_id: M1 })
    .where("switch_id", "=", "leaf01")
    .where("name", "=", "swp1")
    .execute();
}

describe("a switch", () => {
  it("is registered once, and told so", async () => {
    const created = await register();
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      id: "leaf01",
      mode: "",
      os: LEAF.os,
      partition: { id: "fra", name: "Frankfurt" },
      nics: [{ ...nic("swp1"), vrf: "", actual: "UNKNOWN" }, nic("swp2")],
      connections: [],
    });
    expect((await register()).status).toBe(200);
    expect(await read()).toEqual({ ...created.body, changed: expect.any(String) as string });
  });

  it.each([
    [{ id: "" }, 400, "uuid cannot be empty"],
    [{ partition_id: "muc" }, 404, 'NotFound no partition with id "muc" found'],
    [{ id: "", partition_id: "muc" }, 400, "uuid cannot be empty"],
    [{ partition_id: "muc", os: undefined }, 404, 'NotFound no partition with id "muc" found'],
    [{ os: { vendor: "toaster" } }, 422, "unknown switch os vendor toaster"],
    [{ os: undefined }, 422, "unknown switch os vendor "],
    [{ nics: [nic("swp1", "x"), nic("swp2", "x")] }, 400, "duplicate identifier found in nics"],
  ])("is refused with %j", async (different, status, message) => {
    const answer = await register(different);
    expect([answer.status, answer.body.message]).toEqual([status, message]);
  });

  it("keeps a port's network when it registers again, and takes its new name", async () => {
    await plugIn();
    await world.context.db.transaction().execute((tx) => setVrfOfMachine(tx, M1, "vrf42"));
    const again = await register({ nics: [nic("swp1"), { ...nic("swp9"), identifier: "swp2" }, nic("swp3")] });
    expect(again.body.nics.map(({ name, vrf }) => [name, vrf])).toEqual([
      ["swp1", "vrf42"],
      ["swp3", ""],
      ["swp9", ""],
    ]);
    expect(again.body.connections).toMatchObject([{ machine_id: M1, nic: { name: "swp1" } }]);
    expect((await register({ nics: [nic("swp2")] })).status).toBe(422);
    expect((await register({ rack_id: "r2" })).status).toBe(422);
  });

  it("reports how it goes", async () => {
    const notify = (body: object) =>
      world.call<SwitchResponse>("edit", "POST", "/v1/switch/leaf01/notify", {
        error: null,
        port_states: null,
        ...body,
      });
    const good = await notify({ sync_duration: 1_500_000, port_states: { swp1: "UP", swp9: "sideways", nope: "UP" } });
    expect(good).toMatchObject({ status: 200, body: { id: "leaf01", last_sync: { duration: 1_500_000 } } });
    await notify({ sync_duration: 2, error: "frr-reload failed" });
    expect(await read()).toMatchObject({
      last_sync: { duration: 1_500_000 },
      last_sync_error: { duration: 2, error: "frr-reload failed" },
      nics: [{ actual: "UP" }, { actual: "UNKNOWN" }, { actual: "UNKNOWN" }],
      connections: [{ nic: { actual: "UP" } }],
    });
    const unknown = await world.call("edit", "POST", "/v1/switch/nope/notify", { sync_duration: 1 });
    expect(unknown.status).toBe(404);
  });

  it("has a port switched off, and shows the wish beside what is", async () => {
    const toggle = (nic: string, status: string) =>
      world.call<SwitchResponse & { message: string }>("admin", "POST", "/v1/switch/leaf01/port", { nic, status });
    expect((await toggle("SWP1", "DOWN")).body).toMatchObject({
      nics: [{ actual: "DOWN" }, {}, {}],
      connections: [{ nic: { actual: "UP" } }],
    });
    await world.call("edit", "POST", "/v1/switch/leaf01/notify", { sync_duration: 1, port_states: { swp1: "DOWN" } });
    expect(await read()).toMatchObject({ connections: [{ nic: { actual: "DOWN" } }] });
    await toggle("swp1", "UP");
    await world.call("edit", "POST", "/v1/switch/leaf01/notify", { sync_duration: 1, port_states: { swp1: "UP" } });
    expect(await read()).toMatchObject({ nics: [{ actual: "UP" }, {}, {}], connections: [{ nic: { actual: "UP" } }] });
    expect((await toggle("swp1", "sideways")).status).toBe(400);
    expect((await toggle("swp7", "UP")).status).toBe(404);
    expect((await toggle("swp3", "UP")).status).toBe(400);
  });

  it("is updated: what is left out of the console command is cleared", async () => {
    const update = (body: object) =>
      world.call<SwitchResponse>("admin", "POST", "/v1/switch", { id: "leaf01", rack_id: "r1", ...body });
    expect((await update({ console_command: "ssh", description: "new", mode: "replace" })).body).toMatchObject({
      console_command: "ssh",
      description: "new",
      mode: "replace",
    });
    expect((await update({ mode: "whatever" })).body).toMatchObject({
      console_command: "",
      description: "new",
      mode: "operational",
    });
  });

  it("is found", async () => {
    const find = async (query: object) =>
      (await world.call<SwitchResponse[]>("view", "POST", "/v1/switch/find", query)).body.map(({ id }) => id);
    expect(await find({ osvendor: "SONiC", partitionid: "fra", rackid: "r1", osversion: "4", name: "leaf01" })).toEqual(
      ["leaf01"],
    );
    expect(await find({ osvendor: "Cumulus" })).toEqual([]);
  });

  it("is deleted, with machines only by force", async () => {
    const refused = await world.call("edit", "DELETE", "/v1/switch/leaf01");
    expect([refused.status, refused.body.message]).toEqual([
      400,
      "cannot delete switch leaf01 while it still has machines connected to it",
    ]);
    expect((await world.call("edit", "DELETE", "/v1/switch/leaf01?force=true")).status).toBe(200);
    expect((await world.call("view", "GET", "/v1/switch/leaf01")).status).toBe(404);
  });
});
