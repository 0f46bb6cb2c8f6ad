import type { AuditResponse, MachineJob, MachineResponse, MachineWhyResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import { auditRoutes } from "../audit/routes.ts";
import { recordEvent } from "../provisioning/store.ts";
import {
  buildFleet,
  type Fleet,
  HARDWARE,
  INTERNET,
  PARTITION,
  PROJECT,
  SIZE,
  waitingMachine,
} from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";
import { machineEraseRoutes } from "./routes-erase.ts";
import { machineInspectionRoutes } from "./routes-inspection.ts";
import { machineRoutes } from "./routes.ts";

let world: World;
let fleet: Fleet;
beforeAll(async () => {
  world = await createWorld([
    machineRoutes,
    machineBmcRoutes,
    machineEraseRoutes,
    machineInspectionRoutes,
    allocationRoutes,
    auditRoutes,
  ]);
  fleet = await buildFleet(world.context.db, { machines: 0, racks: 2 });
});
afterAll(() => world.close());

const get = <T = MachineResponse>(path: string, role: "view" | "edit" | "admin" = "view") =>
  world.call<T>(role, "GET", `/v1/machine/${path}`);
const post = <T = MachineResponse>(path: string, body?: unknown, role: "view" | "edit" | "admin" = "edit") =>
  world.call<T>(role, "POST", `/v1/machine${path}`, body ?? {});
const audited = async (machineid: string) =>
  (await world.call<AuditResponse[]>("view", "POST", "/v1/audit/find", { machineid, status_code: 200 })).body;
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
    expect(await refusal(evaluate({ only: ["nonsense"] }))).toEqual([400, "unknown issue type: nonsense"]);
    expect(await refusal(evaluate({ severity: "huge", only: ["nonsense"] }))).toEqual([
      400,
      "unknown issue severity: huge",
    ]);
  });

  it("a quarantined machine says why, and is erased again when somebody asks", async () => {
    const id = await waitingMachine(world.context.db, {
      disks: "quarantined",
      disks_reason: "sda: 3 sectors not zero",
    });
    expect(await why(id)).toMatchObject({
      state: "quarantined",
      doing: "quarantined: sda: 3 sectors not zero",
      actions: [
        `see what was tried: metalctl machine erase-records ${id}`,
        `erase again, after replacing what is broken: metalctl machine erase-retry ${id}`,
        `let it go without proof (admin, on record): metalctl machine erase-override ${id} --reason …`,
      ],
    });
    expect((await post(`/${id}/erase-retry`, {}, "view")).status).toBe(403);
    const retried = await post(`/${id}/erase-retry`, { reason: "new disk" });
    expect(retried.body.reasons).toEqual(["being erased"]);
    const { since, deadline, ...answer } = await why(id);
    expect(answer).toMatchObject({ state: "release-bmc", facts: { release: "boot, attempt 1" } });
    expect(Date.parse(deadline) - Date.parse(since)).toBe(10 * 60_000);
    const { body: jobs } = await get<MachineJob[]>(`${id}/jobs`);
    expect(jobs.find(({ kind }) => kind === "release")).toMatchObject({
      phase: "boot",
      requestedby: "metal-edit@metal-stack.io: new disk",
    });
    expect((await audited(id)).map(({ user, path, body }) => [user, path, body])).toEqual([
      ["metal-edit@metal-stack.io", `/v1/machine/${id}/erase-retry`, '{"reason":"new disk"}'],
    ]);
  });

  it("only an admin lets a quarantined machine go without proof, with a reason, on record", async () => {
    const id = await waitingMachine(world.context.db, { disks: "quarantined", disks_reason: "sda failed" });
    const override = (role: "view" | "edit" | "admin", body: object) => post(`/${id}/erase-override`, body, role);
    for (const role of ["view", "edit"] as const)
      expect((await override(role, { reason: "I may not" })).status).toBe(403);
    for (const body of [{}, { reason: "" }, { reason: " \n" }])
      expect((await override("admin", body)).status).toBe(400);
    expect(await audited(id)).toEqual([]);
    const before = new Date();
    expect((await override("admin", { reason: "disk was new" })).body.reasons).toEqual([
      "not waiting for instructions (booting, or switched off)",
    ]);
    const [entry, ...more] = await audited(id);
    expect(more).toEqual([]);
    expect(entry).toEqual({
      component: "metal-api",
      rqid: expect.any(String) as string,
      type: "http",
      timestamp: expect.any(String) as string,
      user: "metal-admin@metal-stack.io",
      tenant: "metal-stack",
      detail: "POST",
      phase: "response",
      path: `/v1/machine/${id}/erase-override`,
      forwarded_for: "",
      remote_addr: "127.0.0.1",
      body: '{"reason":"disk was new"}',
      status_code: 200,
      error: "",
      machineid: id,
    });
    expect(Date.parse(entry!.timestamp!)).toBeGreaterThanOrEqual(before.getTime() - 1000);
    const reason = "let go without proof by metal-admin@metal-stack.io: disk was new (was: sda failed)";
    expect(await why(id)).toMatchObject({ state: "not-waiting", also: [reason] });
    const issues = await post<{ machineid: string; issues: string[] }[]>(
      "/issues/evaluate",
      { id, only: ["erase-unproven"] },
      "view",
    );
    expect(issues.body).toEqual([{ machineid: id, issues: ["erase-unproven"] }]);
    expect((await override("admin", { reason: "again" })).status).toBe(422);
    // It was for the disks that it had.
    await world.context.db
      .updateTable("machines")
      .set({ hardware: json({ ...HARDWARE, disks: [{ name: "/dev/sda", size: 1, serial: "other" }] }) })
      .where("id", "=", id)
      .execute();
    expect((await why(id)).state).toBe("quarantined");
  });

  it("a machine that waits for others, because its size is reserved, says for whom", async () => {
    const { db } = world.context;
    const partition_id = "reserved-1";
    await db
      .insertInto("partitions")
      .values({ id: partition_id, boot_configuration: json({}) as never })
      .execute();
    const id = await waitingMachine(db, { partition_id });
    expect((await why(id)).state).toBe("waiting");
    const row = { id: "r", size_id: SIZE, project_id: "other", amount: 2 };
    await db.insertInto("size_reservations").values(row).execute();
    await db
      .insertInto("size_reservation_partitions")
      .values({ reservation_id: "r", partition_id, ordinal: 0 })
      .execute();
    expect(await why(id)).toMatchObject({
      state: "reserved-for-projects",
      doing: expect.stringContaining("1 machine waits and is reserved: 2 for project other") as string,
    });
    await post(`/${id}/state`, { value: "LOCKED", description: "evidence" });
    expect(await why(id)).toMatchObject({
      state: "kept",
      doing: "waiting, but locked by metal-edit@metal-stack.io: evidence",
    });
  });

  it("every step of a machine's life is told in one sentence", async () => {
    const { db } = world.context;
    const { id } = await allocated("living");
    const doing = async () => (await why(id)).doing;
    expect(await doing()).toBe(`allocated to project ${PROJECT}, about to be installed with debian-12.0.20261101`);
    await db.updateTable("allocations").set({ installed: new Date() }).where("machine_id", "=", id).execute();
    await db
      .updateTable("switches")
      .set((leaf) => ({
        applied_generation: leaf("generation", "-", leaf.case().when("id", "=", "rack-1-leaf-1").then(1).else(0).end()),
      }))
      .execute();
    expect(await doing()).toContain("; switch rack-1-leaf-1 has not put its port into the tenant's network yet");
    await recordEvent(db, id, "Phoned Home");
    await db.updateTable("allocations").set({ succeeded: true }).where("machine_id", "=", id).execute();
    expect(await doing()).toBe(`in use by project ${PROJECT}`);
    await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${id}`.execute(
      db,
    );
    expect(await doing()).toBe(`in use by project ${PROJECT}, but the switches no longer hear it`);
    await world.call("edit", "DELETE", `/v1/machine/${id}/free`);
    expect(await doing()).toBe(
      `being taken back: BMC command RESET waits: no metal-bmc of partition ${PARTITION} has taken it yet`,
    );
    const waiting = await waitingMachine(db);
    expect((await why(waiting)).doing).toBe("waiting for an allocation");
    const booting = await waitingMachine(db, { waiting_until: null });
    expect((await why(booting)).state).toBe("not-waiting");
  });
});
