// metal-api as a whole: database, REST, gRPC and metrics, started and stopped as one.
import type { AddressInfo } from "node:net";
import { migrate, Notifications, openDatabase } from "@metal-stack/database";
import { type Logger, retry } from "@metal-stack/service";
import { keepAuditTrailShort } from "./audit/retention.ts";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import { MIGRATIONS } from "./database/migrations.ts";
import type { Schema } from "./database/schema.ts";
import { serveAgents } from "./grpc/serve.ts";
import type { Masterdata } from "./masterdata.ts";
import { RequestMetrics } from "./metrics/requests.ts";
import { serveMetrics } from "./metrics/server.ts";
import type { App } from "./rest/app.ts";
import { restModules } from "./rest/modules.ts";
import { createRestServer } from "./rest/server.ts";
import type { Keyring } from "./secrets/keyring.ts";
import { resealSecrets } from "./secrets/reseal.ts";
import { runVpnWorker } from "./vpn/worker.ts";

/** Requests in flight at the end get this long. */
const DRAIN_MS = 10_000;

export interface MetalApi {
  readonly restPort: number;
  /** Undefined when no certificates are configured. */
  readonly grpcPort: number | undefined;
  readonly metricsPort: number;
  /** Refuses new requests, lets those in flight finish, and closes everything. */
  close(): Promise<void>;
}

/** Waits for the database, migrates it, leaves no secret readable in it, and serves. Aborting `signal` ends the waiting. */
export async function serveMetalApi(
  config: Config,
  parts: { databaseUrl: string; keyring: Keyring; masterdata: Masterdata; log: Logger; signal: AbortSignal },
): Promise<MetalApi> {
  const { databaseUrl, keyring, masterdata, log, signal } = parts;
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const db = openDatabase<Schema>(databaseUrl);
    closing.push(() => db.destroy());
    const migrated = await retry(
      () => migrate(db, MIGRATIONS),
      (error, ms) => log.warn({ err: error }, `the database is not ready, trying again in ${ms} ms`),
      signal,
    );
    for (const file of migrated) log.info({ file }, "migrated");
    const sealed = await resealSecrets(db, keyring);
    if (sealed > 0) log.info({ secrets: sealed }, "sealed secrets in the database with the newest key");
    const notifications = new Notifications(databaseUrl, (error) =>
      log.warn({ err: error }, "lost the connection that listens for changes, connecting again"),
    );
    closing.push(() => notifications.close());
    const context: Context = { db, notifications, masterdata, log, config, keyring, clock: () => new Date() };
    const auditTrail = keepAuditTrailShort(context);
    closing.push(async () => auditTrail());

    const requests = new RequestMetrics();
    const metrics = await serveMetrics(config.metricsBindAddress, config.metricsPort, () => requests.families());
    closing.push(() => metrics.close());
    // With connections of their own: whatever comes over REST, they never wait for one of its.
    const agentsDb = openDatabase<Schema>(databaseUrl);
    closing.push(() => agentsDb.destroy());
    const agents = await serveAgents({ ...context, db: agentsDb });
    if (agents) closing.push(() => agents.close());
    const rest = createRestServer(context, restModules, (request) => requests.observe(request));
    closing.push(() => drain(rest));
    await rest.listen({ host: config.bindAddress, port: config.port });
    const restPort = (rest.server.address() as AddressInfo).port;
    const stopping = new AbortController();
    const vpn = runVpnWorker(context, stopping.signal);
    closing.push(() => (stopping.abort(), vpn));
    log.info({ address: config.bindAddress, port: restPort, basePath: config.basePath }, "serving REST");
    return { restPort, grpcPort: agents?.port, metricsPort: metrics.port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function drain(rest: App): Promise<void> {
  const impatient = setTimeout(() => rest.server.closeAllConnections(), DRAIN_MS);
  await rest.close();
  clearTimeout(impatient);
}
