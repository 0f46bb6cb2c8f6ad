import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireAddress,
  acquireChildPrefix,
  createPrefix,
  ipamMigrations,
  releaseAddress,
  usageOf,
} from "@metal-stack/ipam";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Pool } from "pg";

export async function standAlone(connectionString: string): Promise<string[]> {
  const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: new Pool({ connectionString }) }) });
  // Once, or by the migration tool of your choice: plain .sql files, in order of their names.
  for (const file of (await readdir(ipamMigrations)).toSorted())
    await sql.raw(await readFile(join(ipamMigrations, file), "utf8")).execute(db);

  const root = await createPrefix(db, "10.0.0.0/16");
  const rack = await acquireChildPrefix(db, root, 26); // "10.0.0.0/26"
  const server = await acquireAddress(db, rack); // "10.0.0.1"
  await releaseAddress(db, rack, server);
  const usage = (await usageOf(db, [rack])).get(rack)!; // { availableIps: 64, usedIps: 2, … }
  await db.destroy();
  return [root, rack, server, String(usage.availableIps)];
}
