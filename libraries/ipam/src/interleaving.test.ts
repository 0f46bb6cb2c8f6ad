// Several clients at once, transactions that change their mind, connections that are cut anywhere: what was committed is
// what a simple model gives when it takes the same steps one after the other.
// IPAM_INTERLEAVINGS is the number of histories (thousands for a long run), IPAM_SEED makes the same ones again.
import * as fc from "fast-check";
import { openDatabase, testDatabase, type TestDatabase } from "@metal-stack/database";
import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  acquireAddress,
  acquireChildPrefix,
  acquireSpecificAddress,
  acquireSpecificChildPrefix,
  createNamespace,
  createPrefix,
  ipamMigrations,
  IpamError,
  releaseAddress,
  releaseChildPrefix,
} from "./index.ts";
import { acquisition } from "./addresses.ts";
import { type Change, changeMany } from "./changes.ts";
import { childAcquisition } from "./prefixes.ts";
import { contradictions, stateOf } from "./testing/books.ts";
import { Model, type Step } from "./testing/model.ts";

const HISTORIES = Number(process.env["IPAM_INTERLEAVINGS"] ?? 90);
const SEED = Number(process.env["IPAM_SEED"] ?? Date.now() % 2 ** 31);
/** Histories at the same time, so that PostgreSQL is busy. */
const SIDE_BY_SIDE = 3;
const CLIENTS = 4;
/** How PostgreSQL knows whose connections may be cut. */
const CLIENT = "interleaving-client";
const ROOTS = ["10.0.0.0/28", "2001:db8::/124"];
const CHILDREN = ["10.0.0.0/29", "10.0.0.8/29", "10.0.0.0/30", "10.0.0.4/30", "2001:db8::/126", "2001:db8::8/125"];

let database: TestDatabase<object>;
let clients: Kysely<object>;
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
  // Transactions take several prefixes in any order here; PostgreSQL is to find the circles quickly.
  await sql`do $$ begin execute format('alter database %I set deadlock_timeout = 20', current_database()); end $$`.execute(
    database.db,
  );
  await sql`create table public.steps (transaction text, number bigint)`.execute(database.db);
  await sql`create sequence public.step_numbers`.execute(database.db);
  clients = openDatabase<object>(`${database.url}&application_name=${CLIENT}`, {
    maxConnections: SIDE_BY_SIDE * CLIENTS,
  });
});
afterAll(async () => {
  await clients.destroy();
  await database.drop();
});

interface Plan {
  readonly steps: readonly Step[];
  /** In one statement, as the queue sends what many clients want; the steps have no wishes but a prefix and a length. */
  readonly atOnce: boolean;
  readonly end: "commit" | "roll back" | "cut";
}

/** A step as it was made. Numbers are in the order of the locks: each is drawn while its prefix is locked. */
interface Made {
  readonly step: Step;
  readonly outcome: string;
  readonly number: number;
}

