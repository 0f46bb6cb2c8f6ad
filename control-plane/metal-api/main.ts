// metal-api as a process of its own; masterdata-api is another. Settings: settings.ts.
import { provideDatabase } from "@metal-stack/database";
import { Environment, grpcTransport, runService, stopped } from "@metal-stack/service";
import { readConfig } from "./config.ts";
import { createMasterdata, signer } from "./masterdata.ts";
import { readKeyring } from "./secrets/key-file.ts";
import { serveMetalApi } from "./serve.ts";
import { SETTINGS } from "./settings.ts";

await runService("metal-api", async ({ log, signal }) => {
  const environment = Environment.read(SETTINGS, log);
  const config = readConfig(environment);
  const keyring = readKeyring(environment, log);
  const credentials = {
    ca: environment.file("MASTERDATA_CAPATH"),
    cert: environment.file("MASTERDATA_CERTPATH"),
    key: environment.file("MASTERDATA_CERTKEYPATH"),
  };
  const sign = signer(environment.secret("MASTERDATA_HMAC"), () => new Date());
  const masterdata = createMasterdata(grpcTransport(environment.text("MASTERDATA_ADDRESS"), credentials, [sign]));
  const database = await provideDatabase({
    url: environment.optional("DATABASE_URL"),
    directory: environment.optional("EMBEDDED_POSTGRES_DIR"),
    database: "metal",
    log,
  });
  try {
    const api = await serveMetalApi(config, { databaseUrl: database.url, keyring, masterdata, log, signal });
    await stopped(signal);
    await api.close();
  } finally {
    await database.stop();
  }
});
