// A database that was filled before the third migration has right books behind the last, and goes on where it was.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { acquireAddress, acquireChildPrefix, createPrefix, freeBlocksOf, ipamMigrations } from "./index.ts";
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

  // Children with a hole between them, and children up to the end.
  for (const cidr of ["10.0.4.0/24", "10.0.5.0/24", "2001:db8:1::/48"]) await call(`create_prefix('root', '${cidr}')`);
  for (const bits of [26, 27, 27, 28]) await call(`acquire_child('root', '10.0.4.0/24', null, ${bits})`);
  await call("delete_prefix('root', '10.0.4.64/27', false)");
  await call("acquire_child('root', '10.0.5.0/24', '10.0.5.192/26', 26)");
  await call("acquire_child('root', '2001:db8:1::/48', null, 64)");

  for (const name of ["0003-high-water.sql", "0004-children-at-once.sql"]) await file(name).execute(db);
  expect(await contradictions(db, "root")).toEqual([]);
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.2");
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.5");
  expect(await acquireAddress(db, "10.0.0.0/29")).toBe("10.0.0.6");
  await expect(acquireAddress(db, "10.0.1.0/30")).rejects.toMatchObject({ code: "no-address-left" });
  await expect(acquireAddress(db, "10.0.3.0/31")).rejects.toMatchObject({ code: "no-address-left" });
  expect(await acquireAddress(db, "2001:db8::/64")).toBe("2001:db8::1");
  await expect(createPrefix(db, "10.0.2.0/25")).rejects.toMatchObject({ code: "overlap" });
  expect(await contradictions(db, "root")).toEqual([]);
  expect(await freeBlocksOf(db, "10.0.4.0/24")).toEqual([
    "10.0.4.64/27",
    "10.0.4.144/28",
    "10.0.4.160/27",
    "10.0.4.192/26",
  ]);
  expect(await acquireChildPrefix(db, "10.0.4.0/24", 28)).toBe("10.0.4.144/28");
  expect(await acquireChildPrefix(db, "10.0.4.0/24", 28)).toBe("10.0.4.64/28");
  expect(await acquireChildPrefix(db, "10.0.5.0/24", 26)).toBe("10.0.5.128/26");
  expect(await acquireChildPrefix(db, "10.0.5.0/24", 25)).toBe("10.0.5.0/25");
  await expect(acquireChildPrefix(db, "10.0.5.0/24", 26)).rejects.toMatchObject({ code: "no-prefix-left" });
  expect(await acquireChildPrefix(db, "2001:db8:1::/48", 64)).toBe("2001:db8:1:1::/64");
  expect(await contradictions(db, "root")).toEqual([]);
  await database.drop();
});
