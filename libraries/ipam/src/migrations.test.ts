// A database that was filled before the third migration has right books behind it, and goes on where it was.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { acquireAddress, createPrefix, ipamMigrations } from "./index.ts";
import { contradictions } from "./testing/books.ts";

const file = (name: string) => sql.raw(readFileSync(join(ipamMigrations, name), "utf8"));

test("what was handed out before stays so, and what was free is free", async () => {
  const empty = mkdtempSync(join(tmpdir(), "ipam-migrations-"));
  const database = await testDatabase<object>(empty);
  rmSync(empty, { recursive: true });
  const { db } = database;
  for (const name of ["0001-ipam.sql", "0002-functions.sql"]) await file(name).execute(db);
  const call = (text: string) => sql.raw(`select ipam.${text}`).execute(db);
  for (const cidr of ["10.0.0.0/29", "10.0.1.0/30", "10.0.2.0/24", "10.0.3.0/31", "0.0.0.0/32", "2001:db8::/64"])
    await call(`create_prefix('root', '${cidr}')`);
  for (let n = 0; n < 5; n++) await call("acquire_address('root', '10.0.0.0/29', null)");
  for (const ip of ["10.0.0.2", "10.0.0.5"]) await call(`release_address('root', '10.0.0.0/29', '${ip}')`);
  for (let n = 0; n < 2; n++) await call("acquire_address('root', '10.0.1.0/30', null)");
  await call("acquire_address('root', '2001:db8::/64', '2001:db8::ffff:ffff:ffff')");
  await call("acquire_child('root', '10.0.2.0/24', null, 26)");

  await file("0003-high-water.sql").execute(db);
  expect(await contradictions(db, "root")).toEqual([]);
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.2");
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.5");
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.6");
  await expect(acquireAddress(db, "10.0.1.0/30")).rejects.toMatchObject({ code: "no-address-left" });
  await expect(acquireAddress(db, "10.0.3.0/31")).rejects.toMatchObject({ code: "no-address-left" });
  expect(await acquireAddress(db, "2001:db8::/64")).toBe("2001:db8::1");
  await expect(createPrefix(db, "10.0.2.0/25")).rejects.toMatchObject({ code: "overlap" });
  expect(await contradictions(db, "root")).toEqual([]);
  await database.drop();
});
