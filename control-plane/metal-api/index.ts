// What the one-process mode needs of metal-api.
export { readConfig } from "./config.ts";
export { createMasterdata } from "./masterdata.ts";
export { readKeyring } from "./secrets/key-file.ts";
export { serveMetalApi } from "./serve.ts";
export { SETTINGS } from "./settings.ts";
