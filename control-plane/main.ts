// The whole control plane in one process: metal-api and masterdata-api, on one embedded PostgreSQL unless URLs are given.
// Settings: those of metal-api, and MASTERDATA_API_DATABASE_URL; without that and without an embedded PostgreSQL, masterdata
// gets a schema of its own in metal-api's database.
import { createRouterTransport } from "@connectrpc/connect";
import { migrate, openDatabase, provideDatabase } from "@metal-stack/database";
import {
  createMasterdataRoutes,
  inOwnSchema,
  MIGRATIONS,
  type Schema,
  SETTINGS as MASTERDATA_SETTINGS,
} from "@metal-stack/masterdata-api";
import { createMasterdata, readConfig, readKeyring, serveMetalApi, SETTINGS } from "@metal-stack/metal-api";
import { Environment, runService, stopped } from "@metal-stack/service";

await runService("control-plane", async ({ log, signal }) => {
  const environment = Environment.read(SETTINGS, log);
  const config = readConfig(environment);
  const keyring = readKeyring(environment, log);
  const directory = environment.optional("EMBEDDED_POSTGRES_DIR");
  const masterdataUrl = new Environment(MASTERDATA_SETTINGS).optional("DATABASE_URL");
  const closing: (() => Promise<void>)[] = [];
  try {
    const metal = await provideDatabase({
      url: environment.optional("DATABASE_URL"),
      directory,
      database: "metal",
      log,
    });
    closing.push(() => metal.stop());
    const url = masterdataUrl ?? (directory === undefined ? await inOwnSchema(metal.url) : undefined);
    const provided = await provideDatabase({ url, directory, database: "masterdata", log });
    closing.push(() => provided.stop());

    const db = openDatabase<Schema>(provided.url);
    closing.push(() => db.destroy());
    for (const file of await migrate(db, MIGRATIONS)) log.info({ file }, "migrated masterdata");
    const masterdata = createMasterdata(createRouterTransport(createMasterdataRoutes(db, log)));

    const api = await serveMetalApi(config, { databaseUrl: metal.url, keyring, masterdata, log, signal });
    closing.push(() => api.close());
    await stopped(signal);
  } finally {
    for (const close of closing.reverse()) await close();
  }
});
