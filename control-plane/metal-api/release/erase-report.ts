// The outcome of an erase: judged, kept as a record, and the end of the release.
import { randomUUID } from "node:crypto";
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { DiskErase } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { recordEvent } from "../provisioning/store.ts";
import { judgeErase } from "./rules-verdict.ts";
import { lockMachine, openRelease, setDisks } from "./store.ts";

/** More disks than any server has; a report beyond is no report. */
const MAX_DISKS = 512;
const MAX_TEXT = 1000;

export interface EraseVerdict {
  readonly accepted: boolean;
  readonly reason: string;
  /** Empty when nothing was recorded. */
  readonly recordId: string;
}

/**
 * Judges a report and ends the release with it. A report that is repeated because its answer was lost gets the same answer;
 * one for a job that is not open changes nothing.
 */
export async function reportErase(
  tx: Db,
  machineId: string,
  jobId: string,
  disks: readonly DiskErase[],
): Promise<EraseVerdict> {
  const machine = await lockMachine(tx, machineId);
  const release = await openRelease(tx, machineId);
  if (!machine || release?.id !== jobId) return earlierVerdict(tx, machineId, jobId);

  const verdict =
    disks.length > MAX_DISKS
      ? { accepted: false, reason: `more than ${MAX_DISKS} disks are reported` }
      : judgeErase(machine.hardware?.disks ?? [], disks);
  const reason = verdict.reason.slice(0, MAX_TEXT);
  const recordId = randomUUID();
  await tx
    .insertInto("erase_records")
    .values({
      id: recordId,
      machine_id: machineId,
      release_id: jobId,
      allocation_uuid: release.project_id === null ? null : jobId,
      disks: json(disks.slice(0, MAX_DISKS)),
      accepted: verdict.accepted,
      reason,
    })
    .execute();
  await tx
    .updateTable("releases")
    .set({
      phase: verdict.accepted ? "done" : "quarantined",
      reason,
      finished: sql<Date>`now()`,
      deadline: null,
      next_try: null,
    })
    .where("id", "=", jobId)
    .execute();
  await setDisks(tx, machineId, verdict.accepted ? "erased" : "quarantined", reason);
  await notify(tx, "release", machineId);
  await notify(tx, "machine", machineId);
  return { ...verdict, reason, recordId };
}

async function earlierVerdict(tx: Db, machineId: string, jobId: string): Promise<EraseVerdict> {
  const record = await tx
    .selectFrom("erase_records")
    .select(["id", "accepted", "reason"])
    .where("machine_id", "=", machineId)
    .where("release_id", "=", jobId)
    .orderBy("created", "desc")
    .executeTakeFirst();
  if (record) return { accepted: record.accepted, reason: record.reason, recordId: record.id };
  return { accepted: false, reason: `there is no open erase job "${jobId}" for this machine`, recordId: "" };
}

/** Progress, for people; and a sign of life. Ignored for a job that is not open. */
export async function reportProgress(
  tx: Db,
  machineId: string,
  progress: { readonly jobId: string; readonly disk: string; readonly fraction: number; readonly message: string },
  now: Date,
): Promise<void> {
  // Before its release, as everywhere: who commands the machine meanwhile would wait for us, and we for him.
  await lockMachine(tx, machineId);
  const fraction = Number.isFinite(progress.fraction) ? Math.min(Math.max(progress.fraction, 0), 1) : 0;
  const clean = (text: string) => text.replaceAll("\0", "").slice(0, 200);
  const entry = json({ [clean(progress.disk)]: { fraction, message: clean(progress.message) } });
  const updated = await tx
    .updateTable("releases")
    .set({
      // Bounded: a machine that invents disks is not listened to any more.
      progress: sql`case when length(progress::text) < 100000 then progress || ${entry}::jsonb else progress end`,
    })
    .where("machine_id", "=", machineId)
    .where("id", "=", progress.jobId)
    .where("finished", "is", null)
    .returning("id")
    .executeTakeFirst();
  if (updated) await recordEvent(tx, machineId, "Alive", "", now);
}
