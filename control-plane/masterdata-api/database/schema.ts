import { join } from "node:path";
import type { Json } from "@metal-stack/database";
import type { ColumnType, Generated, Kysely, Transaction } from "kysely";

/** A protobuf message in its JSON form with the proto's field names. */
export type Document = Record<string, unknown>;

interface EntityTable {
  id: string;
  version: number;
  document: Json<Document>;
}

export interface Schema {
  tenants: EntityTable;
  projects: EntityTable & { tenant_id: Generated<string> };
  project_members: EntityTable & { project_id: Generated<string>; tenant_id: Generated<string> };
  tenant_members: EntityTable & { tenant_id: Generated<string>; member_id: Generated<string> };
  history: {
    sequence: Generated<number>;
    kind: string;
    id: string;
    op: "C" | "U" | "D";
    /** Written as text, because a Date has no microseconds. */
    at: ColumnType<Date, string, never>;
    document: Json<Document>;
  };
}

export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** The folder of masterdata-api's migrations. */
export const MIGRATIONS = join(import.meta.dirname, "migrations");
