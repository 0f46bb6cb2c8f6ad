// What the one-process mode needs of masterdata-api.
export { MIGRATIONS, type Schema } from "./database/schema.ts";
export { createMasterdataRoutes } from "./routes.ts";
export { inOwnSchema, SETTINGS } from "./settings.ts";
