// The standard health service. As in the original its parts are `initdb` and `migratedb`: both are done before we serve.
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { health } from "@metal-stack/protocol";
import { sql } from "kysely";
import type { Db } from "./database/schema.ts";

const PARTS = ["initdb", "migratedb"];
const { SERVING, NOT_SERVING } = health.HealthCheckResponse_ServingStatus;

export function healthService(db: Db): ServiceImpl<typeof health.Health> {
  const status = async () =>
    sql`select 1`.execute(db).then(
      () => SERVING,
      () => NOT_SERVING,
    );
  return {
    async check({ service }) {
      if (service !== "" && !PARTS.includes(service)) throw new ConnectError("unknown service", Code.NotFound);
      return { status: await status() };
    },
    async list() {
      const now = { status: await status() };
      return { statuses: Object.fromEntries(PARTS.map((part) => [part, now])) };
    },
  };
}
