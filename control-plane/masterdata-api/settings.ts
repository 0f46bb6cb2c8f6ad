// Every setting of masterdata-api, named as the original's (reference/platform-services.md 2.1), and where masterdata is kept.
import { openDatabase } from "@metal-stack/database";
import { declareSettings, type EnvironmentOf } from "@metal-stack/service";
import { sql } from "kysely";

export const SETTINGS = declareSettings("MASTERDATA_API_", {
  BIND_ADDR: { about: "address that gRPC and /metrics listen on", default: "127.0.0.1" },
  PORT: { about: "TCP port of gRPC; 0 picks a free one", default: 50051 },
  METRICS_PORT: { about: "TCP port of /metrics; 0 picks a free one", default: 2112 },
  CA: { about: "file with the CA of clients" },
  CERT: { about: "file with our certificate" },
  CERTKEY: { about: "file with its key" },
  HMACKEY: { about: "key that clients sign with" },
  INITDB_DIR: { about: "folder with tenants and projects to begin with", default: "initdb.d" },
  DATABASE_URL: { about: "URL of a PostgreSQL, in place of …DBHOST and the like", unset: "those" },
  EMBEDDED_POSTGRES_DIR: {
    about: "folder of a PostgreSQL of our own, which may be metal-api's; in place of a database by URL or DBHOST",
    unset: "none",
  },
  DBHOST: { about: "host, or folder of the socket, of a PostgreSQL", default: "localhost" },
  DBPORT: { about: "its TCP port", default: 5432 },
  DBUSER: { about: "user", default: "masterdata" },
  DBPASSWORD: { about: "password", unset: "none" },
  DBNAME: { about: "database", default: "masterdata" },
  DBSSLMODE: { about: "as libpq's sslmode", default: "disable" },
});

const OWN_SCHEMA = "masterdata";

/**
 * The database by URL, or by the original's DB… settings with its defaults once one of them is set; undefined when none is.
 * DBHOST may be the directory of a socket.
 */
export function databaseUrl(environment: EnvironmentOf<typeof SETTINGS>): string | undefined {
  const url = environment.optional("DATABASE_URL");
  const names = ["DBHOST", "DBPORT", "DBUSER", "DBPASSWORD", "DBNAME", "DBSSLMODE"] as const;
  if (url !== undefined || names.every((name) => environment.optional(name) === undefined)) return url;
  const setting = (name: (typeof names)[number]) => encodeURIComponent(environment.text(name));
  const password = environment.optional("DBPASSWORD") === undefined ? "" : `:${setting("DBPASSWORD")}`;
  const query = `host=${setting("DBHOST")}&sslmode=${setting("DBSSLMODE")}&port=${environment.integer("DBPORT", 1, 65535)}`;
  return `postgres://${setting("DBUSER")}${password}@/${setting("DBNAME")}?${query}`;
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
