// All services of masterdata-api on a connect router: for its own server, and for the one-process mode's in-memory transport.
import type { ConnectRouter } from "@connectrpc/connect";
import { health, masterdata } from "@metal-stack/protocol";
import type { Db } from "./database/schema.ts";
import { type ErrorLog, readableErrors } from "./errors.ts";
import { healthService } from "./health.ts";
import { projectMemberService, tenantMemberService } from "./members/service.ts";
import { projectService } from "./projects/service.ts";
import { tenantService } from "./tenants/service.ts";

const VERSION = { version: "v0.1.0", revision: "", gitSha1: "", buildDate: "" };

export function createMasterdataRoutes(db: Db, log: ErrorLog): (router: ConnectRouter) => void {
  const options = { interceptors: [readableErrors(log)] };
  return (router) => {
    router.service(masterdata.ProjectService, projectService(db), options);
    router.service(masterdata.TenantService, tenantService(db), options);
    router.service(masterdata.ProjectMemberService, projectMemberService(db), options);
    router.service(masterdata.TenantMemberService, tenantMemberService(db), options);
    router.service(masterdata.VersionService, { get: () => VERSION });
    router.service(health.Health, healthService(db));
  };
}
