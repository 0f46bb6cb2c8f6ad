// The outcome of an erase: judged, signed and kept disk by disk, and the end of the release.
import { randomUUID } from "node:crypto";
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { DiskErase } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { recordEvent } from "../provisioning/store.ts";
import type { RecordSigner } from "./record-key.ts";
import { canonical, recordOf } from "./rules-record.ts";
import { judgeErase } from "./rules-verdict.ts";
import { insertVerdict, type LockedMachine, lockMachine, openRelease, setDisks } from "./store.ts";

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
 * Judges a report, signs a record of every disk in it and ends the release. A report that is repeated because its answer was
 * lost gets the same answer; one for a job that is not open changes nothing.
 */
export async function reportErase(
  tx: Db,
  signer: RecordSigner,
  machineId: string,
  jobId: string,
  reported: readonly DiskErase[],
): Promise<EraseVerdict> {
  const machine = await lockMachine(tx, machineId);
  const release = await openRelease(tx, machineId);
  if (!machine || release?.id !== jobId) return earlierVerdict(tx, machineId, jobId);
  const { verdictId, objection } = await recordErase(tx, signer, machine, jobId, reported);
  const accepted = objection === "";
  const reason = objection.slice(0, MAX_TEXT);
  await tx
    .updateTable("releases")
    .set({
      phase: accepted ? "done" : "quarantined",
      reason,
      finished: sql<Date>`now()`,
      deadline: null,
      next_try: null,
    })
    .where("id", "=", jobId)
    .execute();
  await setDisks(tx, machineId, accepted ? "erased" : "quarantined", reason);
  await notify(tx, "release", machineId);
  await notify(tx, "machine", machineId);
  return { accepted, reason, recordId: verdictId };
}

/** Judges a report and keeps it, verdict and signed records. @returns objection empty when the disks count as erased */
export async function recordErase(
  tx: Db,
  signer: RecordSigner,
  machine: LockedMachine,
  jobId: string,
  reported: readonly DiskErase[],
): Promise<{ readonly verdictId: string; readonly objection: string }> {
  const disks = reported.slice(0, MAX_DISKS);
  const verdict =
    reported.length > MAX_DISKS
      ? { accepted: false, reason: `more than ${MAX_DISKS} disks are reported`, disks: disks.map(() => "not judged") }
      : judgeErase(machine.hardware?.disks ?? [], disks);
  const verdictId = await insertVerdict(tx, machine, {
    release_id: jobId,
    accepted: verdict.accepted,
    reason: verdict.reason.slice(0, MAX_TEXT),
    disks: json(disks.map(({ name, serial, size }) => ({ name, serial, size }))),
  });
  await insertRecords(tx, signer, { verdictId, jobId, machine }, disks, verdict.disks);
  // The database has the last word, by the same look that it takes before an allocation.
  const objection = verdict.accepted ? await objectionTo(tx, machine.id) : verdict.reason;
  return { verdictId, objection };
}

async function insertRecords(
  tx: Db,
  signer: RecordSigner,
  report: { readonly verdictId: string; readonly jobId: string; readonly machine: LockedMachine },
  disks: readonly DiskErase[],
  objections: readonly string[],
): Promise<void> {
  if (disks.length === 0) return;
  const { keyId, publicKey } = signer;
  const { verdictId, jobId, machine } = report;
  await tx
    .insertInto("record_keys")
    .values({ id: keyId, public_key: publicKey })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { now: recorded } = await tx.selectNoFrom(sql<Date>`now()`.as("now")).executeTakeFirstOrThrow();
  const common = {
    machineId: machine.id,
    jobId,
    allocationUuid: machine.ended_allocation,
    hammerVersion: machine.hammer_version,
    recorded,
    keyId,
  };
  const records = disks.map((disk, index) => {
    const document = recordOf(common, randomUUID(), disk, objections[index]!.slice(0, MAX_TEXT));
    return {
      id: document.id,
      verdict_id: verdictId,
      machine_id: machine.id,
      good: document.result === "erased",
      document: json(document),
      key_id: keyId,
      signature: signer.sign(canonical(document)),
    };
  });
  await tx.insertInto("erase_records").values(records).execute();
}

/** Empty when the machine's disks count as erased. */
async function objectionTo(tx: Db, machineId: string): Promise<string> {
  const { objection } = await tx
    .selectFrom("machines")
    .select(sql<string | null>`erase_objection(machines)`.as("objection"))
    .where("id", "=", machineId)
    .executeTakeFirstOrThrow();
  return objection ?? "";
}

async function earlierVerdict(tx: Db, machineId: string, jobId: string): Promise<EraseVerdict> {
  const record = await tx
    .selectFrom("erase_verdicts")
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
  const clean = (text: string) => text.replaceAll("\0", "").slice(0, 200).toWellFormed();
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
