// masterdata-api as a process of its own. Settings: settings.ts.
import { createSecureServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { migrate, openDatabase, provideDatabase } from "@metal-stack/database";
import { CallMetrics, Environment, runService, serveMetrics, stopped } from "@metal-stack/service";
import { hmacInterceptor } from "./authentication.ts";
import { MIGRATIONS, type Schema } from "./database/schema.ts";
import { createMasterdataRoutes } from "./routes.ts";
import { applySeeds } from "./seeds.ts";
import { databaseUrl, SETTINGS } from "./settings.ts";

const REQUEST_LIMIT_BYTES = 1024 * 1024;

await runService("masterdata-api", async ({ log, signal }) => {
  const environment = Environment.read(SETTINGS, log);
  const database = await provideDatabase({
    url: databaseUrl(environment),
    directory: environment.optional("EMBEDDED_POSTGRES_DIR"),
    database: "masterdata",
    log,
  });
  const db = openDatabase<Schema>(database.url, { prepare: true });
  for (const file of await migrate(db, MIGRATIONS)) log.info({ file }, "migrated");
  for (const id of await applySeeds(db, environment.text("INITDB_DIR"))) log.info({ id }, "seeded");
  const host = environment.text("BIND_ADDR");
  const calls = new CallMetrics();
  const metrics = await serveMetrics(calls, host, environment.integer("METRICS_PORT", 0, 65535));
  const server = createSecureServer(
    {
      ca: environment.file("CA"),
      cert: environment.file("CERT"),
      key: environment.file("CERTKEY"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
    },
    connectNodeAdapter({
      routes: createMasterdataRoutes(db, log, [calls.interceptor, hmacInterceptor(environment.secret("HMACKEY"))]),
      readMaxBytes: REQUEST_LIMIT_BYTES,
    }),
  );
  const sessions = new Set<{ close(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  const port = environment.integer("PORT", 0, 65535);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  log.info({ address: server.address(), metricsPort: metrics.port }, "serving");
  await stopped(signal);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  await closed;
  await metrics.close();
  await db.destroy();
  await database.stop();
});
