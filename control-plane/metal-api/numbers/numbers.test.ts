import { setTimeout } from "node:timers/promises";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema, Tx } from "../database/schema.ts";
import { acquireNumber, acquireSpecificNumber, releaseNumber } from "./store.ts";

let database: TestDatabase<Schema>;
beforeAll(async () => {
  database = await testDatabase<Schema>(MIGRATIONS);
});
afterAll(() => database.drop());

const commit = <T>(work: (tx: Tx) => Promise<T>) => database.db.transaction().execute(work);
const acquire = () => commit((tx) => acquireNumber(tx, "asn"));

describe("a pool of numbers", () => {
  it("hands out the lowest free one, again when it was given back or its transaction failed", async () => {
    expect(await acquire()).toBe(4210000001);
    expect(await acquire()).toBe(4210000002);
    await expect(
      commit(async (tx) => {
        expect(await acquireNumber(tx, "asn")).toBe(4210000003);
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    await commit((tx) => releaseNumber(tx, "asn", 4210000001));
    expect(await acquire()).toBe(4210000001);
    expect(await acquire()).toBe(4210000003);
  });

  it("gives different ones to transactions that run at the same time, also across lots", async () => {
    const numbers = await Promise.all(Array.from({ length: 100 }, acquire));
    expect(new Set(numbers).size).toBe(100);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(4210000103);
  });

  it("knows when it is exhausted", async () => {
    await sql`update number_pools set last = next + 1 where pool = 'asn'`.execute(database.db);
    await expect(
      commit(async (tx) => {
        for (;;) await acquireNumber(tx, "asn");
      }),
    ).rejects.toThrow("Internal acquisition of a value failed for exhausted pool");
  });

  it("hands out a wanted one once, and never by chance what somebody has", async () => {
    const take = (number: number) => commit((tx) => acquireSpecificNumber(tx, "vrf", number));
    await expect(take(0)).rejects.toThrow("value '0' is outside of the allowed range '1 - 131072'");
    await commit(async (tx) => {
      await acquireSpecificNumber(tx, "vrf", 2);
      await tx.insertInto("networks").values({ id: "two", vrf: 2 }).execute();
    });
    await expect(take(2)).rejects.toThrow("Conflict integer is already acquired by another");
    expect([await commit((tx) => acquireNumber(tx, "vrf")), await commit((tx) => acquireNumber(tx, "vrf"))]).toEqual([
      1, 3,
    ]);
    await expect(take(1)).rejects.toThrow("Conflict");
    await expect(take(4)).resolves.toBeUndefined();
  });

  it("hands out none twice that was given back before its lot is made", async () => {
    const { rows } = await sql<{ next: number }>`select next from number_pools where pool = 'vrf'`.execute(database.db);
    const wanted = rows[0]!.next + 7;
    await commit((tx) => acquireSpecificNumber(tx, "vrf", wanted));
    await commit((tx) => releaseNumber(tx, "vrf", wanted));
    await sql`delete from free_numbers where pool = 'vrf'`.execute(database.db);
    await commit((tx) => releaseNumber(tx, "vrf", wanted));
    let other: Promise<number> | undefined;
    const first = await commit(async (tx) => {
      const taken = await acquireNumber(tx, "vrf");
      await tx.insertInto("networks").values({ id: "taken", vrf: taken }).execute();
      other = commit((also) => acquireNumber(also, "vrf"));
      await Promise.race([other, setTimeout(300)]);
      return taken;
    });
    const second = await other!;
    const { rows: free } = await sql<{ number: number }>`select number from free_numbers where pool = 'vrf'`.execute(
      database.db,
    );
    expect([first, second, ...free.map(({ number }) => number)].filter((number) => number === first)).toEqual([first]);
  });
});
