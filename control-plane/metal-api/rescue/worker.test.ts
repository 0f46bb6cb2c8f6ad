// A machine that hangs in the middle of its installation is power-cycled through its BMC; nobody else's is.
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandDone, enqueueBmcCommand } from "../bmc/commands.ts";
import { claimPartition } from "../bmc/stream.ts";
import type { Tx } from "../database/schema.ts";
import { eventsOf, recordEvent } from "../provisioning/store.ts";
import {
  type AgentWorld,
  allocate,
  createAgentWorld,
  createPartition,
  machineId,
  PARTITION,
} from "../testing/agents.ts";
import { RESCUE } from "./store.ts";
import { rescueSilent } from "./worker.ts";

const M1 = machineId(1);
let world: AgentWorld;

beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  await db().deleteFrom("allocations").execute();
  await db().deleteFrom("machines").execute();
  const ipmi = json({ address: "10.0.0.1:623" }) as never;
  await db().insertInto("machines").values({ id: M1, partition_id: PARTITION, ipmi }).execute();
  await allocate(world, M1);
  await recordEvent(db(), M1, "Installing");
  await connected(true);
});

const db = () => world.context.db;
const transact = <T>(work: (tx: Tx) => Promise<T>) => db().transaction().execute(work);
const look = () => rescueSilent(world.context);
const connected = async (is: boolean) => {
  await db().deleteFrom("bmc_streams").execute();
  if (is) await claimPartition(db(), { partitionId: PARTITION, holder: "one", certificate: "1" }, true);
};
/** As if it had been minutes ago. */
async function pass(minutes: number): Promise<void> {
  const ago = sql.raw(`interval '${minutes} minutes'`);
  for (const table of ["allocations", "machines"])
    await sql`update ${sql.table(table)} set created = created - ${ago}`.execute(db());
  await sql`update provisioning_states set last_event_time = last_event_time - ${ago}`.execute(db());
  await sql`update provisioning_events set time = time - ${ago}`.execute(db());
  await sql`update bmc_commands set created = created - ${ago}, done = done - ${ago}`.execute(db());
}
const commands = () => db().selectFrom("bmc_commands").selectAll().orderBy("sequence").execute();
const order = (command: "DISK" | "OFF" | "PXE") =>
  transact((tx) => enqueueBmcCommand(tx, { id: M1, partitionId: PARTITION }, command, "ann"));
async function answer(error = ""): Promise<void> {
  for (const { id } of await commands()) await transact((tx) => commandDone(tx, PARTITION, id, error));
}

/** M1 without its tenant. */
async function nobodyHas(machine: { disks: "unknown" | "erasing" | "quarantined" }, release = false): Promise<void> {
  await db().deleteFrom("allocations").execute();
  await db().updateTable("machines").set(machine).where("id", "=", M1).execute();
  if (release)
    await db().insertInto("releases").values({ id: "r1", machine_id: M1, phase: "erase", reason: "" }).execute();
}

describe("a silent machine that nobody has", () => {
  beforeEach(() => nobodyHas({ disks: "unknown" }));

  it("is booted again, four times from one wait to the next", async () => {
    for (const reset of [1, 2, 3, 4]) {
      await pass(90);
      expect(await look()).toEqual([`${M1} reset ${reset} of 4: boot device`]);
      await answer();
      await pass(3);
      expect(await look()).toEqual([`${M1} reset ${reset} of 4: power cycle`]);
      await answer();
      // It boots, and hangs before it waits.
      await recordEvent(db(), M1, "PXE Booting");
    }
    expect((await commands())[0]).toMatchObject({ command: "PXE", requested_by: RESCUE.free });
    await pass(10_000);
    expect(await look()).toEqual([]);
    await recordEvent(db(), M1, "Waiting");
    await pass(21);
    expect(await look()).toEqual([`${M1} reset 1 of 4: boot device`]);
  });

  it("is left alone while most of its partition fell silent with it", async () => {
    const ipmi = json({ address: "10.0.0.2:623" }) as never;
    const others = [2, 3].map(machineId);
    const values = others.map((id) => ({ id, partition_id: PARTITION, ipmi, disks: "unknown" as const }));
    await db().insertInto("machines").values(values).execute();
    for (const id of others) await recordEvent(db(), id, "Waiting");
    await pass(30);
    expect(await look()).toEqual([]);
    for (const id of others) await recordEvent(db(), id, "Alive");
    expect(await look()).toEqual([`${M1} reset 1 of 4: boot device`]);
  });

  it("is left alone when it was switched off, until it waited again", async () => {
    await order("OFF");
    await answer();
    await pass(60);
    expect(await look()).toEqual([]);
    await recordEvent(db(), M1, "Waiting");
    await pass(60);
    expect(await look()).toEqual([`${M1} reset 1 of 4: boot device`]);
  });
});

describe("a silent installation", () => {
  it("gets a network boot, and a power cycle when the BMC has answered, which its log tells", async () => {
    expect(await look()).toEqual([]);
    await pass(21);
    expect(await look()).toEqual([`${M1} reset 1 of 4: boot device`]);
    expect(await look()).toEqual([]);
    await answer();
    expect(await look()).toEqual([]);
    await pass(3);
    expect(await Promise.all([look(), look()])).toContainEqual([`${M1} reset 1 of 4: power cycle`]);
    expect((await commands()).map(({ command, requested_by }) => [command, requested_by])).toEqual([
      ["PXE", RESCUE.installing],
      ["CYCLE", RESCUE.installing],
    ]);
    const log = (await eventsOf(db(), [M1])).get(M1)!;
    expect(log.events[0]).toMatchObject({
      event: "Planned Reboot",
      message: "silent before its installation ended: reset 1 of 4",
    });
    await answer();
    await pass(29);
    expect(await look()).toEqual([]);
    await pass(2);
    expect(await look()).toEqual([`${M1} reset 2 of 4: boot device`]);
  });

  it("is not power-cycled when only the partition was away", async () => {
    await pass(60);
    await connected(false);
    expect(await look()).toEqual([]);
    // The link is healed, and metal-bmc is faster than the machine.
    await connected(true);
    expect(await look()).toEqual([`${M1} reset 1 of 4: boot device`]);
    await answer();
    await recordEvent(db(), M1, "Alive");
    await pass(3);
    expect(await look()).toEqual([]);
  });

  it("is given up after four resets, whatever its BMC answers", async () => {
    for (const reset of [1, 2, 3, 4]) {
      await pass(90);
      expect(await look()).toEqual([`${M1} reset ${reset} of 4: boot device`]);
      await answer("no answer");
    }
    await pass(10_000);
    expect(await look()).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["it is installed", () => db().updateTable("allocations").set({ installed: new Date() }).execute()],
    ["a switch heard a system", () => recordEvent(db(), M1, "Phoned Home")],
    ["somebody chose its disk", () => order("DISK")],
    ["somebody switched it off", () => order("OFF")],
    ["it is locked", () => db().updateTable("machines").set({ state_value: "LOCKED" }).execute()],
    ["it is in quarantine", () => nobodyHas({ disks: "quarantined" })],
    ["it is taken back", () => nobodyHas({ disks: "erasing" }, true)],
    ["it has no BMC", () => db().updateTable("machines").set({ ipmi: null }).execute()],
  ])("is left alone when %s", async (_, make) => {
    await make();
    await answer();
    await pass(60);
    expect(await look()).toEqual([]);
  });
});
