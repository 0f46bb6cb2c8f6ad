// Databases for tests: one server for everybody on this machine who tests at the moment, one template for a set of
// migrations, one database a test file. The server ends with the last thread that uses it.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { EmbeddedPostgres } from "./embedded/server.ts";
import { migrate, migrationsIn } from "./migrate.ts";
import { openDatabase } from "./open.ts";

export interface TestDatabase<Schema> {
  readonly url: string;
  readonly db: Kysely<Schema>;
  /** Closes `db` and removes the database. */
  drop(): Promise<void>;
}

interface TestServer {
  readonly server: EmbeddedPostgres;
  readonly maintenance: Kysely<unknown>;
  /** Distinguishes this run of the server; databases of earlier runs are left-overs of crashed tests. */
  readonly run: string;
}

const TEMPLATE_LOCK = 0x74657374;
let started: Promise<TestServer> | undefined;

/** A database of its own with these migrations applied, from a template: about 30 ms after the first. */
export async function testDatabase<Schema>(migrationsFolder: string): Promise<TestDatabase<Schema>> {
  started ??= startServer().catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  const testServer = await started;
  const template = await templateOf(testServer, migrationsFolder);
  const name = `test_${testServer.run}_${randomBytes(6).toString("hex")}`;
  await sql`create database ${sql.id(name)} template ${sql.id(template)}`.execute(testServer.maintenance);
  const url = testServer.server.urlOf(name);
  const db = openDatabase<Schema>(url);
  return {
    url,
    db,
    drop: async () => {
      await db.destroy();
      await sql`drop database if exists ${sql.id(name)} with (force)`.execute(testServer.maintenance);
    },
  };
}

async function startServer(): Promise<TestServer> {
  const server = await EmbeddedPostgres.start({ directory: testDirectory(), durable: false });
  const maintenance = openDatabase<unknown>(server.urlOf("postgres"), { maxConnections: 1 });
  const { rows } = await sql<{ run: string }>`
    select extract(epoch from pg_postmaster_start_time())::bigint::text as run`.execute(maintenance);
  const run = rows[0]!.run;
  const old = await sql<{ name: string }>`
    select datname as name from pg_database
    where datname ~ '^(test|template)_' and datname !~ ${`^(test|template)_${run}_`}`.execute(maintenance);
  for (const { name } of old.rows) {
    await sql`drop database if exists ${sql.id(name)} with (force)`.execute(maintenance);
  }
  return { server, maintenance, run };
}

/** One a user, and one a user namespace: files of the one are not writable in the other. */
function testDirectory(): string {
  const who = `${process.getuid?.() ?? 0}:${readFileSync("/proc/self/uid_map", "utf8")}`;
  const hash = createHash("sha256").update(who).digest("hex").slice(0, 8);
  return join(tmpdir(), `metal-test-postgres-${hash}`);
}

async function templateOf({ server, maintenance, run }: TestServer, folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const { file } of await migrationsIn(folder)) hash.update(file).update(await readFile(join(folder, file)));
  const name = `template_${run}_${hash.digest("hex").slice(0, 12)}`;
  return maintenance.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${TEMPLATE_LOCK})`.execute(connection);
    try {
      const { rows } = await sql`select from pg_database where datname = ${name}`.execute(connection);
      if (rows.length > 0) return name;
      await makeTemplate(server, connection, folder, name);
      return name;
    } finally {
      await sql`select pg_advisory_unlock(${TEMPLATE_LOCK})`.execute(connection);
    }
  });
}

/** Made under another name first, so that a template that exists is complete. */
async function makeTemplate(
  server: EmbeddedPostgres,
  connection: Kysely<unknown>,
  folder: string,
  name: string,
): Promise<void> {
  const unfinished = `${name}_unfinished`;
  await sql`drop database if exists ${sql.id(unfinished)} with (force)`.execute(connection);
  await sql`create database ${sql.id(unfinished)}`.execute(connection);
  const db = openDatabase<unknown>(server.urlOf(unfinished), { maxConnections: 1 });
  try {
    await migrate(db, folder);
  } finally {
    await db.destroy();
  }
  await sql`alter database ${sql.id(unfinished)} rename to ${sql.id(name)}`.execute(connection);
}
