// Our own server on a database of its own, for tests.
import { testDatabase } from "@metal-stack/database";
import { ipamMigrations } from "@metal-stack/ipam";
import { createLogger } from "@metal-stack/service";
import type { Kysely } from "kysely";
import { serveIpam } from "../serve.ts";

export interface TestServer {
  readonly url: string;
  readonly metricsUrl: string;
  readonly db: Kysely<object>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const database = await testDatabase<object>(ipamMigrations);
  const log = createLogger("ipam");
  log.level = "warn";
  const loopback = { host: "127.0.0.1", port: 0 };
  const server = await serveIpam({
    databaseUrl: database.url,
    endpoint: loopback,
    metricsEndpoint: loopback,
    log,
    signal: new AbortController().signal,
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    metricsUrl: `http://127.0.0.1:${server.metricsPort}/metrics`,
    db: database.db,
    stop: async () => {
      await server.close();
      await database.drop();
    },
  };
}
