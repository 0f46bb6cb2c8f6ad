import { createHash } from "node:crypto";
import type { MachineIPMIResponse, MachineResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { counting } from "../testing/counting.ts";
import { waitingMachine } from "../testing/fleet.ts";
import { copyId, multiplyMachine } from "../testing/multiply.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { recordEvent } from "../provisioning/store.ts";
import { FULL_LOG, FULL_MACHINE } from "../testing/full-machine.ts";
import { PAGE } from "./lists.ts";
import { allocationResponse, eventsResponse, ownResponse } from "./mapping.ts";
import { MachineTexts, TEXT_FORMAT } from "./texts.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";

const MACHINES = 2 * PAGE + 17;
let tenant: Tenant;

beforeAll(async () => {
  tenant = await createTenant({ machines: 1 }, {}, [machineBmcRoutes]);
  const tags = sql`jsonb_build_object('tags', case when number <= ${PAGE + 1}::int then array['first'] else array['rest'] end)`;
  await multiplyMachine(tenant.world.context.db, tenant.fleet.machines[0]!, [2, MACHINES], tags);
});
afterAll(() => tenant.world.close());

const ids = (machines: readonly { readonly id: string }[]) => machines.map(({ id }) => id);

it("a list of many pages has every machine once, by id, as the machine alone is told", async () => {
  const { status, body, headers } = await tenant.world.call<MachineResponse[]>("view", "GET", "/v1/machine");
  expect([status, headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
  const all = [tenant.fleet.machines[0]!, ...Array.from({ length: MACHINES - 1 }, (_, index) => copyId(index + 2))];
  expect(ids(body)).toEqual(all.sort());
  for (const at of [0, PAGE - 1, PAGE, MACHINES - 1]) {
    const alone = await tenant.world.call<MachineResponse>("view", "GET", `/v1/machine/${body[at]!.id}`);
    expect(body[at]).toEqual(alone.body);
  }
});

it.each([
  ["a page exactly", ["first"], PAGE],
  ["some pages", ["rest"], MACHINES - PAGE - 1],
  ["nothing", ["none"], 0],
])("a search finds %s", async (_, tags, count) => {
  const found = await tenant.world.call<MachineResponse[]>("view", "POST", "/v1/machine/find", { tags });
  expect(new Set(ids(found.body)).size).toBe(count);
  expect(found.body).toHaveLength(count);
  const bmcs = await tenant.world.call<MachineIPMIResponse[]>("view", "POST", "/v1/machine/ipmi/find", { tags });
  expect(ids(bmcs.body)).toEqual(ids(found.body));
});

it("a page costs a fixed number of queries, and its texts are kept for others", async () => {
  const { db, clock, log } = tenant.world.context;
  const count = async (limit: number) => {
    const counted = counting(db);
    const page = await new MachineTexts({ db: counted.db, clock, log }, {}).page(undefined, limit);
    const text = await page.text();
    return { queries: counted.queries(), machines: (JSON.parse(`[${text}]`) as unknown[]).length };
  };
  await sql`delete from machine_texts`.execute(db);
  // The part of the first one that chooses the machines counts as one.
  const [lines, references, rows, keep] = [2, 2, 4, 2];
  expect(await count(1)).toEqual({ machines: 1, queries: lines + references + rows + keep });
  expect(await count(200)).toEqual({ machines: 200, queries: lines + references + rows + keep });
  expect(await count(200)).toEqual({ machines: 200, queries: lines + references });
});

it("a list is made although its texts cannot be kept just now", async () => {
  const { db } = tenant.world.context;
  await sql`delete from machine_texts`.execute(db);
  await db.transaction().execute(async (tx) => {
    await sql`lock table machine_texts in share mode`.execute(tx);
    const { body } = await tenant.world.call<MachineResponse[]>("view", "GET", "/v1/machine");
    expect(body).toHaveLength(MACHINES);
  });
});

it("kept texts do not outlive how they are made: who changes that raises TEXT_FORMAT", () => {
  const parts = [ownResponse(FULL_MACHINE), allocationResponse(FULL_MACHINE.allocation!), eventsResponse(FULL_LOG).log];
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
  expect([TEXT_FORMAT, digest]).toEqual([1, "8701802273ec720c"]);
});

it("a list is never older than what anybody was told", async () => {
  const { world, fleet } = tenant;
  const { db } = world.context;
  const [id] = fleet.machines as [string];
  const listed = async () => {
    const { body } = await world.call<MachineResponse[]>("view", "POST", "/v1/machine/find", { id });
    const alone = await world.call<MachineResponse>("view", "GET", `/v1/machine/${id}`);
    expect(body).toEqual([alone.body]);
    return alone.body;
  };
  const changes: [what: string, change: () => Promise<unknown>][] = [
    ["nothing", async () => undefined],
    ["tags", () => sql`update machines set tags = array['changed'] where id = ${id}`.execute(db)],
    ["the hardware", () => sql`update machines set hardware = jsonb_set(hardware, '{memory}', '1')`.execute(db)],
    ["a report of its BMC", () => sql`update machines set ipmi = ipmi || '{"powerstate": "OFF"}'`.execute(db)],
    ["an event", () => recordEvent(db, id, "PXE Booting", "again", new Date())],
    ["a sign of life", () => recordEvent(db, id, "Alive", "", new Date())],
    ["an error", () => recordEvent(db, id, "Crashed", "burnt", new Date())],
    ["an allocation", () => tenant.allocate({ uuid: id })],
    ["its installation", () => sql`update allocations set succeeded = true`.execute(db)],
    ["its image", () => sql`update images set description = 'another'`.execute(db)],
    ["silence", () => sql`update provisioning_states set last_event_time = now() - interval '1 hour'`.execute(db)],
    ["the end of waiting", () => sql`update machines set waiting_until = null`.execute(db)],
    ["its state", () => sql`update machines set state_value = 'LOCKED', state_description = 'mine'`.execute(db)],
    ["its disks", () => sql`update machines set disks = 'quarantined'`.execute(db)],
    ["its size", () => sql`update sizes set name = 'another'`.execute(db)],
    ["its partition", () => sql`update partitions set description = 'another'`.execute(db)],
    [
      "no log",
      async () => {
        await sql`delete from provisioning_events`.execute(db);
        await sql`delete from provisioning_states`.execute(db);
      },
    ],
  ];
  const told = new Set<string>();
  for (const [what, change] of changes) {
    await change();
    expect([what, JSON.stringify(await listed())]).toEqual([what, expect.any(String)]);
    told.add(JSON.stringify(await listed()));
  }
  // All but "nothing" and the report can be seen.
  expect(told.size).toBeGreaterThanOrEqual(changes.length - 3);
});

it("the text of a machine goes with what a tenant gave, and with the machine", async () => {
  const { world, allocate } = tenant;
  const { db } = world.context;
  const id = await waitingMachine(db);
  const kept = async () => {
    await world.call("view", "POST", "/v1/machine/find", { id });
    const { rows } = await sql<{ text: string }>`
      select concat(machine, allocation, log) as text from machine_texts where machine_id = ${id}`.execute(db);
    return rows.map(({ text }) => text).join();
  };
  await allocate({ uuid: id, user_data: "canary" });
  expect(await kept()).toContain("canary");
  await world.call("edit", "DELETE", `/v1/machine/${id}/free`);
  const { rows } = await sql`select from machine_texts where machine_id = ${id}`.execute(db);
  expect(rows).toEqual([]);
  expect(await kept()).not.toContain("canary");
});
