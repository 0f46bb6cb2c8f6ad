import { setTimeout as sleep } from "node:timers/promises";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERYTHING, notify, Notifications } from "./notifications.ts";
import { testDatabase, type TestDatabase } from "./testing.ts";

let test: TestDatabase<unknown>;
let notifications: Notifications;

beforeAll(async () => {
  test = await testDatabase(mkdtempSync(join(tmpdir(), "metal-migrations-")));
  notifications = new Notifications(test.url);
  await notifications.ready();
});
afterAll(async () => {
  await notifications.close();
  await test.drop();
});

/** Collects what arrives for a topic. */
function listen(topic: string): { ids: string[]; until(count: number): Promise<void>; end(): void } {
  const ids: string[] = [];
  const end = notifications.subscribe(topic, (id) => ids.push(id));
  const until = async (count: number) => {
    for (const deadline = Date.now() + 10_000; ids.length < count && Date.now() < deadline;) await sleep(5);
  };
  return { ids, until, end };
}

describe("a notification", () => {
  it("reaches the listeners of its topic when the transaction commits", async () => {
    const machines = listen("machine");
    const others = listen("switch");
    await test.db.transaction().execute(async (tx) => {
      await notify(tx, "machine", "one:with:colons");
      await sleep(50);
      expect(machines.ids).toEqual([]);
    });
    await machines.until(1);
    expect([machines.ids, others.ids]).toEqual([["one:with:colons"], []]);
    machines.end();
    others.end();
  });

  it("of a transaction that is rolled back is never sent", async () => {
    const machines = listen("machine");
    await test.db
      .transaction()
      .execute(async (tx) => {
        await notify(tx, "machine", "lost");
        throw new Error("rolled back");
      })
      .catch(() => undefined);
    await notify(test.db, "machine", "kept");
    await machines.until(1);
    expect(machines.ids).toEqual(["kept"]);
    machines.end();
  });

  it("is not delivered to a listener that left", async () => {
    const left = listen("machine");
    left.end();
    const stayed = listen("machine");
    await notify(test.db, "machine", "one");
    await stayed.until(1);
    expect(left.ids).toEqual([]);
    stayed.end();
  });

  it("may have been missed while the connection was down, so every listener is told that anything may have changed", async () => {
    const machines = listen("machine");
    const switches = listen("switch");
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'`.execute(test.db);
    await machines.until(1);
    expect([machines.ids, switches.ids]).toEqual([[EVERYTHING], [EVERYTHING]]);
    await notify(test.db, "machine", "again");
    await machines.until(2);
    expect(machines.ids).toEqual([EVERYTHING, "again"]);
    machines.end();
    switches.end();
  });
});

it("is closed at any moment, also while it connects", async () => {
  for (const ms of [0, 0, 1, 2, 5, 10, 20]) {
    const notifications = new Notifications(test.url);
    if (ms > 0) await sleep(ms);
    await notifications.close();
  }
});
