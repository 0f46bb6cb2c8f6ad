// The README shows the examples as they are here, and they do what it says.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addServer } from "./examples/in-a-transaction.ts";
import { manyClients } from "./examples/many-clients.ts";
import { standAlone } from "./examples/stand-alone.ts";
import { acquireSpecificChildPrefix } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "ipam-readme-"));
let database: TestDatabase<object>;
beforeAll(async () => {
  database = await testDatabase<object>(folder);
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

test.each(["stand-alone", "in-a-transaction", "many-clients"])("the README has the example %s", (name) => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readFileSync(new URL(`./examples/${name}.ts`, import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the examples work", async () => {
  expect(await standAlone(database.url)).toEqual(["10.0.0.0/16", "10.0.0.0/26", "10.0.0.1", "64"]);
  const { db } = database;
  await acquireSpecificChildPrefix(db, "10.0.0.0/16", "10.0.0.64/26");
  await sql`create table servers (name text unique, ip inet unique)`.execute(db);
  expect(await addServer(db, "one")).toBe("10.0.0.1");
  await expect(addServer(db, "one")).rejects.toThrow(/unique/);
  expect(await addServer(db, "two")).toBe("10.0.0.2");
  expect(new Set(await manyClients(db)).size).toBe(20);
});
