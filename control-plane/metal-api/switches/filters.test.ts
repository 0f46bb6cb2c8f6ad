// What leaves are told of the machines behind their ports, with real allocations.
import type { SwitchResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, expect, it } from "vitest";
import { counting } from "../testing/counting.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { switchResponses } from "./mapping.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await createTenant({ machines: 4, racks: 2 });
});
afterAll(() => tenant.world.close());

/** All switches, and how many queries it took to tell. */
async function listed(): Promise<{ switches: readonly SwitchResponse[]; queries: number }> {
  const { db } = tenant.world.context;
  const counted = counting(db);
  const switches = await switchResponses(counted.db, await db.selectFrom("switches").selectAll().execute());
  return { switches, queries: counted.queries() };
}

it("leaves are listed with the filters of all their machines in a fixed number of queries", async () => {
  const first = await tenant.allocate();
  const { queries } = await listed();
  for (let more = 0; more < 3; more++) expect((await tenant.allocate()).status).toBe(200);
  const now = await listed();
  expect([now.switches.length, now.queries]).toEqual([4, queries]);
  const connected = now.switches.flatMap(({ nics }) => nics.filter(({ filter }) => filter !== undefined));
  expect(connected).toHaveLength(8);
  const [network] = first.body.allocation!.networks;
  for (const { filter } of connected) expect(filter!.cidrs).toEqual(expect.arrayContaining([...network!.prefixes]));
});
