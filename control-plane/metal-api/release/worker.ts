// Looks after releases that wait for something: a boot that does not come, an erase that falls silent. Several replicas may
// run it; a row lock decides who acts, and what is due stands in the row, so a crash at any point loses nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { expireBmcCommands } from "../bmc/commands.ts";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { resetMachine } from "./commands.ts";
import { decide, MAX_ATTEMPTS } from "./rules.ts";
import { machinesWithDueRelease, type ReleaseRow } from "./store.ts";
import { notify } from "@metal-stack/database";

const LOOK_EVERY_MS = 2_000;
/** At most so many machines a look: a rack that lost power does not keep others waiting. */
const BATCH = 200;

/** Does everything that is due once. Answers how many releases were moved on. */
export async function advanceReleases({ db, clock, log }: Pick<Context, "db" | "clock" | "log">): Promise<number> {
  let moved = 0;
  for (const machineId of await machinesWithDueRelease(db, clock(), BATCH)) {
    const action = await transact(db, (tx) => advance(tx, machineId, clock()));
    if (action === "nothing") continue;
    moved += 1;
    log.info({ machine: machineId, action }, "release moved on");
  }
  return moved;
}

async function advance(tx: Db, machineId: string, now: Date): Promise<"nothing" | "reset" | "retry later"> {
  const machine = await tx
    .selectFrom("machines")
    .select(["id", "partition_id", "ipmi"])
    .where("id", "=", machineId)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  const release = machine && (await readRelease(tx, machineId));
  if (!release) return "nothing";
  const { next_try: nextTry, last_event_time: heard } = release;
  const decision = decide({ ...release, nextTry, heard }, now);
  if (decision.action === "reset") await resetMachine(tx, machine, release, now);
  if (decision.action === "retry later") await postpone(tx, release, decision.nextTry, decision.error);
  return decision.action;
}

async function readRelease(tx: Db, machineId: string) {
  return tx
    .selectFrom("releases")
    .leftJoin("provisioning_states as log", "log.machine_id", "releases.machine_id")
    .selectAll("releases")
    .select("log.last_event_time")
    .where("releases.machine_id", "=", machineId)
    .where("finished", "is", null)
    .executeTakeFirst();
}

async function postpone(tx: Db, release: ReleaseRow, nextTry: Date | null, error: string): Promise<void> {
  const reason = nextTry
    ? `${error}; next reset at ${nextTry.toISOString()}`
    : `${error}; gave up after ${MAX_ATTEMPTS} resets: look at the machine, then retry the erase`;
  const attempt = `reset ${release.attempts}`;
  await tx
    .updateTable("releases")
    .set({
      reason,
      // What the BMC said in this attempt explains more than that the machine did not boot.
      last_error: release.last_error.startsWith(`${attempt}: BMC`) ? release.last_error : `${attempt}: ${error}`,
      deadline: null,
      next_try: nextTry,
      ...(nextTry === null && { phase: "boot" as const }),
    })
    .where("id", "=", release.id)
    .execute();
  await notify(tx, "release", release.machine_id);
}

/** Runs until the signal aborts; an error is logged and the next look comes all the same. */
export async function runReleaseWorker(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await expireBmcCommands(context.db);
      await advanceReleases(context);
    } catch (error) {
      context.log.error({ err: error }, "cannot look after releases");
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
