import type { SizeReservationResponse, SizeReservationUsageResponse } from "@metal-stack/api-schema";
import { afterEach, describe, expect, it } from "vitest";
import { transact } from "../database/transaction.ts";
import { allocateChildNetwork } from "../networks/commands.ts";
import { partitionRoutes } from "../partitions/routes.ts";
import { checkNothingBelongs } from "../projects/store.ts";
import { sizeRoutes } from "../sizes/routes.ts";
import { PARTITION, PROJECT, SIZE } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { sizeReservationRoutes } from "./routes.ts";

const OTHER = "00000000-0000-0000-0000-000000000002";

let tenant: Tenant;
let network: string;
afterEach(() => tenant.world.close());

async function given(machines: number): Promise<void> {
  tenant = await createTenant({ machines }, {}, [sizeReservationRoutes, sizeRoutes, partitionRoutes]);
  const { db } = tenant.world.context;
  await db.insertInto("partitions").values({ id: "muc-1" }).execute();
  const others = { name: "other", partitionid: PARTITION, projectid: OTHER };
  network = (await transact(db, (tx) => allocateChildNetwork(tx, others))).id;
}

const reserve = (more: object = {}) =>
  tenant.world.call<SizeReservationResponse>("edit", "PUT", "/v1/size/reservations", {
    sizeid: SIZE,
    projectid: PROJECT,
    partitionids: [PARTITION],
    amount: 1,
    ...more,
  });
const update = (more: object) =>
  tenant.world.call<SizeReservationResponse>("edit", "POST", "/v1/size/reservations", more);
const usage = async (query: object = {}) => {
  const { body } = await tenant.world.call<SizeReservationUsageResponse[]>(
    "view",
    "POST",
    "/v1/size/reservations/usage",
    query,
  );
  return body.map(({ id, partitionid, usedamount, amount, projectallocations }) =>
    [id, partitionid, `${usedamount}/${amount}`, projectallocations].join(" "),
  );
};
/** Another project asks for a machine. */
const stranger = (more: object = {}) =>
  tenant.allocate({ projectid: OTHER, networks: [{ networkid: network }], ...more });
const count = (answers: readonly { status: number }[]) => answers.filter(({ status }) => status === 200).length;
const crowd = <T>(size: number, ask: () => Promise<T>) => Promise.all(Array.from({ length: size }, () => ask()));

describe("a size reservation", () => {
  it("is made, found, changed and deleted", async () => {
    await given(0);
    const { call } = tenant.world;
    const made = await reserve({
      id: "r1",
      description: "seeds",
      partitionids: ["muc-1", PARTITION],
      labels: { a: "b" },
    });
    expect([made.status, made.headers["etag"]]).toEqual([201, '"0"']);
    expect(made.body).toEqual({
      id: "r1",
      name: "",
      description: "seeds",
      labels: { a: "b" },
      sizeid: SIZE,
      projectid: PROJECT,
      partitionids: ["muc-1", PARTITION],
      amount: 1,
      created: expect.stringMatching(/Z$/) as string,
      changed: made.body.created,
    });
    const { body: second } = await reserve({ id: null });
    expect(second.id).toMatch(/^[0-9a-f-]{36}$/);
    const find = async (query: object) =>
      (await call<SizeReservationResponse[]>("view", "POST", "/v1/size/reservations/find", query)).body.map(
        ({ id }) => id,
      );
    expect((await find({ sizeid: SIZE, projectid: PROJECT })).length).toBe(2);
    expect(await find({ partitionid: "muc-1" })).toEqual(["r1"]);
    expect(await find({ id: second.id })).toEqual([second.id]);
    expect(await find({ projectid: "nobody" })).toEqual([]);
    expect((await call("view", "GET", "/v1/size/reservations")).body).toHaveLength(2);
    expect((await call("view", "GET", "/v1/size/reservations/r1")).body).toEqual(made.body);

    const changed = await update({ id: "r1", name: "x", amount: null, partitionids: null });
    expect(changed.body).toEqual({ ...made.body, name: "x", changed: changed.body.changed });
    const again = await update({ id: "r1", amount: 3, partitionids: [PARTITION], labels: {} });
    const { labels: _, ...bare } = again.body;
    expect(again.body).toEqual(bare);
    expect([again.body.amount, again.body.partitionids]).toEqual([3, [PARTITION]]);
    expect((await call("edit", "DELETE", "/v1/size/reservations/r1")).body).toEqual(again.body);
    expect((await call("view", "GET", "/v1/size/reservations/r1")).status).toBe(404);
  });

  it("is refused when it makes no sense", async () => {
    await given(0);
    expect(await refusal(reserve({ sizeid: "none" }))).toEqual([404, 'NotFound no size with id "none" found']);
    expect(await refusal(reserve({ amount: 0 }))).toEqual([400, "amount must be a positive integer"]);
    expect(await refusal(reserve({ amount: null }))).toEqual([400, "amount must be a positive integer"]);
    expect(await refusal(reserve({ partitionids: null }))).toEqual([
      400,
      "at least one partition id must be specified",
    ]);
    expect(await refusal(reserve({ partitionids: ["x"] }))).toEqual([
      400,
      "partition must exist before creating a size reservation",
    ]);
    await reserve({ id: "r1" });
    expect(await refusal(reserve({ id: "r1" }))).toEqual([
      409,
      "Conflict cannot create sizereservation in database, entity already exists: r1",
    ]);
    expect(await refusal(update({ id: "r1", amount: -1 }))).toEqual([400, "amount must be a positive integer"]);
    expect(await refusal(update({ id: "none" }))).toEqual([404, 'NotFound no sizereservation with id "none" found']);
    expect(await refusal(tenant.world.call("view", "PUT", "/v1/size/reservations", {}))).toEqual([
      403,
      expect.any(String),
    ]);
  });

  it("is in the way of deleting its size and its partitions", async () => {
    await given(0);
    await reserve({ partitionids: ["muc-1"] });
    expect(await refusal(tenant.world.call("admin", "DELETE", `/v1/size/${SIZE}`))).toEqual([
      422,
      "cannot delete size before all size reservations were removed",
    ]);
    expect((await tenant.world.call("admin", "DELETE", "/v1/partition/muc-1")).status).toBe(422);
  });

  it("is in the way of deleting its project", async () => {
    await given(0);
    await reserve({ id: "r1", name: "seeds", projectid: "p3" });
    await expect(checkNothingBelongs(tenant.world.context.db, "p3")).rejects.toThrow(
      "there are still size reservations made by this project: 1 size reservation (seeds r1)",
    );
  });
});

