// Releases that do not go well, with a clock that the test moves.
import { agent } from "@metal-stack/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventsOf } from "../provisioning/store.ts";
import {
  type AgentWorld,
  bootHammer,
  createAgentWorld,
  createPartition,
  erasedDisk,
  instructionsOf,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";
import { overrideQuarantine, retryErase, startRelease } from "./commands.ts";
import { advanceReleases } from "./worker.ts";

const MINUTE = 60_000;
let world: AgentWorld;
let id: string;
let count = 0;

function ownWorld(): void {
  beforeAll(async () => {
    world = await createAgentWorld();
    await createPartition(world);
  });
  afterAll(() => world.close());
  beforeEach(freedMachine);
}

/** A machine with a BMC that its tenant just gave back. */
async function freedMachine() {
  id = machineId(++count);
  const { db, clock } = world.context;
  const ipmi = JSON.stringify({ address: "10.0.0.1:623" }) as never;
  await db.insertInto("machines").values({ id, partition_id: PARTITION, disks: "in-use", ipmi }).execute();
  await db
    .transaction()
    .execute((tx) => startRelease(tx, id, { allocationUuid: `a${count}`, requestedBy: "ann" }, clock()));
}

const release = () =>
  world.context.db
    .selectFrom("releases")
    .selectAll()
    .where("machine_id", "=", id)
    .orderBy("created", "desc")
    .executeTakeFirstOrThrow();
const machine = () =>
  world.context.db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
/** Commands nobody executed yet. */
const commands = async () => {
  const rows = await world.context.db
    .selectFrom("bmc_commands")
    .select("command")
    .where("machine_id", "=", id)
    .where("done", "is", null)
    .orderBy("sequence")
    .execute();
  return rows.map(({ command }) => command);
};
async function later(minutes: number) {
  world.pass(minutes * MINUTE);
  await advanceReleases(world.context);
}

describe("a machine that does not boot", () => {
  ownWorld();

  it("is reset again, with growing pauses, until it is given up", async () => {
    expect(await commands()).toEqual(["LED-OFF", "PXE", "RESET"]);
    await later(9);
    expect(await release()).toMatchObject({ phase: "boot", attempts: 1, next_try: null });

    const pauses = [0, 1, 5, 15, 30, 60, 120];
    for (const [index, pause] of pauses.entries()) {
      await later(10);
      expect((await release()).last_error).toBe(
        `reset ${index + 1}: the machine did not boot the discovery image in time`,
      );
      await later(pause);
      expect(await release()).toMatchObject({ phase: "boot", attempts: index + 2, next_try: null });
    }
    // A repetition replaces what was not executed.
    expect(await commands()).toEqual(["LED-OFF", "PXE", "RESET"]);
    expect((await eventsOf(world.context.db, [id])).get(id)!.events[0]).toMatchObject({ event: "Planned Reboot" });

    await later(10);
    await later(600);
    expect(await release()).toMatchObject({
      attempts: 8,
      next_try: null,
      finished: null,
      reason: expect.stringContaining("gave up after 8 resets"),
    });
  });

  it("is tried again when a person asks for it", async () => {
    await world.context.db
      .updateTable("releases")
      .set({ attempts: 8, deadline: null })
      .where("machine_id", "=", id)
      .execute();
    await world.context.db.transaction().execute((tx) => retryErase(tx, id, "bob", world.context.clock()));
    expect(await release()).toMatchObject({ attempts: 1, phase: "boot" });
    expect(await machine()).toMatchObject({ disks: "erasing", disks_reason: "tried again by bob" });
  });

  it("says what its BMC said", async () => {
    const bmc = world.client(agent.BmcService, await world.certify("metal-bmc", PARTITION));
    const open = await world.context.db
      .selectFrom("bmc_commands")
      .select("id")
      .where("machine_id", "=", id)
      .where("command", "=", "RESET")
      .executeTakeFirstOrThrow();
    await bmc.commandDone({ commandId: open.id, error: "wrong password" });
    await later(10);
    expect((await release()).last_error).toBe("reset 1: BMC RESET: wrong password");
  });

  it("waits for a hand when no BMC is known, and is reset as soon as one is", async () => {
    const orphan = machineId(++count);
    const { db, clock } = world.context;
    await db.insertInto("machines").values({ id: orphan, partition_id: PARTITION, disks: "in-use" }).execute();
    await db.transaction().execute((tx) => startRelease(tx, orphan, { requestedBy: "ann" }, clock()));
    id = orphan;
    expect(await release()).toMatchObject({
      phase: "reset",
      attempts: 0,
      reason: expect.stringContaining("power-cycle the machine by hand"),
    });
    await later(2);
    expect(await release()).toMatchObject({ phase: "reset" });
    const bmc = world.client(agent.BmcService, await world.certify("metal-bmc", PARTITION));
    await bmc.report({ partitionId: PARTITION, reports: [{ machineId: orphan, address: "10.0.0.7" }] });
    await later(2);
    expect(await release()).toMatchObject({ phase: "boot", attempts: 1 });
  });
});

describe("an erase", () => {
  ownWorld();

  async function hammerErasing() {
    const hammer = await bootHammer(world, id);
    await hammer.boot
      .register({ ...registration(id, 1), hardware: { ...registration(id).hardware, nics: [] } })
      .catch(() => undefined);
    const told = instructionsOf(hammer);
    const { jobId } = (await told.until("erase")).value as agent.Erase;
    return { hammer, told, jobId };
  }

  it("is for the release that is open", async () => {
    const { jobId, told } = await hammerErasing();
    expect(jobId).toBe(`a${count}`);
    expect(await release()).toMatchObject({ phase: "erase", reason: "erasing the disks" });
    told.stop();
  });

  it("goes on while progress is told, and is begun anew when the machine falls silent", async () => {
    const { hammer, told, jobId } = await hammerErasing();
    await world.context.db
      .updateTable("releases")
      .set({ deadline: new Date(world.context.clock().getTime() + 600 * MINUTE) })
      .where("machine_id", "=", id)
      .execute();
    for (let i = 0; i < 3; i++) {
      await later(9);
      await hammer.hammer.eraseProgress({ machineId: id, jobId, disk: "/dev/vda", fraction: i / 4 });
    }
    expect(await release()).toMatchObject({ phase: "erase", progress: { "/dev/vda": { fraction: 0.5 } } });
    await later(11);
    await later(0);
    expect(await release()).toMatchObject({
      phase: "boot",
      attempts: 2,
      last_error: "reset 1: the machine fell silent while erasing",
    });
    told.stop();
    // It comes back, and the same job begins again.
    const again = await hammerErasing();
    expect(again.jobId).toBe(jobId);
    again.told.stop();
  });

  it("that fails puts the machine into quarantine until a person decides", async () => {
    const { hammer, told, jobId } = await hammerErasing();
    const failed = { ...erasedDisk, verified: false, error: "no method erased this disk" };
    const verdict = await hammer.hammer.reportErase({ machineId: id, jobId, disks: [failed] });
    expect(verdict).toMatchObject({ accepted: false, reason: "/dev/vda: no method erased this disk" });
    expect(await machine()).toMatchObject({ disks: "quarantined", disks_reason: verdict.reason, waiting_until: null });
    const order = await told.until("wait");
    expect(order.value).toMatchObject({ allocatable: false, reason: `quarantined: ${verdict.reason}` });
    expect(await release()).toMatchObject({ phase: "quarantined", finished: expect.any(Date) });

    // Lying later does not help.
    const late = await hammer.hammer.reportErase({ machineId: id, jobId, disks: [erasedDisk] });
    expect(late).toEqual(verdict);

    await world.context.db.transaction().execute((tx) => overrideQuarantine(tx, id, "bob", "scrap"));
    expect(await machine()).toMatchObject({
      disks: "erased",
      disks_reason: expect.stringContaining("without proof by bob"),
    });
    told.stop();
  });

  it("of another job, or without disks that are there, does not count", async () => {
    const { hammer, told, jobId } = await hammerErasing();
    const stale = await hammer.hammer.reportErase({ machineId: id, jobId: "a0", disks: [erasedDisk] });
    expect(stale).toMatchObject({
      accepted: false,
      recordId: "",
      reason: expect.stringContaining("no open erase job"),
    });
    expect(await machine()).toMatchObject({ disks: "erasing" });
    const empty = await hammer.hammer.reportErase({ machineId: id, jobId, disks: [] });
    expect(empty).toMatchObject({ accepted: false, reason: "/dev/vda is not reported" });
    told.stop();
  });

  it("counts for the disks that were there: a machine that comes back with another one is held back", async () => {
    const { hammer, told, jobId } = await hammerErasing();
    await hammer.hammer.reportErase({ machineId: id, jobId, disks: [erasedDisk] });
    expect(await machine()).toMatchObject({ disks: "erased" });
    told.stop();
    const again = await bootHammer(world, id);
    const { hardware } = registration(id);
    const other = { name: "/dev/vdb", size: 1n << 30n, serial: "D9" };
    await again.boot
      .register({ ...registration(id), hardware: { ...hardware, nics: [], disks: [...hardware.disks, other] } })
      .catch(() => undefined);
    const waiting = instructionsOf(again);
    expect((await waiting.until("wait")).value).toMatchObject({
      allocatable: false,
      reason:
        "quarantined: other disks than were erased: /dev/vdb (serial D9) was not there when the disks were erased",
    });
    waiting.stop();
  });

  it("is tried again out of quarantine under a new job", async () => {
    const { hammer, told, jobId } = await hammerErasing();
    await hammer.hammer.reportErase({ machineId: id, jobId, disks: [] });
    await world.context.db.transaction().execute((tx) => retryErase(tx, id, "bob", world.context.clock()));
    told.stop();
    const again = await hammerErasing();
    expect(again.jobId).not.toBe(jobId);
    expect(
      await again.hammer.hammer.reportErase({ machineId: id, jobId: again.jobId, disks: [erasedDisk] }),
    ).toMatchObject({ accepted: true });
    expect(await machine()).toMatchObject({ disks: "erased", disks_reason: "" });
    again.told.stop();
  });
});

describe("a second free", () => {
  ownWorld();

  it("changes nothing", async () => {
    const before = [await release(), await commands()];
    await world.context.db.transaction().execute((tx) => startRelease(tx, id, { requestedBy: "eve" }));
    expect([await release(), await commands()]).toEqual(before);
  });
});

describe("two replicas", () => {
  ownWorld();

  it("reset a machine once", async () => {
    world.pass(10 * MINUTE);
    await Promise.all([advanceReleases(world.context), advanceReleases(world.context)]);
    await Promise.all([advanceReleases(world.context), advanceReleases(world.context)]);
    expect(await release()).toMatchObject({ attempts: 2 });
  });
});
