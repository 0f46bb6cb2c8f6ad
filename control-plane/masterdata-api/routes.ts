// All services of masterdata-api on a connect router: for its own server, and for the one-process mode's in-memory transport.
import type { ConnectRouter } from "@connectrpc/connect";
import { health, masterdata } from "@metal-stack/protocol";
import { sql } from "kysely";
import type { Db } from "./database/schema.ts";
import { projectMemberService, tenantMemberService } from "./members/service.ts";
import { projectService } from "./projects/service.ts";
import { tenantService } from "./tenants/service.ts";

const VERSION = { version: "v0.1.0", revision: "", gitSha1: "", buildDate: "" };

export function createMasterdataRoutes(db: Db): (router: ConnectRouter) => void {
  return (router) => {
    router.service(masterdata.ProjectService, projectService(db));
    router.service(masterdata.TenantService, tenantService(db));
    router.service(masterdata.ProjectMemberService, projectMemberService(db));
    router.service(masterdata.TenantMemberService, tenantMemberService(db));
    router.service(masterdata.VersionService, { get: () => VERSION });
    router.service(health.Health, {
      async check() {
        const serving = await sql`select 1`.execute(db).then(
          () => true,
          () => false,
        );
        const { SERVING, NOT_SERVING } = health.HealthCheckResponse_ServingStatus;
        return { status: serving ? SERVING : NOT_SERVING };
      },
    });
  };
}
