// metal-api as a process of its own, for tests that kill it or start several. Settings as of metal-api, and
// METAL_API_DATABASE_URL; says "serving <REST port> <gRPC port>" on its standard error when it serves.
import { Environment, runService } from "@metal-stack/service";
import { readConfig } from "../config.ts";
import { serveMetalApi } from "../serve.ts";
import { SETTINGS } from "../settings.ts";
import { TEST_KEYRING } from "./keyring.ts";
import { noMasterdata } from "./world.ts";

await runService("metal-api", async ({ log, signal }) => {
  const environment = new Environment(SETTINGS);
  const databaseUrl = environment.text("DATABASE_URL");
  const config = readConfig(environment);
  const api = await serveMetalApi(config, {
    databaseUrl,
    keyring: TEST_KEYRING,
    masterdata: noMasterdata,
    log,
    signal,
  });
  process.stderr.write(`serving ${api.restPort} ${api.grpcPort ?? ""}\n`);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await api.close();
});
