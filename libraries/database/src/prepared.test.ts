import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openDatabase } from "./open.ts";
import { testDatabase } from "./testing.ts";

test("a plan that was made for an empty table does not read all of a large one", async () => {
  const empty = mkdtempSync(join(tmpdir(), "prepared-"));
  const database = await testDatabase<object>(empty);
  rmSync(empty, { recursive: true });
  const db = openDatabase<object>(database.url, { maxConnections: 1, prepare: true });
  await sql`create table large (id int primary key)`.execute(db);
  await sql`analyze large`.execute(db);
  await sql`prepare one(int) as select id from large where id = $1`.execute(db);
  for (let n = 0; n < 10; n++) await sql`execute one(1)`.execute(db);
  const { rows } = await sql<Record<string, string>>`explain execute one(1)`.execute(db);
  expect(JSON.stringify(rows)).toMatch(/Index|Bitmap/);
  await db.destroy();
  await database.drop();
});

test("statements with parameters are prepared once, and still give what they should", async () => {
  const empty = mkdtempSync(join(tmpdir(), "prepared-"));
  const database = await testDatabase<object>(empty);
  rmSync(empty, { recursive: true });
  const db = openDatabase<object>(database.url, { maxConnections: 1, prepare: true });
  const double = async (n: number) => (await sql<{ n: number }>`select 2 * ${n}::int as n`.execute(db)).rows[0]!.n;
  for (const n of [1, 2, 3]) expect(await double(n)).toBe(2 * n);
  // A refused one prepares nothing, a change of a table is seen.
  await expect(sql`select ${1}::int as n from nowhere`.execute(db)).rejects.toMatchObject({ code: "42P01" });
  await sql`create table nowhere (name text)`.execute(db);
  await sql`insert into nowhere values (${"one"})`.execute(db);
  expect((await sql`select ${1}::int as n from nowhere`.execute(db)).rows).toEqual([{ n: 1 }]);
  await db.transaction().execute(async (tx) => void (await sql`insert into nowhere values (${"two"})`.execute(tx)));

  const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(db);
  expect(rows.map((row) => row.statement)).toEqual(
    expect.arrayContaining(["select 2 * $1::int as n", "insert into nowhere values ($1)"]),
  );
  expect(rows.length).toBe(new Set(rows.map((row) => row.statement)).size);
  // However many different ones there are, PostgreSQL keeps only so many.
  for (let n = 0; n < 300; n++) await sql`select ${n}::int as ${sql.id(`column ${n}`)}`.execute(db);
  const kept = await sql`select from pg_prepared_statements`.execute(db);
  expect(kept.rows.length).toBe(200);
  await db.destroy();
  await database.drop();
});
