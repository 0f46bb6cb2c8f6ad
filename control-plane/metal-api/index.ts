// What the one-process mode needs of metal-api.
export { readConfig } from "./config.ts";
export { createMasterdata } from "./masterdata.ts";
export { serveMetalApi } from "./serve.ts";
