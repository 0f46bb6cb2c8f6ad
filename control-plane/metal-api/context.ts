// What every room of metal-api is handed instead of importing it: made once, in main.ts or by a test.
import type { Notifications } from "@metal-stack/database";
import type { Logger } from "@metal-stack/service";
import type { Config } from "./config.ts";
import type { Db } from "./database/schema.ts";
import type { Masterdata } from "./masterdata.ts";
import type { Keyring } from "./secrets/keyring.ts";

export interface Context {
  readonly db: Db;
  readonly notifications: Notifications;
  readonly masterdata: Masterdata;
  readonly log: Logger;
  readonly config: Config;
  /** Seals what the database must not show. */
  readonly keyring: Keyring;
  readonly clock: () => Date;
}
