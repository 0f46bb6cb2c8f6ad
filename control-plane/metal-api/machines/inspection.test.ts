import type { MachineEraseRecord, MachineJob, MachineResponse, MachineWhyResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import { recordEvent } from "../provisioning/store.ts";
import { buildFleet, type Fleet, INTERNET, PROJECT, waitingMachine } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";
import { machineInspectionRoutes } from "./routes-inspection.ts";
import { machineRoutes } from "./routes.ts";

let world: World;
let fleet: Fleet;
beforeAll(async () => {
  world = await createWorld([machineRoutes, machineBmcRoutes, machineInspectionRoutes, allocationRoutes]);
  fleet = await buildFleet(world.context.db, { machines: 0, racks: 2 });
});
afterAll(() => world.close());

const get = <T = MachineResponse>(path: string, role: "view" | "edit" | "admin" = "view") =>
  world.call<T>(role, "GET", `/v1/machine/${path}`);
const post = <T = MachineResponse>(path: string, body?: unknown, role: "view" | "edit" | "admin" = "edit") =>
  world.call<T>(role, "POST", `/v1/machine${path}`, body ?? {});
const why = async (id: string) => (await get<MachineWhyResponse>(`${id}/why`)).body;
async function allocated(name: string): Promise<MachineResponse> {
  const uuid = await waitingMachine(world.context.db);
  const answer = await world.call<MachineResponse>("edit", "POST", "/v1/machine/allocate", {
    uuid,
    name,
    projectid: PROJECT,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }, { networkid: INTERNET }],
  });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe("what ails and what happens", () => {
  it("issues are catalogued and evaluated over what a query selects", async () => {
    const { body: catalogue } = await get<{ id: string }[]>("issues");
    expect(catalogue.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["crashloop", "liveliness-dead", "quarantined"]),
    );
    const id = await waitingMachine(world.context.db, { disks: "quarantined", disks_reason: "sda" });
    const evaluate = (body: object) => post("/issues/evaluate", { id, ...body }, "view");
    expect((await evaluate({ only: ["quarantined", "crashloop"] })).body).toEqual([
      { machineid: id, issues: ["quarantined"] },
    ]);
    expect((await evaluate({ omit: ["quarantined"], only: ["quarantined"] })).body).toEqual([]);
    expect(await refusal(evaluate({ only: ["nonsense"] }))).toEqual([400, "unknown issue id: nonsense"]);
    expect((await evaluate({ severity: "huge" })).status).toBe(400);
  });

  it("a quarantined machine says why, and what an operator can do, and does it", async () => {
    const { db } = world.context;
    const id = await waitingMachine(db, { disks: "quarantined", disks_reason: "sda: 3 sectors not zero" });
    const answer = await why(id);
    expect(answer.doing).toBe("quarantined, because its disks could not be proven erased: sda: 3 sectors not zero");
    expect(answer.next).toBe("nothing by itself");
    expect(answer.actions).toHaveLength(3);
    expect((await post(`/${id}/erase`, { reason: "new disk" }, "edit")).status).toBe(403);
    expect((await post(`/${id}/erase`, {}, "admin")).status).toBe(400);
    const erased = await post(`/${id}/erase`, { reason: "new disk" }, "admin");
    expect(erased.body.reasons).toEqual(["being erased"]);
    expect(await why(id)).toMatchObject({
      doing: "being taken back (boot): reset 1 of 8, waiting for the discovery image",
      next: expect.stringContaining("waits for an allocation") as string,
      facts: { release: "boot, attempt 1" },
    });
    const { body: jobs } = await get<MachineJob[]>(`${id}/jobs`);
    expect(jobs.find(({ kind }) => kind === "release")).toMatchObject({
      phase: "boot",
      requestedby: "metal-admin@metal-stack.io: new disk",
    });

    const other = await waitingMachine(db, { disks: "quarantined" });
    expect((await post(`/${other}/erase`, { override: true, reason: "scrapped anyway" }, "admin")).status).toBe(200);
    expect((await why(other)).facts["disks"]).toContain(
      "let go without proof by metal-admin@metal-stack.io: scrapped anyway",
    );
    expect((await post(`/${other}/erase`, { reason: "again" }, "admin")).status).toBe(422);
  });

  it("erase records stay readable", async () => {
    const id = await waitingMachine(world.context.db);
    const disk = {
      name: "/dev/sda",
      serial: "S1",
      model: "M",
      size: 1000,
      method: "discard",
      sectors_sampled: 10,
      sectors_not_zero: 0,
      sector_size: 512,
      verified: true,
      error: "",
      attempts: ["discard"],
    };
    await world.context.db
      .insertInto("erase_records")
      .values({
        id: "r1",
        machine_id: id,
        release_id: "rel",
        allocation_uuid: "a",
        disks: json([disk]),
        accepted: true,
      })
      .execute();
    expect((await get<MachineEraseRecord[]>(`${id}/erase-records`)).body).toEqual([
      {
        id: "r1",
        machineid: id,
        releaseid: "rel",
        allocationuuid: "a",
        accepted: true,
        reason: "",
        disks: [disk],
        created: expect.any(String) as string,
      },
    ]);
  });

  it("every step of a machine's life is told in one sentence", async () => {
    const { db } = world.context;
    const { id } = await allocated("living");
    const doing = async () => (await why(id)).doing;
    expect(await doing()).toBe(`allocated to project ${PROJECT}, being installed (debian-12.0.20261101)`);
    await db.updateTable("allocations").set({ installed: new Date() }).where("machine_id", "=", id).execute();
    expect(await doing()).toBe(`installed, starting the operating system of project ${PROJECT}`);
    await db
      .updateTable("switches")
      .set((leaf) => ({
        applied_generation: leaf("generation", "-", leaf.case().when("id", "=", "rack-1-leaf-1").then(1).else(0).end()),
      }))
      .execute();
    expect((await why(id)).next).toBe(
      "switch rack-1-leaf-1 puts its ports into the tenant's network, then it phones home",
    );
    await recordEvent(db, id, "Phoned Home");
    await db.updateTable("allocations").set({ succeeded: true }).where("machine_id", "=", id).execute();
    expect(await doing()).toBe(`in use by project ${PROJECT}`);
    await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${id}`.execute(
      db,
    );
    expect(await doing()).toBe(`in use by project ${PROJECT}, but the switches no longer hear it`);
    await world.call("edit", "DELETE", `/v1/machine/${id}/free`);
    expect(await doing()).toContain("being taken back (boot)");
    const waiting = await waitingMachine(db);
    expect((await why(waiting)).doing).toBe("waiting for an allocation");
    const booting = await waitingMachine(db, { waiting_until: null });
    expect((await why(booting)).doing).toBe("booting (last event: Waiting)");
  });
});
