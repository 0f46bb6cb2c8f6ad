// What is signed of an erase, disk by disk. Pure.
import type { DiskErase, EraseRecordDocument } from "../database/documents.ts";

/** What the records of one report have in common. */
export interface RecordedReport {
  readonly machineId: string;
  readonly jobId: string;
  /** Of the allocation that ended; null when there was none yet. */
  readonly allocationUuid: string | null;
  readonly hammerVersion: string;
  readonly recorded: Date;
  readonly keyId: string;
}

/** @param objection empty when the disk counts as erased */
export function recordOf(report: RecordedReport, id: string, disk: DiskErase, objection: string): EraseRecordDocument {
  return {
    format: "metal-stack erase record 1",
    id,
    machineid: report.machineId,
    occasion: report.allocationUuid === null ? "first registration" : "end of allocation",
    allocationuuid: report.allocationUuid ?? "",
    jobid: report.jobId,
    disk: {
      name: disk.name,
      serial: disk.serial,
      model: disk.model,
      size: disk.size,
      nativesize: disk.native_size,
    },
    method: disk.method,
    attempts: disk.attempts,
    sectorsize: disk.sector_size,
    sectorssampled: disk.sectors_sampled,
    sectorsnotzero: disk.sectors_not_zero,
    marksproven: disk.marks_proven,
    result: objection === "" ? "erased" : "refused",
    reason: objection,
    started: disk.started ?? "",
    finished: disk.finished ?? "",
    recorded: report.recorded.toISOString(),
    hammerversion: report.hammerVersion,
    keyid: report.keyId,
  };
}

/**
 * The text that is signed: JSON without blanks, members sorted by name (JSON Canonicalization Scheme, RFC 8785). For texts,
 * booleans, whole numbers below 2^53, lists and objects of them; JavaScript writes these as the RFC demands.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
