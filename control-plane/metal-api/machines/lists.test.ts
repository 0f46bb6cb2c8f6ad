import type { MachineIPMIResponse, MachineResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { copyId, multiplyMachine } from "../testing/multiply.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { recordEvent } from "../provisioning/store.ts";
import { PAGE } from "./lists.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";
import { MachineTexts } from "./texts.ts";

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

it("keeps no more than it may, and lists the others all the same", async () => {
  const { context } = tenant.world;
  const texts = new MachineTexts(context, 10_000);
  const whole = new MachineTexts(context, 100_000_000);
  for (let time = 0; time < 2; time++) {
    const text = await (await texts.page({}, undefined, PAGE)).text();
    expect(text).toBe(await (await whole.page({}, undefined, PAGE)).text());
    expect(JSON.parse(`[${text}]`)).toHaveLength(PAGE);
  }
});
