import type { Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";

/** What every entity of the API has. */
export interface Entity {
  id: string;
  name: Generated<string>;
  description: Generated<string>;
  created: Timestamp;
  changed: Timestamp;
  version: Generated<number>;
}
