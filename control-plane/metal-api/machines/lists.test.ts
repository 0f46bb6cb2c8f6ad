import type { MachineIPMIResponse, MachineResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { copyId, multiplyMachine } from "../testing/multiply.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { PAGE } from "./lists.ts";
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
