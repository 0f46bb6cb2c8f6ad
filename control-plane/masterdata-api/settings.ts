// Where masterdata is kept.
import { openDatabase } from "@metal-stack/database";
import type { Environment } from "@metal-stack/service";
import { sql } from "kysely";

const OWN_SCHEMA = "masterdata";

/**
 * The database by URL, or by the original's DB… settings with its defaults once one of them is set; undefined when none is.
 * DBHOST may be the directory of a socket.
 */
export function databaseUrl(environment: Environment): string | undefined {
  const url = environment.optional("DATABASE_URL");
  const names = ["DBHOST", "DBPORT", "DBUSER", "DBPASSWORD", "DBNAME", "DBSSLMODE"];
  if (url !== undefined || names.every((name) => environment.optional(name) === undefined)) return url;
  const setting = (name: string, fallback: string) => encodeURIComponent(environment.text(name, fallback));
  const user = setting("DBUSER", "masterdata");
  const password = environment.optional("DBPASSWORD") === undefined ? "" : `:${setting("DBPASSWORD", "")}`;
  const query = `host=${setting("DBHOST", "localhost")}&sslmode=${setting("DBSSLMODE", "disable")}`;
  const port = environment.integer("DBPORT", 5432, 1, 65535);
  return `postgres://${user}${password}@/${setting("DBNAME", "masterdata")}?${query}&port=${port}`;
}

/** The same database, but with everything in a schema of its own, for those who share one. Makes the schema when missing. */
export async function inOwnSchema(url: string): Promise<string> {
  const db = openDatabase<unknown>(url, { maxConnections: 1 });
  try {
    await sql`create schema if not exists ${sql.id(OWN_SCHEMA)}`.execute(db);
  } finally {
    await db.destroy();
  }
  const options = encodeURIComponent(`-c search_path=${OWN_SCHEMA}`);
  return `${url}${url.includes("?") ? "&" : "?"}options=${options}`;
}