describe("reserved machines", () => {
  it("are refused to others with the reason for each, and given to their project", async () => {
    await given(2);
    await reserve({ id: "r1", partitionids: [PARTITION, "muc-1"] });
    expect((await stranger()).status).toBe(200);
    const refused = await stranger();
    const { message, reasons } = refused.body as unknown as { message: string; reasons: string[] };
    expect([refused.status, message]).toEqual([
      422,
      `no machine available: 1 machine waits and is reserved: 1 for project ${PROJECT}`,
    ]);
    expect(reasons.toSorted()).toEqual(
      tenant.fleet.machines
        .map((id) => [id, reasons.some((reason) => reason === `machine ${id}: allocated`)] as const)
        .map(([id, taken]) =>
          taken
            ? `machine ${id}: allocated`
            : `machine ${id}: 1 machine waits and is reserved: 1 for project ${PROJECT}`,
        )
        .toSorted(),
    );
    expect(await usage()).toEqual([`r1 ${PARTITION} 0/1 0`, "r1 muc-1 0/1 0"]);
    const id = reasons.find((reason) => !reason.endsWith("allocated"))!.split(/[ :]/)[1]!;
    expect((await refusal(stranger({ uuid: id })))[1]).toMatch(/reserved/);
    expect((await tenant.allocate()).status).toBe(200);
    expect(await usage({ partitionid: PARTITION })).toEqual([`r1 ${PARTITION} 1/1 1`]);
  });

  it("count once, though their project has several reservations", async () => {
    await given(3);
    await reserve({ id: "r1" });
    await reserve({ id: "r2", amount: 2 });
    await tenant.allocate();
    await tenant.allocate();
    expect(await usage()).toEqual([`r1 ${PARTITION} 1/1 2`, `r2 ${PARTITION} 1/2 2`]);
    expect(await usage({ id: "r2" })).toEqual([`r2 ${PARTITION} 1/2 2`]);
    expect((await stranger()).status).toBe(422);
    expect((await tenant.allocate()).status).toBe(200);
  });

  it("are exactly those that were reserved, however many strangers come at once", async () => {
    await given(10);
    await reserve({ amount: 4 });
    const [strangers, owners] = await Promise.all([crowd(12, stranger), crowd(2, tenant.allocate)]);
    expect([count(strangers), count(owners)]).toEqual([6, 2]);
    expect(count(await crowd(5, tenant.allocate))).toBe(2);
  });

  it("hold from the moment they are reserved, also against allocations under way", async () => {
    await given(10);
    const before = crowd(8, stranger);
    await reserve({ amount: 4 });
    const later = count(await crowd(8, stranger));
    const all = later + count(await before);
    // Who came before may have taken more than 6; whoever came later then got none.
    if (later > 0) expect(all).toBeLessThanOrEqual(6);
    expect(all).toBeGreaterThanOrEqual(6);
    expect(count(await crowd(5, tenant.allocate))).toBe(10 - all);
  });

  it("are given to their project alone while it is within its reservation", async () => {
    await given(6);
    await reserve({ amount: 2 });
    await reserve({ projectid: OTHER, amount: 2 });
    const [own, others] = await Promise.all([crowd(6, tenant.allocate), crowd(6, stranger)]);
    expect(count(own) + count(others)).toBe(6);
    expect(Math.min(count(own), count(others))).toBeGreaterThanOrEqual(2);
  });
});
