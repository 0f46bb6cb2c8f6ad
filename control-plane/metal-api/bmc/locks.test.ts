// Who locks what in which order: nobody waits in a circle, and one machine never keeps the others waiting.
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Db } from "../database/schema.ts";
import { lockMachine } from "../release/store.ts";
import { type AgentWorld, createAgentWorld, createPartition, machineId, PARTITION } from "../testing/agents.ts";
import { commandDone, enqueueBmcCommand, supersedePowerCommands } from "./commands.ts";
import { recordBmcReports } from "./reports.ts";
import type { BmcFacts } from "./rules.ts";
import { nextCommands } from "./stream.ts";

const [M1, M2, M3] = [machineId(1), machineId(2), machineId(3)];
const PATIENT = { timeout: 20_000 };
const FACTS: BmcFacts = {
  address: "10.0.0.1:623",
  mac: "",
  bmcVersion: "1",
  biosVersion: "",
  powerState: "ON",
  indicatorLed: "",
  fru: {},
};
let world: AgentWorld;

beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
});
afterAll(() => world.close());
beforeEach(() => db().deleteFrom("machines").execute());

const db = (): Db => world.context.db;
const report = (...ids: string[]) =>
  recordBmcReports(world.context, PARTITION, new Map(ids.map((id) => [id, FACTS])), new Date());
const reported = async () => {
  const rows = await db().selectFrom("machines").select("id").where("bmc_seen", "is not", null).orderBy("id").execute();
  return rows.map(({ id }) => id);
};
/** Resolves when somebody waits for a lock in this database. */
const somebodyWaits = () =>
  vi.waitFor(async () => {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db());
    expect(rows.length).toBeGreaterThan(0);
  }, PATIENT);

describe("reports of many BMCs", () => {
  it("are there as soon as each is written: a machine that somebody holds delays no other's owner", async () => {
    await report(M1, M2);
    await db().updateTable("machines").set({ bmc_seen: null }).execute();
    let pending: Promise<unknown> | undefined;
    await db()
      .transaction()
      .execute(async (tx) => {
        await lockMachine(tx, M2);
        pending = report(M1, M2);
        await vi.waitFor(async () => expect(await reported()).toEqual([M1]), PATIENT);
        await somebodyWaits();
        // In the other order, as an allocation may: nobody waits for us while he holds it.
        await lockMachine(tx, M1);
      });
    await pending;
    expect(await reported()).toEqual([M1, M2]);
  });

  it("are taken in but for the one that fails; when all fail the caller hears it", async () => {
    await sql`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'no room for %', new.id; end $$;
      create trigger refuse before insert on machines for each row when (new.id = ${sql.lit(M2)}) execute function refuse()
    `.execute(db());
    expect(await report(M1, M2, M3)).toEqual({ created: [M1, M3], updated: [] });
    await expect(report(M2)).rejects.toThrow(`no room for ${M2}`);
    await sql`drop trigger refuse on machines`.execute(db());
  });
});

describe("an answer to a BMC command", () => {
  it("waits for who replaces the command, and the other way round", async () => {
    await report(M1);
    const target = { id: M1, partitionId: PARTITION };
    const id = await db()
      .transaction()
      .execute((tx) => enqueueBmcCommand(tx, target, "RESET", "ann"));
    await db().insertInto("releases").values({ id: "release", machine_id: M1, phase: "boot" }).execute();
    let answer: Promise<unknown> | undefined;
    await db()
      .transaction()
      .execute(async (tx) => {
        await lockMachine(tx, M1);
        await tx.updateTable("releases").set({ reason: "once more" }).where("machine_id", "=", M1).execute();
        answer = db()
          .transaction()
          .execute((other) => commandDone(other, PARTITION, id, "no answer"));
        await somebodyWaits();
        await supersedePowerCommands(tx, M1, "release");
      });
    expect(await answer).toBe("known");
  });

  it("and the sending of the next wait for nobody in a circle", async () => {
    await report(M1);
    const target = { id: M1, partitionId: PARTITION };
    const enqueue = () =>
      db()
        .transaction()
        .execute((tx) => enqueueBmcCommand(tx, target, "RESET", "ann"));
    const [first, second] = [await enqueue(), await enqueue()];
    // Rows that were written again lie behind those that were not.
    await db().updateTable("bmc_commands").set({ attempts: 1 }).where("id", "=", first).execute();
    let sent: ReturnType<typeof nextCommands> | undefined;
    await db()
      .transaction()
      .execute(async (tx) => {
        await lockMachine(tx, M1);
        await commandDone(tx, PARTITION, first, "");
        sent = nextCommands(db(), PARTITION, []);
        await somebodyWaits();
        await supersedePowerCommands(tx, M1, "release");
      });
    expect(await sent).toEqual([]);
    expect(second).not.toBe(first);
  });
});
