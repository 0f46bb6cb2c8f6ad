// A tenant of the fleet who allocates and frees machines through the REST API, and the books that must balance after it.
import type { MachineResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { allocationRoutes } from "../allocation/routes.ts";
import type { Db } from "../database/schema.ts";
import { ipRoutes } from "../ips/routes.ts";
import { machineRoutes } from "../machines/routes.ts";
import type { RouteModule } from "../rest/app.ts";
import { buildFleet, type Fleet, INTERNET, PARTITION, PROJECT, SIZE } from "./fleet.ts";
import { type Answer, createWorld, type World } from "./world.ts";

export interface Tenant {
  readonly world: World;
  readonly fleet: Fleet;
  /** What is asked for: any machine, in the private network and the internet, unless `more` says otherwise. */
  request(more?: object): object;
  allocate(more?: object, headers?: Record<string, string>): Promise<Answer<MachineResponse>>;
  free(id: string): Promise<Answer<MachineResponse>>;
}

/** A new world with a fleet and a tenant in it; close the world in the end. @param routes besides those a tenant needs */
export async function createTenant(
  options: Parameters<typeof buildFleet>[1] = {},
  overrides: Parameters<typeof createWorld>[1] = {},
  routes: readonly RouteModule[] = [],
): Promise<Tenant> {
  const world = await createWorld([allocationRoutes, machineRoutes, ipRoutes, ...routes], overrides);
  const fleet = await buildFleet(world.context.db, options);
  const request = (more: object = {}) => ({
    name: "web-1",
    projectid: PROJECT,
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }, { networkid: INTERNET }],
    ...more,
  });
  return {
    world,
    fleet,
    request,
    allocate: (more = {}, headers = {}) =>
      world.call<MachineResponse>("edit", "POST", "/v1/machine/allocate", request(more), headers),
    free: (id) => world.call<MachineResponse>("edit", "DELETE", `/v1/machine/${id}/free`),
  };
}

/** Everything that a failed allocation could leave behind. */
export async function books(db: Db): Promise<unknown> {
  const { rows } = await sql`
    select (select count(*) from allocations) as allocations, (select count(*) from ips) as ips,
      (select count(*) from ipam.addresses) as addresses,
      (select sum(addresses)::bigint from ipam.prefixes) as counted,
      (select count(*) from machines where disks = 'in-use') as used,
      (select count(*) from ips where tags <> '{}') as tagged,
      (select next - first - (select count(*) from free_numbers where pool = 'asn') from number_pools
       where pool = 'asn') as asns`.execute(db);
  return rows[0];
}
