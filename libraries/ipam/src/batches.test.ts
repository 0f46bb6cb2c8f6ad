// What many clients want at the same time goes to PostgreSQL as one statement; the results are those of one call after
// the other. IPAM_SEED makes the same batches again.
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatPrefix, overlaps, parsePrefix } from "./address.ts";
import {
  createNamespace,
  createPrefix,
  freeBlocksOf,
  ipamMigrations,
  IpamError,
  IpamQueue,
  releaseChildPrefix,
} from "./index.ts";
import { contradictions, stateOf } from "./testing/books.ts";
import { Model, type Step } from "./testing/model.ts";

const seed = Number(process.env["IPAM_SEED"] ?? Date.now() % 2 ** 31);
const ROOTS = ["10.0.0.0/27", "10.0.1.0/28", "255.255.255.240/28", "2001:db8::/123", "2001:db8:1::/126"];
const OVERLAPPING = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.0.0.0/9",
  "10.128.0.0/9",
  "10.128.0.0/16",
  "10.128.1.0/24",
  "10.128.1.7/32",
  "10.255.255.255/32",
  "11.0.0.0/8",
  "255.255.255.254/31",
  "255.255.255.255/32",
  "::/0",
  "2001:db8::/32",
  "2001:db8::/48",
  "2001:db8:0:1::/64",
  "2001:db9::/32",
  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
];
const CHILDREN = ["10.0.0.0/28", "10.0.0.16/28", "10.0.0.8/29", "10.0.1.4/30", "2001:db8::10/124", "2001:db8::/125"];

let database: TestDatabase<object>;
let queue: IpamQueue;
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
  queue = new IpamQueue(database.db);
});
afterAll(() => database.drop());

let namespaces = 0;
async function space(): Promise<string> {
  const namespace = `batches-${++namespaces}`;
  await createNamespace(database.db, namespace);
  return namespace;
}

/** The result, or the code of the refusal. */
function outcome(work: Promise<string | void>): Promise<string> {
  return work.then(
    (result) => result ?? "done",
    (error: unknown) => {
      if (error instanceof IpamError) return error.code;
      throw error;
    },
  );
}

function make(step: Step, namespace: string): Promise<string> {
  switch (step.do) {
    case "acquire":
      return outcome(
        step.ip === undefined
          ? queue.acquireAddress(step.in, namespace)
          : queue.acquireSpecificAddress(step.in, step.ip, namespace),
      );
    case "release":
      return outcome(queue.releaseAddress(step.in, step.ip, namespace));
    case "child":
      return outcome(queue.acquireChildPrefix(step.of, step.length, namespace));
    case "specific-child":
      return outcome(queue.acquireSpecificChildPrefix(step.of, step.cidr, namespace));
    case "release-child":
      return outcome(releaseChildPrefix(database.db, step.cidr, namespace).then(() => undefined));
  }
}

const parent = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ROOTS) },
  { weight: 1, arbitrary: fc.constantFrom(...CHILDREN) },
);
const bits = (cidr: string) => (cidr.includes(":") ? 128 : 32);
const lengthIn = (cidr: string) => {
  const own = Number(cidr.split("/")[1]);
  // Also what is too short, and mostly the same.
  return fc.oneof(fc.integer({ min: own - 1, max: bits(cidr) }), fc.constant(Math.min(own + 2, bits(cidr))));
};
const child = parent.chain((of) => lengthIn(of).map((length): Step => ({ do: "child", of, length })));
const address = parent.map((cidr): Step => ({ do: "acquire", in: cidr }));
const specific = fc.constantFrom(...CHILDREN).map((cidr): Step => ({
  do: "specific-child",
  of: ROOTS.find((root) => overlaps(parsePrefix(root)!, parsePrefix(cidr)!))!,
  cidr,
}));
const release = fc
  .tuple(fc.constantFrom("10.0.0.", "10.0.1.", "255.255.255.", "2001:db8::"), fc.nat(9))
  .map(([start, n]): Step => ({
    do: "release",
    in: ROOTS.find((root) => root.startsWith(start))!,
    ip: `${start}${start === "255.255.255." ? 240 + n : n}`,
  }));
const batch = fc.oneof(
  { weight: 4, arbitrary: fc.array(child, { minLength: 2, maxLength: 12 }) },
  { weight: 3, arbitrary: fc.array(address, { minLength: 2, maxLength: 12 }) },
  { weight: 2, arbitrary: fc.array(fc.oneof(child, address, specific, release), { minLength: 2, maxLength: 12 }) },
);
/** Alone between the batches: what gives back children does not wait in the queue. */
const alone = fc.constantFrom(...CHILDREN, "10.0.0.0/29", "10.0.0.8/30", "10.0.1.0/30", "2001:db8::8/125");
const history = fc.array(fc.tuple(batch, fc.array(alone, { maxLength: 3 })), { minLength: 1, maxLength: 10 });

