// The API's document without an API: routes are registered, but nothing is connected, so none of them could be called.
import { createRouterTransport } from "@connectrpc/connect";
import { createLogger, Environment } from "@metal-stack/service";
import { readConfig } from "../config.ts";
import type { Context } from "../context.ts";
import { createMasterdata } from "../masterdata.ts";
import { SETTINGS } from "../settings.ts";
import { apiDocument } from "./document.ts";
import { restModules } from "./modules.ts";
import { createRestServer } from "./server.ts";

/** @param basePath starts and ends with a slash */
export async function apiDocumentOf(basePath: string): Promise<unknown> {
  const settings = { METAL_API_BASE_PATH: basePath, METAL_API_ALLOW_DEFAULT_KEYS: "true" };
  const config = readConfig(new Environment(SETTINGS, settings));
  const masterdata = createMasterdata(createRouterTransport(() => undefined));
  const parts = { config, masterdata, log: createLogger("metal-api"), clock: () => new Date() };
  const app = createRestServer(parts as unknown as Context, restModules);
  await app.ready();
  const document = apiDocument(app);
  await app.close();
  return document;
}
