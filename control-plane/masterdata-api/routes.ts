// All services of masterdata-api on a connect router: for its own server, and for the one-process mode's in-memory transport.
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { health, masterdata, reflection } from "@metal-stack/protocol";
import type { Db } from "./database/schema.ts";
import { type ErrorLog, readableErrors } from "./errors.ts";
import { healthService } from "./health.ts";
import { projectMemberService, tenantMemberService } from "./members/service.ts";
import { projectService } from "./projects/service.ts";
import { tenantService } from "./tenants/service.ts";

const VERSION = { version: "v0.1.0", revision: "", gitSha1: "", buildDate: "" };

/** @param guards who may call; they see every request first, that for health too */
export function createMasterdataRoutes(
  db: Db,
  log: ErrorLog,
  guards: readonly Interceptor[] = [],
): (router: ConnectRouter) => void {
  // The interceptors of a service replace those of its router, so all of them are named here.
  const options = { interceptors: [...guards, readableErrors(log)] };
  const reflected = reflection.reflectionOf([
    masterdata.ProjectService,
    masterdata.TenantService,
    masterdata.ProjectMemberService,
    masterdata.TenantMemberService,
    masterdata.VersionService,
    health.Health,
  ]);
  return (router) => {
    router.service(reflection.ServerReflection, reflected, options);
    router.service(reflection.ServerReflectionV1Alpha, reflected, options);
    router.service(masterdata.ProjectService, projectService(db), options);
    router.service(masterdata.TenantService, tenantService(db), options);
    router.service(masterdata.ProjectMemberService, projectMemberService(db), options);
    router.service(masterdata.TenantMemberService, tenantMemberService(db), options);
    router.service(masterdata.VersionService, { get: () => VERSION }, options);
    router.service(health.Health, healthService(db), options);
  };
}
