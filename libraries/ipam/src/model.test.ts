// Any sequence of operations gives what a simple model in memory gives, also with many transactions at once and
// with connections that are cut in the middle.
import * as fc from "fast-check";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BITS, formatAddress, formatPrefix, overlaps, parseAddress, parsePrefix, sizeOf, supernet } from "./address.ts";
import {
  acquireAddress,
  acquireChildPrefix,
  acquireSpecificAddress,
  acquireSpecificChildPrefix,
  createPrefix,
  freeBlocksOf,
  ipamMigrations,
  IpamError,
  releaseAddress,
  releaseChildPrefix,
  usageOf,
} from "./index.ts";
import { contradictions, stateOf } from "./testing/books.ts";
import { Model, type Step } from "./testing/model.ts";

let database: TestDatabase<object>;
let db: Kysely<object>;
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
  db = database.db;
});
afterAll(() => database.drop());

let namespaces = 0;
/** A namespace of its own with one root prefix. */
async function space(cidr: string): Promise<string> {
  const ns = `model-${++namespaces}`;
  await sql`insert into ipam.namespaces values (${ns})`.execute(db);
  await commit((tx) => createPrefix(tx, cidr, ns));
  return ns;
}

function commit<T>(work: (tx: Transaction<object>) => Promise<T>): Promise<T> {
  return db.transaction().execute(work);
}

/** The result, or the code of the refusal. */
async function outcome(work: Promise<string | void>): Promise<string> {
  try {
    return (await work) ?? "done";
  } catch (error) {
    if (error instanceof IpamError) return error.code;
    throw error;
  }
}

async function checkBooks(ns: string): Promise<void> {
  expect(await contradictions(db, ns)).toEqual([]);
}

async function take(tx: Transaction<object>, step: Step, ns: string): Promise<string> {
  switch (step.do) {
    case "acquire":
      return outcome(
        step.ip === undefined ? acquireAddress(tx, step.in, ns) : acquireSpecificAddress(tx, step.in, step.ip, ns),
      );
    case "release":
      return outcome(releaseAddress(tx, step.in, step.ip, ns));
    case "child":
      return outcome(acquireChildPrefix(tx, step.of, step.length, ns));
    case "specific-child":
      return outcome(acquireSpecificChildPrefix(tx, step.of, step.cidr, ns));
    case "release-child":
      return outcome(releaseChildPrefix(tx, step.cidr, ns).then(() => undefined));
  }
}

/** Takes all steps in one transaction and compares with the model step by step, and in the end as a whole. */
async function compare(cidr: string, steps: readonly Step[]): Promise<void> {
  const ns = await space(cidr);
  const model = new Model([cidr]);
  await commit(async (tx) => {
    for (const step of steps) expect(await take(tx, step, ns), JSON.stringify(step)).toBe(model.take(step));
  });
  expect(await stateOf(db, ns)).toEqual(model.state());
  expect(await contradictions(db, ns)).toEqual([]);
  const smallest = cidr.includes(":") ? 126 : 30;
  const listed = model.freeBlocks(cidr).filter((block) => block.length <= smallest);
  expect(await freeBlocksOf(db, cidr, ns)).toEqual(listed.map(formatPrefix));
}

describe("one after the other", () => {
  test.each([
    "10.0.0.16/28",
    "2001:db8::ff10/124",
    "10.0.0.16/31",
    "10.0.0.16/32",
    "2001:db8::ff10/127",
    "255.255.255.255/32",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    "0.0.0.0/32",
    "255.255.255.240/28",
  ])("addresses of %s are those of the model", async (cidr) => {
    const prefix = parsePrefix(cidr)!;
    const ips = fc
      .nat(Number(sizeOf(prefix)) - 1)
      .map((n) => formatAddress({ ...prefix, value: prefix.value + BigInt(n) }));
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<Step>({ do: "acquire", in: cidr }) },
        { weight: 2, arbitrary: ips.map((ip): Step => ({ do: "acquire", in: cidr, ip })) },
        { weight: 3, arbitrary: ips.map((ip): Step => ({ do: "release", in: cidr, ip })) },
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, (steps) => compare(cidr, steps)),
      { numRuns: 15 },
    );
  });

  test.each(["10.0.0.0/24", "2001:db8::/120", "255.255.255.0/24"])(
    "child prefixes of %s are those of the model",
    async (root) => {
      const { value, family } = parsePrefix(root)!;
      const bits = BITS[family];
      const specific = fc
        .tuple(fc.nat(255), fc.integer({ min: bits - 7, max: bits - 2 }))
        .map(([host, length]) => formatPrefix(supernet({ family, value: value + BigInt(host), length: bits }, length)));
      const steps = fc.array(
        fc.oneof(
          {
            weight: 3,
            arbitrary: fc
              .integer({ min: bits - 8, max: bits - 2 })
              .map((length): Step => ({ do: "child", of: root, length })),
          },
          { weight: 1, arbitrary: specific.map((cidr): Step => ({ do: "specific-child", of: root, cidr })) },
          { weight: 3, arbitrary: specific.map((cidr): Step => ({ do: "release-child", cidr })) },
        ),
        { maxLength: 60 },
      );
      await fc.assert(
        fc.asyncProperty(steps, (steps) => compare(root, steps)),
        { numRuns: 30 },
      );
    },
  );
});

describe("all at once", () => {
  test("50 transactions want addresses of a prefix that has 30: 30 different ones, 20 refusals", async () => {
    const ns = await space("10.0.0.0/27");
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => outcome(commit((tx) => acquireAddress(tx, "10.0.0.0/27", ns)))),
    );
    expect(outcomes.filter((ip) => ip === "no-address-left").length).toBe(20);
    expect(new Set(outcomes.filter((ip) => parseAddress(ip))).size).toBe(30);
    await checkBooks(ns);
  });

  test("100 transactions acquire and release children: none overlap, and in the end all is as before", async () => {
    const ns = await space("10.0.0.0/14");
    const before = (await usageOf(db, ["10.0.0.0/14"], ns)).get("10.0.0.0/14");
    const children = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        commit((tx) => acquireChildPrefix(tx, "10.0.0.0/14", 22 + (index % 5), ns)),
      ),
    );
    for (const [index, child] of children.entries())
      for (const other of children.slice(index + 1))
        expect(overlaps(parsePrefix(child)!, parsePrefix(other)!)).toBe(false);
    await Promise.all(children.map((child) => commit((tx) => releaseChildPrefix(tx, child, ns))));
    expect((await usageOf(db, ["10.0.0.0/14"], ns)).get("10.0.0.0/14")).toEqual(before);
    await checkBooks(ns);
  });

  test("transactions that fail, and connections that are cut, leave nothing behind", async () => {
    const ns = await space("10.0.0.0/24");
    const kept = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        commit(async (tx) => {
          const ip = await acquireAddress(tx, "10.0.0.0/24", ns);
          if (index % 4 === 1) throw new Error("changed my mind");
          if (index % 4 === 2) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx);
          return ip;
        }).catch(() => undefined),
      ),
    );
    const { rows } = await sql<{ ip: string }>`
      select host(ip) as ip from ipam.addresses where namespace = ${ns} order by ip`.execute(db);
    expect(rows.map((row) => row.ip).toSorted()).toEqual(kept.filter((ip) => ip !== undefined).toSorted());
    expect(rows.length).toBe(20);
    await checkBooks(ns);
  });
});
