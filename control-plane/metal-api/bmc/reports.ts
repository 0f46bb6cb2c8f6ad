import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, notFound } from "../errors.ts";
import { type BmcFacts, isLedState, isMachineId, mergeIpmi } from "./rules.ts";

/** A partition with more machines reports in several calls. */
const MAX_REPORTS = 10_000;

/**
 * Takes in what the BMCs of a partition say, as the original's POST /v1/machine/ipmi (reference/machine-lifecycle.md
 * 2.8): machines never seen are created, known ones updated; those of another partition are left alone.
 * Unlike there, a machine that is known but has no partition yet gets this one.
 *
 * Each machine is a transaction of its own: one that is locked or fails keeps nobody else waiting or untold. Throws 400,
 * 404, and what failed when nothing could be taken in; else failures are logged, and the next report comes in minutes.
 */
export async function recordBmcReports(
  { db, log }: Pick<Context, "db" | "log">,
  partitionId: string,
  reports: ReadonlyMap<string, BmcFacts>,
  now: Date,
): Promise<{ updated: string[]; created: string[] }> {
  if (partitionId === "") throw badRequest("partition id is empty");
  if (reports.size > MAX_REPORTS) throw badRequest(`more than ${MAX_REPORTS} reports`);
  const partition = await db.selectFrom("partitions").select("id").where("id", "=", partitionId).executeTakeFirst();
  if (!partition) throw notFound("partition", partitionId);

  const updated: string[] = [];
  const created: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  for (const id of [...reports.keys()].filter(isMachineId).sort()) {
    try {
      const outcome = await transact(db, (tx) => recordReport(tx, id, partitionId, reports.get(id)!, now));
      if (outcome === "created") created.push(id);
      if (outcome === "updated") updated.push(id);
    } catch (error) {
      log.error({ machine: id, err: error }, "cannot take in what a BMC reports");
      failure ??= { error };
    }
  }
  if (failure && updated.length + created.length === 0) throw failure.error;
  return { updated, created };
}

async function recordReport(
  tx: Db,
  id: string,
  partitionId: string,
  facts: BmcFacts,
  now: Date,
): Promise<"created" | "updated" | "not ours"> {
  const isNew = await insertSkeleton(tx, id, partitionId);
  if (!(await writeFacts(tx, id, partitionId, facts, now))) return "not ours";
  return isNew ? "created" : "updated";
}

async function insertSkeleton(tx: Db, id: string, partitionId: string): Promise<boolean> {
  const inserted = await tx
    .insertInto("machines")
    .values({ id, partition_id: partitionId })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

async function writeFacts(tx: Db, id: string, partitionId: string, facts: BmcFacts, now: Date): Promise<boolean> {
  const machine = await tx
    .selectFrom("machines")
    .select(["ipmi", "bios", "partition_id"])
    .where("id", "=", id)
    .where((where) => where.or([where("partition_id", "=", partitionId), where("partition_id", "is", null)]))
    .forUpdate()
    .executeTakeFirst();
  if (!machine) return false;
  const ipmi = mergeIpmi(machine.ipmi, facts, now);
  const bios = machine.bios ?? { version: "", vendor: "", date: "" };
  await tx
    .updateTable("machines")
    .set({
      partition_id: partitionId,
      ipmi: json(ipmi),
      bmc_seen: now,
      ...(facts.biosVersion !== "" && { bios: json({ ...bios, version: facts.biosVersion.slice(0, 256) }) }),
      ...(isLedState(facts.indicatorLed) && { led_value: facts.indicatorLed }),
      changed: sql<Date>`now()`,
    })
    .where("id", "=", id)
    .execute();
  // Commands may wait for the address.
  if (machine.ipmi?.address !== ipmi.address) await notify(tx, "bmc", partitionId);
  return true;
}
