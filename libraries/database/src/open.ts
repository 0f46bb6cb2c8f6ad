import { Kysely, PostgresDialect } from "kysely";
import { type ClientConfig, type CustomTypesConfig, Pool, types as pgTypes } from "pg";
import { preparingClient } from "./prepared.ts";

/** Enough for one service; PostgreSQL's own default limit is 100 for everybody together. */
const MAX_CONNECTIONS = 10;
/** Some hundred commands at once wait their turn; longer than this, and the caller gets an error. */
const CONNECT_TIMEOUT_MS = 60_000;

/** bigint columns are numbers here; a value that a double cannot hold is an error, not a rounded number. */
export function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit into a JavaScript number`);
  return value;
}

const types: CustomTypesConfig = {
  getTypeParser: (id, format) =>
    id === pgTypes.builtins.INT8 && format !== "binary" ? parseBigint : pgTypes.getTypeParser(id, format),
};

/** How a URL of ours becomes pg's configuration; an embedded server is reached through a socket directory (`?host=`). */
export function connectionConfig(url: string): ClientConfig {
  return { connectionString: url, types };
}

/**
 * A pool of connections. Lost idle connections are replaced silently; queries during an outage fail and may be retried.
 * `destroy()` closes it. Never use the outer handle inside a transaction: it would wait for a second connection.
 * With `prepare` statements with parameters are planned once a connection, not each time.
 * @param url "postgres://user:password@host:port/database", or with `?host=/socket/directory`
 */
export function openDatabase<Schema>(
  url: string,
  options: { maxConnections?: number; prepare?: boolean } = {},
): Kysely<Schema> {
  const pool = new Pool({
    ...connectionConfig(url),
    ...(options.prepare === true ? { Client: preparingClient() } : {}),
    max: options.maxConnections ?? MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener a lost idle connection would end the process; the pool has already dropped it.
  pool.on("error", () => undefined);
  // The same for a connection that is lost while it is in use; its query, or the next one, fails.
  pool.on("connect", (client) => client.on("error", () => undefined));
  // A kept plan may be older than the rows: made for a table that was nearly empty, it would read all of a large one.
  if (options.prepare === true)
    pool.on("connect", (client) => void client.query("set enable_seqscan = off").catch(() => undefined));
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}
