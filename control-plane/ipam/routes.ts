// The IPAM, the health service (grpc.health.v1) and server reflection on a connect router.
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { health, ipam, reflection } from "@metal-stack/protocol";
import { type Kysely, sql } from "kysely";
import { ipamService } from "./service.ts";

/** What a health check may ask for; empty is the process as a whole. */
const SERVICES: readonly string[] = ["", ipam.IpamService.typeName];

export function createIpamRoutes(db: Kysely<object>): (router: ConnectRouter) => void {
  const reflected = reflection.reflectionOf([ipam.IpamService, health.Health]);
  return (router) => {
    router.service(reflection.ServerReflection, reflected);
    router.service(reflection.ServerReflectionV1Alpha, reflected);
    router.service(ipam.IpamService, ipamService(db));
    router.service(health.Health, {
      async check({ service }) {
        if (!SERVICES.includes(service)) throw new ConnectError(`unknown service ${service}`, Code.NotFound);
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
