// The service as a whole: database, the port for clients, the port for metrics; started and stopped as one.
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { migrate, openDatabase } from "@metal-stack/database";
import { ipamMigrations } from "@metal-stack/ipam";
import { CallMetrics, type Logger, retry, serveMetrics } from "@metal-stack/service";
import { listen } from "./listen.ts";
import { createIpamRoutes } from "./routes.ts";

/** A dump of a million addresses has about 30 MB. */
const REQUEST_LIMIT_BYTES = 128 * 1024 * 1024;

/** "host:port"; without a host it is all of the machine's addresses. */
export interface Endpoint {
  readonly host: string | undefined;
  readonly port: number;
}

export interface IpamServer {
  readonly port: number;
  readonly metricsPort: number;
  close(): Promise<void>;
}

/** Waits for the database, migrates it, and serves. Aborting `signal` ends the waiting. */
export async function serveIpam(settings: {
  readonly databaseUrl: string;
  readonly endpoint: Endpoint;
  readonly metricsEndpoint: Endpoint;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<IpamServer> {
  const { databaseUrl, endpoint, metricsEndpoint, log, signal } = settings;
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const db = openDatabase<object>(databaseUrl, { prepare: true });
    closing.push(() => db.destroy());
    const migrated = await retry(
      () => migrate(db, ipamMigrations),
      (error, ms) => log.warn({ err: error }, `the database is not ready, trying again in ${ms} ms`),
      signal,
    );
    for (const file of migrated) log.info({ file }, "migrated");
    const calls = new CallMetrics();
    const metrics = await serveMetrics(calls, metricsEndpoint.host, metricsEndpoint.port);
    closing.push(() => metrics.close());
    const handler = connectNodeAdapter({
      routes: createIpamRoutes(db),
      interceptors: [calls.interceptor],
      readMaxBytes: REQUEST_LIMIT_BYTES,
    });
    const server = await listen(handler, endpoint.host, endpoint.port);
    closing.push(() => server.close());
    log.info({ port: server.port, metricsPort: metrics.port }, "serving");
    return { port: server.port, metricsPort: metrics.port, close };
  } catch (error) {
    await close();
    throw error;
  }
}