function prefixOf(step: Step): string {
  return "in" in step ? step.in : "of" in step ? step.of : step.cidr;
}

/** As the queue sorts them. */
function inOrder(cidrs: readonly string[]): number[] {
  const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  return [...cidrs.keys()].toSorted((one, other) => compare(cidrs[one]!, cidrs[other]!));
}

describe("a batch", () => {
  test("of addresses, of children of any length, or of all kinds gives what the model gives", async () => {
    await fc.assert(
      fc.asyncProperty(history, async (batches) => {
        const namespace = await space();
        for (const root of ROOTS) await createPrefix(database.db, root, namespace);
        const model = new Model(ROOTS);
        for (const [steps, released] of batches) {
          const outcomes = await Promise.all(steps.map((step) => make(step, namespace)));
          for (const index of inOrder(steps.map(prefixOf)))
            expect(outcomes[index], `${JSON.stringify(steps[index])} of ${JSON.stringify(steps)}`).toBe(
              model.take(steps[index]!),
            );
          for (const cidr of released) {
            const step: Step = { do: "release-child", cidr };
            expect(await make(step, namespace), JSON.stringify(step)).toBe(model.take(step));
          }
        }
        expect(await stateOf(database.db, namespace)).toEqual(model.state());
        expect(await contradictions(database.db, namespace)).toEqual([]);
        for (const root of ROOTS) {
          const listed = model.freeBlocks(root).filter((block) => block.length <= bits(root) - 2);
          expect(await freeBlocksOf(database.db, root, namespace)).toEqual(listed.map(formatPrefix));
        }
      }),
      { numRuns: 60, seed },
    );
  }, 120_000);

  const root = fc.constantFrom(...OVERLAPPING);

  test("of new prefixes gives those that do not overlap, in the order of the queue", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(root, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (batches) => {
          const namespace = await space();
          const present: string[] = [];
          for (const cidrs of batches) {
            const outcomes = await Promise.all([
              ...cidrs.map((cidr) => outcome(queue.createPrefix(cidr, namespace))),
              outcome(queue.createPrefix("10.0.0.0/8", "nowhere")),
            ]);
            expect(outcomes.pop()).toBe("no-namespace");
            for (const index of inOrder(cidrs)) {
              const cidr = cidrs[index]!;
              const met = present.some((other) => overlaps(parsePrefix(other)!, parsePrefix(cidr)!));
              expect(outcomes[index], `${cidr} of ${cidrs.join(" ")} after ${present.join(" ")}`).toBe(
                met ? "overlap" : cidr,
              );
              if (!met) present.push(cidr);
            }
          }
          expect(await stateOf(database.db, namespace)).toEqual(
            present.map((cidr) => `${cidr} of nobody: `).toSorted(),
          );
        },
      ),
      { numRuns: 60, seed },
    );
  }, 120_000);

  test("beside another queue, transactions that change their mind, and single calls: none overlap, none is refused for nothing", async () => {
    const other = new IpamQueue(database.db);
    const callers = [
      (cidr: string, namespace: string) => queue.createPrefix(cidr, namespace),
      (cidr: string, namespace: string) => other.createPrefix(cidr, namespace),
      (cidr: string, namespace: string) => createPrefix(database.db, cidr, namespace),
      (cidr: string, namespace: string) =>
        database.db
          .transaction()
          .execute(async (tx) => {
            await createPrefix(tx, cidr, namespace);
            throw new Error("changed my mind");
          })
          .catch((error: unknown) => {
            if (error instanceof IpamError) throw error;
            return "nothing";
          }),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(root, fc.constantFrom(...callers.keys())), { minLength: 8, maxLength: 24 }),
        async (wanted) => {
          const namespace = await space();
          const outcomes = await Promise.all(
            wanted.map(([cidr, caller]) => outcome(callers[caller]!(cidr, namespace))),
          );
          const created = outcomes.filter((answer) => answer !== "overlap" && answer !== "nothing");
          expect(await stateOf(database.db, namespace)).toEqual(
            created.map((cidr) => `${cidr} of nobody: `).toSorted(),
          );
          const prefixes = created.map((cidr) => parsePrefix(cidr)!);
          for (const [index, prefix] of prefixes.entries())
            expect(prefixes.slice(index + 1).some((later) => overlaps(prefix, later))).toBe(false);
          for (const [index, [cidr]] of wanted.entries())
            if (outcomes[index] === "overlap")
              expect(
                prefixes.some((prefix) => overlaps(prefix, parsePrefix(cidr)!)),
                cidr,
              ).toBe(true);
        },
      ),
      { numRuns: 25, seed, endOnFailure: true },
    );
  }, 120_000);
});
