// Two queues are two processes: their batches meet in the same prefixes.
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNamespace, createPrefix, ipamMigrations, IpamError, IpamQueue } from "./index.ts";
import { contradictions, stateOf } from "./testing/books.ts";

let database: TestDatabase<object>;
let queues: readonly [IpamQueue, IpamQueue];
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
  queues = [new IpamQueue(database.db), new IpamQueue(database.db)];
});
afterAll(() => database.drop());

/** The result, or the code of the refusal. */
function outcome(work: Promise<string>): Promise<string> {
  return work.catch((error: unknown) => {
    if (error instanceof IpamError) return error.code;
    throw error;
  });
}

test("what is wanted at the same time is given once, from several prefixes, by both", async () => {
  await createNamespace(database.db, "many");
  const prefixes = ["10.0.0.0/27", "10.0.1.0/27", "2001:db8::/123"];
  for (const prefix of prefixes) await createPrefix(database.db, prefix, "many");
  const given = await Promise.all(
    Array.from({ length: 120 }, (_, n) => outcome(queues[n % 2]!.acquireAddress(prefixes[n % 3]!, "many"))),
  );
  const addresses = given.filter((ip) => ip !== "no-address-left");
  expect(addresses.length).toBe(30 + 30 + 31);
  expect(new Set(addresses).size).toBe(addresses.length);
  expect(await outcome(queues[0].acquireSpecificAddress("10.0.0.0/27", "10.0.0.5", "many"))).toBe("already-allocated");
  await Promise.all(addresses.map((ip, n) => queues[n % 2]!.releaseAddress(prefixOf(ip), ip, "many")));
  expect(await stateOf(database.db, "many")).toEqual(prefixes.map((cidr) => `${cidr} of nobody: `));
  expect(await contradictions(database.db, "many")).toEqual([]);
});

function prefixOf(ip: string): string {
  if (ip.includes(":")) return "2001:db8::/123";
  return ip.startsWith("10.0.0.") ? "10.0.0.0/27" : "10.0.1.0/27";
}

test("new prefixes and children, too", async () => {
  await createNamespace(database.db, "prefixes");
  const wanted = ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/9", "11.0.0.0/16", "11.0.0.0/8", "12.0.0.0/24"];
  const created = await Promise.all(
    [...wanted, ...wanted].map((cidr, n) => outcome(queues[n % 2]!.createPrefix(cidr, "prefixes"))),
  );
  expect(created).toContain("12.0.0.0/24");
  expect(created.filter((answer) => answer === "overlap").length).toBeGreaterThanOrEqual(8);
  const children = await Promise.all(
    Array.from({ length: 40 }, (_, n) => outcome(queues[n % 2]!.acquireChildPrefix("12.0.0.0/24", 29, "prefixes"))),
  );
  expect(new Set(children.filter((child) => child !== "no-prefix-left")).size).toBe(32);
  expect(children.filter((child) => child === "no-prefix-left").length).toBe(8);
  expect(await outcome(queues[0].acquireSpecificChildPrefix("12.0.0.0/24", "12.0.0.0/25", "prefixes"))).toBe(
    "no-prefix-left",
  );
  expect(await contradictions(database.db, "prefixes")).toEqual([]);
});

test("a refused one does not hinder the others, an unreadable one is not even sent", async () => {
  await createNamespace(database.db, "mixed");
  await createPrefix(database.db, "10.0.0.0/24", "mixed");
  const [queue] = queues;
  const answers = await Promise.all(
    [
      queue.acquireAddress("10.9.0.0/24", "mixed"),
      queue.acquireAddress("10.0.0.0/24", "mixed"),
      queue.acquireAddress("10.0.0.0/24", "nowhere"),
      queue.acquireAddress("nonsense", "mixed"),
      queue.acquireAddress("10.0.0.0/24", "mixed"),
    ].map(outcome),
  );
  expect(answers).toEqual(["not-found", "10.0.0.1", "no-namespace", "invalid", "10.0.0.2"]);
});

test("when the connection is cut everybody in the batch hears it, nothing is kept, and the next ones are served", async () => {
  await createNamespace(database.db, "cut");
  await createPrefix(database.db, "10.0.0.0/24", "cut");
  const [locked, blocked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holder = database.db.transaction().execute(async (tx) => {
    await sql`select from ipam.prefixes where namespace = 'cut' for update`.execute(tx);
    locked.resolve();
    await blocked.promise;
  });
  await locked.promise;
  const waiting = Array.from({ length: 5 }, () => queues[0].acquireAddress("10.0.0.0/24", "cut"));
  const settled = Promise.allSettled(waiting);
  for (;;) {
    const { rows } = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%_many%'`.execute(database.db);
    if (rows.length > 0) break;
  }
  blocked.resolve();
  await holder;
  const results = await settled;
  const kept = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(results.some((result) => result.status === "rejected")).toBe(true);
  // The pool may have another connection that is just being found dead.
  const acquire = () => queues[0].acquireAddress("10.0.0.0/24", "cut");
  expect(await acquire().catch(() => acquire())).toBe(`10.0.0.${kept.length + 1}`);
  expect(await contradictions(database.db, "cut")).toEqual([]);
});
