// The original's way to wait (reference/machine-lifecycle.md 5.3): empty messages while there is nothing to do, and an end
// without error when the machine is allocated.
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import { wakeups } from "../grpc/wakeups.ts";
import { ensureErase } from "../release/commands.ts";
import { lockMachine, setDisks, waiveErase } from "../release/store.ts";
import { isVouchedFor } from "./rules.ts";
import { clearWaiting, factsOf, renewWaiting } from "./store.ts";

const PATIENCE_MS = 5_000;
const WAITING_MS = 30_000;

/** @param wipesFirst the caller is the original's hammer, which wipes before it waits and reports nothing */
export async function* wait(context: Context, machineId: string, wipesFirst: boolean, signal: AbortSignal) {
  const { db, notifications, clock, config } = context;
  if (wipesFirst) await transact(db, (tx) => acceptUnproven(tx, machineId, clock()));
  const sources = [{ topic: "machine" as const, concerns: (id: string) => id === machineId }];
  for await (const why of wakeups(notifications, sources, PATIENCE_MS, signal)) {
    const state = await factsOf(db, machineId);
    if (!state) throw notFound("machine", machineId);
    if (state.facts.allocation) return;
    // The original's agents share one certificate: there is nobody to tell from anybody.
    const vouchedFor = wipesFirst || isVouchedFor(state.facts, config.bmcRequired);
    if (state.facts.disks === "erased" && vouchedFor)
      await renewWaiting(db, machineId, new Date(clock().getTime() + WAITING_MS));
    else await clearWaiting(db, machineId);
    if (why !== "change") yield {};
  }
}

/** Its word is all there is; the issue erase-unproven tells so. A quarantine stays. */
async function acceptUnproven(tx: Db, machineId: string, now: Date): Promise<void> {
  const release = await ensureErase(tx, machineId, now);
  if (!release) return;
  const reason = "wiped by a legacy hammer, not proven";
  await tx
    .updateTable("releases")
    .set({ phase: "done", reason, finished: now, deadline: null, next_try: null })
    .where("id", "=", release.id)
    .execute();
  const machine = await lockMachine(tx, machineId);
  await waiveErase(tx, machine!, "legacy metal-hammer", reason);
  await setDisks(tx, machineId, "erased", reason);
}
