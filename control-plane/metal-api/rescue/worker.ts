// Boots machines again that fell silent before their installation ended, or while nobody has them. Several replicas may run it: a row lock decides who acts.
import { setTimeout as sleep } from "node:timers/promises";
import { notify } from "@metal-stack/database";
import { enqueueBmcCommand } from "../bmc/commands.ts";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { recordEvent } from "../provisioning/store.ts";
import { lockMachine } from "../release/store.ts";
import { MAX_RESCUES, RESCUE_SILENCE_MS, rescuePlan } from "./rules.ts";
import { RESCUE, rescueFacts, silentMachines } from "./store.ts";

const LOOK_EVERY_MS = 10_000;
const BATCH = 500;

/** Does what is due once. Answers what was ordered, by machine. */
export async function rescueSilent({ db, clock, log }: Pick<Context, "db" | "clock" | "log">): Promise<string[]> {
  const ordered: string[] = [];
  const before = new Date(clock().getTime() - RESCUE_SILENCE_MS);
  for (const id of await silentMachines(db, before, MAX_RESCUES, BATCH)) {
    const order = await transact(db, (tx) => rescue(tx, id, clock()));
    if (!order) continue;
    ordered.push(`${id} ${order}`);
    log.warn({ machine: id, order }, "silent, booted again");
  }
  return ordered;
}

async function rescue(tx: Db, id: string, now: Date): Promise<string | undefined> {
  const machine = await lockMachine(tx, id);
  const facts = machine && (await rescueFacts(tx, id));
  if (!facts) return undefined;
  const plan = rescuePlan(facts);
  if ((plan.kind !== "boot device" && plan.kind !== "power cycle") || plan.at > now) return undefined;
  const target = { id, partitionId: machine.partition_id };
  const why = facts.free ? RESCUE.free : RESCUE.installing;
  await enqueueBmcCommand(tx, target, plan.kind === "boot device" ? "PXE" : "CYCLE", why);
  const reset = `reset ${plan.reset} of ${MAX_RESCUES}`;
  if (plan.kind === "power cycle")
    await recordEvent(tx, id, "Planned Reboot", `${why.replace("metal-api: ", "")}: ${reset}`, now);
  await notify(tx, "machine", id);
  return `${reset}: ${plan.kind}`;
}

/** Runs until the signal aborts; an error is logged and the next look comes all the same. */
export async function runRescueWorker(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await rescueSilent(context).catch((error: unknown) =>
      context.log.error({ err: error }, "cannot look after silent machines"),
    );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
