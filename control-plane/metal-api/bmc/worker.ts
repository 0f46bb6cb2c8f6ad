// Looks after changes of BMC passwords that are due. Several replicas may run it; what is due stands in the rows.
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../context.ts";
import { advanceRotations } from "./rotation.ts";

const LOOK_EVERY_MS = 2_000;

/** Runs until the signal aborts; an error is logged and the next look comes all the same. */
export async function runRotationWorker(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await advanceRotations(context);
    } catch (error) {
      context.log.error({ err: error }, "cannot look after the passwords of BMCs");
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
