// Any sequence of operations gives what a simple model in memory gives, also with many transactions at once and
// with connections that are cut in the middle.
import * as fc from "fast-check";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { covers, formatAddress, formatPrefix, overlaps, parseAddress, parsePrefix, type Prefix } from "./address.ts";
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

/** What the four tables say of one prefix must be one truth. */
async function checkBooks(cidr: string, ns: string): Promise<void> {
  const { rows } = await sql<{ addresses: number; taken: number; children: number; cut: number }>`
    select addresses, children,
      (select count(*) from ipam.addresses a where a.namespace = p.namespace and a.prefix = p.cidr) as taken,
      (select count(*) from ipam.prefixes c where c.namespace = p.namespace and c.parent = p.cidr) as cut
    from ipam.prefixes p where namespace = ${ns} and cidr = ${cidr}`.execute(db);
  expect(rows[0]!.addresses).toBe(rows[0]!.taken);
  expect(rows[0]!.children).toBe(rows[0]!.cut);
  const wrong = await sql`
    select from ipam.free_ranges one join ipam.free_ranges other using (namespace, prefix)
    where namespace = ${ns} and one.last < other.last and one.last + 1 >= other.first
    union all
    select from ipam.free_ranges f join ipam.addresses a using (namespace, prefix)
    where namespace = ${ns} and a.ip between f.first and f.last`.execute(db);
  expect(wrong.rows).toEqual([]);
}

type AddressStep = { acquire: true } | { specific: number } | { release: number };
const addressSteps: fc.Arbitrary<AddressStep[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<AddressStep>({ acquire: true }) },
    { weight: 2, arbitrary: fc.nat(15).map((specific): AddressStep => ({ specific })) },
    { weight: 3, arbitrary: fc.nat(15).map((release): AddressStep => ({ release })) },
  ),
  { maxLength: 60 },
);

describe("one after the other", () => {
  test.each(["10.0.0.16/28", "2001:db8::ff10/124", "10.0.0.16/31", "10.0.0.16/32", "2001:db8::ff10/127"])(
    "addresses of %s are those of the model",
    async (cidr) => {
      const prefix = parsePrefix(cidr)!;
      const size = Number(2n ** BigInt((prefix.family === "IPv4" ? 32 : 128) - prefix.length));
      const text = (offset: number) => formatAddress({ ...prefix, value: prefix.value + BigInt(offset) });
      await fc.assert(
        fc.asyncProperty(addressSteps, async (steps) => {
          const ns = await space(cidr);
          const taken = new Set<number>();
          const reserved = (offset: number) => offset === 0 || (prefix.family === "IPv4" && offset === size - 1);
          const free = (offset: number) => offset < size && !reserved(offset) && !taken.has(offset);
          await commit(async (tx) => {
            for (const step of steps) {
              if ("acquire" in step) {
                const lowest = Array.from({ length: size }, (_, offset) => offset).find(free);
                const expected = lowest === undefined ? "no-address-left" : text(lowest);
                expect(await outcome(acquireAddress(tx, cidr, ns))).toBe(expected);
                if (lowest !== undefined) taken.add(lowest);
              } else if ("specific" in step) {
                const offset = step.specific;
                const refusal = offset < size ? "already-allocated" : "invalid";
                const expected = free(offset) ? text(offset) : refusal;
                expect(await outcome(acquireSpecificAddress(tx, cidr, text(offset), ns))).toBe(expected);
                if (free(offset)) taken.add(offset);
              } else {
                const expected = taken.delete(step.release) ? "done" : "not-found";
                expect(await outcome(releaseAddress(tx, cidr, text(step.release), ns))).toBe(expected);
              }
            }
          });
          await checkBooks(formatPrefix(prefix), ns);
        }),
        { numRuns: 25 },
      );
    },
  );

  test("child prefixes are those of the model", async () => {
    const root = parsePrefix("10.0.0.0/24")!;
    type Step = { length: number } | { specific: Prefix } | { release: number };
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 24, max: 30 }).map((length): Step => ({ length })) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.nat(255), fc.integer({ min: 25, max: 30 }))
            .map(([host, length]): Step => ({ specific: parsePrefix(`10.0.0.${host}/${length}`)! })),
        },
        { weight: 2, arbitrary: fc.nat(40).map((release): Step => ({ release })) },
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const ns = await space("10.0.0.0/24");
        const children: Prefix[] = [];
        await commit(async (tx) => {
          for (const step of steps) {
            if ("length" in step) {
              const child = bestFit(root, children, step.length);
              const refusal = step.length > root.length ? "no-prefix-left" : "invalid";
              expect(await outcome(acquireChildPrefix(tx, "10.0.0.0/24", step.length, ns))).toBe(
                child ? formatPrefix(child) : refusal,
              );
              if (child) children.push(child);
            } else if ("specific" in step) {
              const isFree = !children.some((child) => overlaps(child, step.specific));
              const cidr = formatPrefix(step.specific);
              expect(await outcome(acquireSpecificChildPrefix(tx, "10.0.0.0/24", cidr, ns))).toBe(
                isFree ? cidr : "no-prefix-left",
              );
              if (isFree) children.push(step.specific);
            } else if (children.length > 0) {
              const [child] = children.splice(step.release % children.length, 1);
              await releaseChildPrefix(tx, formatPrefix(child!), ns);
            }
          }
        });
        await checkBooks("10.0.0.0/24", ns);
        expect(await freeBlocksOf(db, "10.0.0.0/24", ns)).toEqual(freeBlocks(root, children).map(formatPrefix));
      }),
      { numRuns: 40 },
    );
  });
});

/** The free space as maximal aligned blocks, by looking at every half again. */
function freeBlocks(block: Prefix, children: readonly Prefix[]): Prefix[] {
  if (!children.some((child) => overlaps(child, block))) return [block];
  if (block.length === 32 || children.some((child) => covers(child, block))) return [];
  const length = block.length + 1;
  const upper = { ...block, length, value: block.value + 2n ** BigInt(32 - length) };
  return [...freeBlocks({ ...block, length }, children), ...freeBlocks(upper, children)];
}

function bestFit(root: Prefix, children: readonly Prefix[], length: number): Prefix | undefined {
  if (length <= root.length) return undefined;
  const [best] = freeBlocks(root, children)
    .filter((block) => block.length <= length)
    .toSorted((one, other) => other.length - one.length || Number(one.value - other.value));
  return best && { ...best, length };
}

describe("all at once", () => {
  test("50 transactions want addresses of a prefix that has 30: 30 different ones, 20 refusals", async () => {
    const ns = await space("10.0.0.0/27");
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => outcome(commit((tx) => acquireAddress(tx, "10.0.0.0/27", ns)))),
    );
    expect(outcomes.filter((ip) => ip === "no-address-left").length).toBe(20);
    expect(new Set(outcomes.filter((ip) => parseAddress(ip))).size).toBe(30);
    await checkBooks("10.0.0.0/27", ns);
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
    await checkBooks("10.0.0.0/14", ns);
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
    await checkBooks("10.0.0.0/24", ns);
  });
});
