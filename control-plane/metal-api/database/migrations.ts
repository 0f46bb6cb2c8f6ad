import { fileURLToPath } from "node:url";

/** The folder of metal-api's migrations, for `migrate` and `testDatabase`. */
export const MIGRATIONS = fileURLToPath(new URL("./migrations", import.meta.url));
