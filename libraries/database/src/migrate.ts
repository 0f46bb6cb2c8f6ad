import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";

/** Any constant will do, as long as nobody else uses it: "metal". */
const MIGRATION_LOCK = 0x6d6574616c;
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

interface Migration {
  readonly number: number;
  readonly file: string;
}

/** The migrations in a folder, by number. Throws when a file is misnamed or a number is used twice. */
export async function migrationsIn(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const migrations = files.map((file) => {
    const match = FILE_NAME.exec(file);
    if (!match) throw new Error(`${join(folder, file)} must be named <four digits>-<words>.sql`);
    return { number: Number(match[1]), file };
  });
  const twice = migrations.find((migration, index) => migrations[index - 1]?.number === migration.number);
  if (twice) throw new Error(`two migrations have the number of ${join(folder, twice.file)}`);
  return migrations;
}

/**
 * Brings a database up to the newest migration in `folder`: plain `.sql` files named `0001-what.sql`, forward only, each
 * in a transaction of its own. Several processes may call it at once; one works, the others wait. Returns the files run.
 * Throws when the database is newer than the folder (an older release must not write into it).
 */
export async function migrate<Schema>(db: Kysely<Schema>, folder: string): Promise<string[]> {
  const migrations = await migrationsIn(folder);
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(connection);
    try {
      return await runMissing(connection, folder, migrations);
    } finally {
      await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`.execute(connection);
    }
  });
}

async function runMissing<Schema>(
  db: Kysely<Schema>,
  folder: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  await sql`create table if not exists migrations (
    number integer primary key, file text not null, run timestamptz not null default now())`.execute(db);
  const { rows } = await sql<{ number: number; file: string }>`select number, file from migrations`.execute(db);
  const newest = migrations.at(-1)?.number ?? 0;
  const unknown = rows.find((row) => row.number > newest);
  if (unknown) {
    throw new Error(`the database is at migration ${unknown.file}, which this release does not know: use a newer one`);
  }
  const done = new Set(rows.map((row) => row.number));
  const missing = migrations.filter((migration) => !done.has(migration.number));
  for (const { number, file } of missing) {
    const text = await readFile(join(folder, file), "utf8");
    await db.transaction().execute(async (tx) => {
      await sql.raw(text).execute(tx);
      await sql`insert into migrations (number, file) values (${number}, ${file})`.execute(tx);
    });
  }
  return missing.map((migration) => migration.file);
}
