import { sql } from "kysely";
import { afterAll, expect, it } from "vitest";
import { fileURLToPath } from "node:url";
import { testDatabase, type TestDatabase } from "./testing.ts";

const folder = fileURLToPath(new URL("./testdata/migrations", import.meta.url));
const made: TestDatabase<{ notes: { id: number; text: string } }>[] = [];
afterAll(() => Promise.all(made.map((test) => test.drop())));

it("gives every test a migrated database of its own", async () => {
  const [one, two] = await Promise.all([
    testDatabase<{ notes: { id: number; text: string } }>(folder),
    testDatabase<{ notes: { id: number; text: string } }>(folder),
  ]);
  made.push(one, two);
  await one.db.insertInto("notes").values({ id: 1, text: "hello" }).execute();
  expect(await two.db.selectFrom("notes").selectAll().execute()).toEqual([]);
  const { rows } = await sql<{ version: string }>`select version()`.execute(one.db);
  expect(rows[0]!.version).toMatch(/^PostgreSQL/);
});
