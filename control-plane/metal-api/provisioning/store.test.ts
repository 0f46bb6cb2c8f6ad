import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema } from "../database/schema.ts";
import { eventsOf, recordEvent } from "./store.ts";

let database: TestDatabase<Schema>;
beforeAll(async () => {
  database = await testDatabase<Schema>(MIGRATIONS);
  await database.db
    .insertInto("machines")
    .values(["m1", "m2", "m3"].map((id) => ({ id })))
    .execute();
});
afterAll(() => database.drop());

const container = async (id: string, limit?: number) => (await eventsOf(database.db, [id], limit)).get(id)!;

describe("a machine's log", () => {
  it("loses nothing when both leaves report at once", async () => {
    const { db } = database;
    await Promise.all(Array.from({ length: 20 }, (_, n) => recordEvent(db, "m1", "Planned Reboot", String(n))));
    const { events } = await container("m1");
    expect(events.map((event) => Number(event.message)).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
    const times = events.map((event) => event.time.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it("keeps the newest hundred, and shows fewer when asked", async () => {
    for (let n = 0; n < 105; n++) await recordEvent(database.db, "m2", "Planned Reboot", String(n));
    const { events } = await container("m2");
    expect(events).toHaveLength(100);
    expect([events[0]!.message, events[99]!.message]).toEqual(["104", "5"]);
    expect((await container("m2", 20)).events).toHaveLength(20);
  });

  it("keeps an error, without what a database cannot hold or nobody wants to read", async () => {
    await recordEvent(database.db, "m3", "Crashed", `\0boom${"!".repeat(10_000)}`);
    const { lastErrorEvent, crashLoop } = await container("m3");
    expect(crashLoop).toBe(true);
    expect(lastErrorEvent).toMatchObject({ event: "Crashed", time: expect.any(Date) as Date });
    expect(lastErrorEvent!.message).toHaveLength(4000);
  });

  it("belongs to a machine that exists", async () => {
    await expect(recordEvent(database.db, "nobody", "Alive")).rejects.toThrow();
    expect((await eventsOf(database.db, ["nobody"])).size).toBe(0);
    expect((await eventsOf(database.db, [])).size).toBe(0);
  });
});
