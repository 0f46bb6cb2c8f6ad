// Looks after machines that were to be reinstalled and did not boot. Several replicas may run it: a row lock decides who acts.
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../context.ts";
import { transact } from "../database/transaction.ts";
import { lateReinstalls, repeatReinstall } from "./commands.ts";

const LOOK_EVERY_MS = 10_000;
const BATCH = 100;

/** Does what is due once. Answers the machines that were power-cycled again. */
export async function advanceReinstalls({ db, clock, log }: Pick<Context, "db" | "clock" | "log">): Promise<string[]> {
  const repeated: string[] = [];
  for (const id of await lateReinstalls(db, clock(), BATCH)) {
    if (!(await transact(db, (tx) => repeatReinstall(tx, id, clock())))) continue;
    repeated.push(id);
    log.info({ machine: id }, "did not boot to be reinstalled, power-cycled again");
  }
  return repeated;
}

/** Runs until the signal aborts; an error is logged and the next look comes all the same. */
export async function runReinstallWorker(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await advanceReinstalls(context).catch((error: unknown) =>
      context.log.error({ err: error }, "cannot look after reinstallations"),
    );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
