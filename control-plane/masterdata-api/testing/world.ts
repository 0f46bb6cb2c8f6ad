// masterdata-api for tests: its clients over connect, on a real PostgreSQL.
import { type Client, createClient, createRouterTransport, type Interceptor } from "@connectrpc/connect";
import { testDatabase } from "@metal-stack/database";
import { health, masterdata } from "@metal-stack/protocol";
import { type Db, MIGRATIONS, type Schema } from "../database/schema.ts";
import { createMasterdataRoutes } from "../routes.ts";

export interface World {
  readonly db: Db;
  readonly url: string;
  readonly projects: Client<typeof masterdata.ProjectService>;
  readonly tenants: Client<typeof masterdata.TenantService>;
  readonly projectMembers: Client<typeof masterdata.ProjectMemberService>;
  readonly tenantMembers: Client<typeof masterdata.TenantMemberService>;
  readonly versions: Client<typeof masterdata.VersionService>;
  readonly health: Client<typeof health.Health>;
  /** What went wrong inside. */
  readonly log: string[];
  /** Removes every entity and its history. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** @param guards of all services */
export async function createWorld(guards: readonly Interceptor[] = []): Promise<World> {
  const { db, url, drop } = await testDatabase<Schema>(MIGRATIONS);
  const log: string[] = [];
  const error = (details: object) => void log.push(String((details as { err: unknown }).err));
  const transport = createRouterTransport(createMasterdataRoutes(db, { error }, guards));
  return {
    db,
    url,
    log,
    projects: createClient(masterdata.ProjectService, transport),
    tenants: createClient(masterdata.TenantService, transport),
    projectMembers: createClient(masterdata.ProjectMemberService, transport),
    tenantMembers: createClient(masterdata.TenantMemberService, transport),
    versions: createClient(masterdata.VersionService, transport),
    health: createClient(health.Health, transport),
    empty: async () => {
      for (const table of ["project_members", "tenant_members", "projects", "tenants", "history"] as const)
        await db.deleteFrom(table).execute();
    },
    close: drop,
  };
}