const somewhere = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ROOTS) },
  { weight: 1, arbitrary: fc.constantFrom(...CHILDREN) },
);
const host = fc.nat(15);
const inside = (cidr: string, n: number) => (cidr.includes(":") ? `2001:db8::${n.toString(16)}` : `10.0.0.${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: somewhere.map((cidr): Step => ({ do: "acquire", in: cidr })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...ROOTS), host)
      .map(([cidr, n]): Step => ({ do: "acquire", in: cidr, ip: inside(cidr, n) })),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(somewhere, host).map(([cidr, n]): Step => ({ do: "release", in: cidr, ip: inside(cidr, n) })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(somewhere, fc.constantFrom(29, 30, 31, 125, 126, 127)).map(([of, length]): Step => ({
      do: "child",
      of,
      length: of.includes(":") ? Math.max(length, 125) : Math.min(length, 32),
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...CHILDREN)
      .map((cidr): Step => ({ do: "specific-child", of: cidr.includes(":") ? ROOTS[1]! : ROOTS[0]!, cidr })),
  },
  { weight: 4, arbitrary: fc.constantFrom(...CHILDREN).map((cidr): Step => ({ do: "release-child", cidr })) },
);
const end = fc.constantFrom(
  "commit" as const,
  "commit" as const,
  "commit" as const,
  "roll back" as const,
  "cut" as const,
);
const addresses = fc.array(
  somewhere.map((cidr): Step => ({ do: "acquire", in: cidr })),
  { minLength: 2, maxLength: 5 },
);
const children = fc.array(
  fc.tuple(somewhere, fc.nat(2)).map(([of, more]): Step => ({
    do: "child",
    of,
    length: Number(of.split("/")[1]) + Math.min(more, 1) + 1,
  })),
  { minLength: 2, maxLength: 5 },
);
const plan: fc.Arbitrary<Plan> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 4 }), atOnce: fc.constant(false), end }),
  },
  { weight: 1, arbitrary: fc.record({ steps: addresses, atOnce: fc.constant(true), end }) },
  { weight: 1, arbitrary: fc.record({ steps: children, atOnce: fc.constant(true), end }) },
);
const history = fc.array(fc.array(plan, { minLength: 3, maxLength: 8 }), { minLength: CLIENTS, maxLength: CLIENTS });

async function make(tx: Transaction<object>, step: Step, namespace: string): Promise<string> {
  switch (step.do) {
    case "acquire":
      return codeOf(() =>
        step.ip === undefined
          ? acquireAddress(tx, step.in, namespace)
          : acquireSpecificAddress(tx, step.in, step.ip, namespace),
      );
    case "release":
      return codeOf(() => releaseAddress(tx, step.in, step.ip, namespace).then(() => "done"));
    case "child":
      return codeOf(() => acquireChildPrefix(tx, step.of, step.length, namespace));
    case "specific-child":
      return codeOf(() => acquireSpecificChildPrefix(tx, step.of, step.cidr, namespace));
    case "release-child":
      return codeOf(() => releaseChildPrefix(tx, step.cidr, namespace).then(() => "done"));
  }
}

/** The result, or the code of the refusal. */
async function codeOf(work: () => string | Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IpamError) return error.code;
    throw error;
  }
}

/** All in one statement; sorted, so that two of them do not wait for each other in a circle. */
async function makeAtOnce(
  tx: Transaction<object>,
  steps: readonly Step[],
  namespace: string,
): Promise<{ step: Step; outcome: string }[]> {
  const changes = steps
    .map((step): { step: Step; change: Change } => {
      if (step.do === "acquire") return { step, change: acquisition(step.in, step.ip, namespace) };
      if (step.do === "child") return { step, change: childAcquisition(step.of, step.length, namespace) };
      throw new Error(`${step.do} is not made at once`);
    })
    .toSorted((one, other) => (one.change.cidr < other.change.cidr ? -1 : one.change.cidr > other.change.cidr ? 1 : 0));
  const outcomes = await changeMany(
    tx,
    changes.map(({ change }) => change),
  );
  const made = [];
  for (const [index, { step, change }] of changes.entries())
    made.push({ step, outcome: await codeOf(() => change.answer(outcomes[index]!, tx)) });
  return made;
}

/** Runs a plan as one transaction, and tells what it made, whether that was kept or not. */
async function run({ steps, atOnce, end }: Plan, name: string, namespace: string): Promise<Made[]> {
  const made: Made[] = [];
  await clients
    .transaction()
    .execute(async (tx) => {
      await sql`insert into public.steps values (${name})`.execute(tx);
      const note = async (step: Step, outcome: string) => {
        const { rows } = await sql<{ number: number }>`select nextval('public.step_numbers') as number`.execute(tx);
        made.push({ step, outcome, number: rows[0]!.number });
      };
      if (atOnce) for (const { step, outcome } of await makeAtOnce(tx, steps, namespace)) await note(step, outcome);
      else for (const step of steps) await note(step, await make(tx, step, namespace));
      if (end === "roll back") throw new Error("changed my mind");
      if (end === "cut") await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx);
    })
    .catch(() => undefined);
  return made;
}

/** Which transactions are in the database, whatever their clients were told. */
async function committed(prefix: string): Promise<Set<string>> {
  const { rows } = await sql<{ transaction: string }>`
    select transaction from public.steps where starts_with(transaction, ${prefix})`.execute(database.db);
  return new Set(rows.map((row) => row.transaction));
}

/** Refusals without a lock say what was so for a moment; the moment has no number. */
const MOMENTARY: Readonly<Record<Step["do"], readonly string[]>> = {
  acquire: ["not-found", "in-use"],
  release: ["not-found"],
  child: ["not-found"],
  "specific-child": ["not-found"],
  "release-child": ["not-found", "in-use"],
};

let histories = 0;
let cuts = 0;

async function runHistory(plans: readonly (readonly Plan[])[]): Promise<void> {
  const namespace = `interleaving-${++histories}`;
  await createNamespace(database.db, namespace);
  for (const root of ROOTS) await createPrefix(database.db, root, namespace);
  const made = new Map<string, Made[]>();
  await Promise.all(
    plans.map(async (transactions, client) => {
      for (const [index, plan] of transactions.entries()) {
        const name = `${namespace}/${client}/${index}`;
        made.set(name, await run(plan, name, namespace));
      }
    }),
  );

  const kept = await committed(`${namespace}/`);
  const steps = [...made].filter(([name]) => kept.has(name)).flatMap(([, steps]) => steps);
  const model = new Model(ROOTS);
  for (const { step, outcome } of steps.toSorted((one, other) => one.number - other.number)) {
    if (MOMENTARY[step.do].includes(outcome)) continue;
    expect(outcome, JSON.stringify(step)).toBe(model.take(step));
  }
  expect(await stateOf(database.db, namespace)).toEqual(model.state());
  expect(await contradictions(database.db, namespace)).toEqual([]);
}

/** Cuts connections at any moment, also between a transaction's statements and in its commit. */
async function cutAtRandom(signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    await sleep(7 + ((turn * 13) % 31));
    const { rows } = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = ${CLIENT} and state <> 'idle'
      order by random() limit 1`.execute(database.db);
    cuts += rows.length;
  }
}

test("what is committed is what the model says, in any interleaving", async () => {
  const stop = new AbortController();
  const cutting = cutAtRandom(stop.signal);
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(history, { minLength: SIDE_BY_SIDE, maxLength: SIDE_BY_SIDE }),
        async (sideBySide) => void (await Promise.all(sideBySide.map(runHistory))),
      ),
      // A failure does not happen again when repeated: shrinking would only hide it.
      { numRuns: Math.ceil(HISTORIES / SIDE_BY_SIDE), seed: SEED, endOnFailure: true },
    );
  } finally {
    stop.abort();
    await cutting;
  }
  expect(cuts).toBeGreaterThan(0);
  if (HISTORIES > 1_000) console.log(`${histories} histories of seed ${SEED}, ${cuts} connections were cut at random`);
}, 3_600_000);
