// metal-api's side towards agents as a process of its own, for tests that kill it. Settings as of metal-api, and
// METAL_API_DATABASE_URL; says "port <number>" on its standard error when it serves.
import { Notifications, openDatabase } from "@metal-stack/database";
import { Environment, runService } from "@metal-stack/service";
import { readConfig } from "../config.ts";
import type { Schema } from "../database/schema.ts";
import { serveAgents } from "../grpc/serve.ts";
import { TEST_KEYRING } from "./keyring.ts";
import { noMasterdata } from "./world.ts";

await runService("metal-api", async ({ log, signal }) => {
  const environment = new Environment("METAL_API_");
  const url = environment.text("DATABASE_URL");
  const context = {
    db: openDatabase<Schema>(url),
    notifications: new Notifications(url),
    masterdata: noMasterdata,
    log,
    config: readConfig(environment),
    keyring: TEST_KEYRING,
    clock: () => new Date(),
  };
  const server = await serveAgents(context);
  process.stderr.write(`port ${server!.port}\n`);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await server!.close();
});
