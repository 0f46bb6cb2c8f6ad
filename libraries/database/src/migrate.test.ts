import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrate, migrationsIn } from "./migrate.ts";
import { openDatabase } from "./open.ts";
import { testDatabase, type TestDatabase } from "./testing.ts";

let empty: string;
let test: TestDatabase<unknown>;

beforeAll(async () => {
  empty = folder({});
  test = await testDatabase(empty);
});
afterAll(async () => {
  await test.drop();
  rmSync(empty, { recursive: true });
});

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "metal-migrations-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

async function tables(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_name <> 'migrations' order by 1`.execute(test.db);
  return rows.map(({ name }) => name);
}

describe("migrations", () => {
  const first = { "0001-first.sql": "create table first (id text); insert into first values ('one');" };
  const second = { "0002-second.sql": "create table second (id text);" };

  it("run once, in order, also when three processes start together", async () => {
    const path = folder({ ...first, ...second });
    const others = [openDatabase(test.url), openDatabase(test.url)];
    const runs = await Promise.all([test.db, ...others].map((db) => migrate(db, path)));
    await Promise.all(others.map((db) => db.destroy()));
    expect(runs.flat()).toEqual(["0001-first.sql", "0002-second.sql"]);
    expect(await tables()).toEqual(["first", "second"]);
    expect(await migrate(test.db, path)).toEqual([]);
  });

  it("leave nothing of one that fails", async () => {
    const path = folder({ ...first, ...second, "0003-bad.sql": "create table third (id text); select nonsense;" });
    await expect(migrate(test.db, path)).rejects.toThrow(/nonsense/);
    expect(await tables()).toEqual(["first", "second"]);
  });

  it("refuse a database that a newer release has written", async () => {
    await expect(migrate(test.db, folder(first))).rejects.toThrow(/at migration 0002-second.sql.*use a newer one/);
  });

  it("are refused when a file is misnamed or a number used twice", async () => {
    await expect(migrationsIn(folder({ "1-first.sql": "" }))).rejects.toThrow(/must be named/);
    await expect(migrationsIn(folder({ ...first, "0001-again.sql": "" }))).rejects.toThrow(/two migrations/);
  });
});
