// Networks that share a VRF come and go at the same time: its number is forgotten by nobody, and never free while in use.
import { setTimeout } from "node:timers/promises";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema, Tx } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { buildFleet, PARTITION, PROJECT } from "../testing/fleet.ts";
import { allocateChildNetwork, createNetwork, deleteNetwork, freeNetwork } from "./commands.ts";
import type { NetworkRow } from "./store.ts";

/** Long enough for a statement that nobody holds up. */
const MEANWHILE_MS = 300;

let database: TestDatabase<Schema>;
/** Of a project, in the VRF that the others join. */
let child: NetworkRow;
beforeAll(async () => {
  database = await testDatabase<Schema>(MIGRATIONS);
  await buildFleet(database.db, { machines: 0 });
});
afterAll(() => database.drop());

const commit = <T>(work: (tx: Tx) => Promise<T>) => transact(database.db, work);
const join = (id: string, prefix: string) => (tx: Tx) =>
  createNetwork(tx, { id, prefixes: [prefix], vrf: child.vrf!, vrfshared: true });
const leave = (id: string) => (tx: Tx) => deleteNetwork(tx, id);

/** Begins the second while the first has not committed. */
async function overlapping(first: (tx: Tx) => Promise<unknown>, second: (tx: Tx) => Promise<unknown>): Promise<void> {
  let later: Promise<unknown> | undefined;
  await commit(async (tx) => {
    await first(tx);
    later = commit(second);
    await Promise.race([later, setTimeout(MEANWHILE_MS)]);
  });
  await later;
}

async function rows(): Promise<{ free: number; used: number }> {
  const { db } = database;
  const free = await db.selectFrom("free_numbers").select("number").where("number", "=", child.vrf).execute();
  const used = await db.selectFrom("networks").select("id").where("vrf", "=", child.vrf).execute();
  return { free: free.length, used: used.length };
}

beforeEach(async () => {
  child = await commit((tx) => allocateChildNetwork(tx, { partitionid: PARTITION, projectid: PROJECT }));
});

it("the last two leave at once: the number is free", async () => {
  await commit(join("one", "198.18.8.0/24"));
  await overlapping(leave("one"), (tx) => freeNetwork(tx, child.id));
  expect(await rows()).toEqual({ free: 1, used: 0 });
});

it("one joins while the last one leaves: the number is in use, and free when it leaves, too", async () => {
  await overlapping((tx) => freeNetwork(tx, child.id), join("two", "198.18.9.0/24"));
  expect(await rows()).toEqual({ free: 0, used: 1 });
  await commit(leave("two"));
  expect(await rows()).toEqual({ free: 1, used: 0 });
});
