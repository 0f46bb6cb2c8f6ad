// Whether an erase counts. Pure: what the machine registered and what it reports go in, a verdict comes out.
import type { BlockDevice, DiskErase } from "../database/documents.ts";

/**
 * Random sectors that are read back from each disk, beside its first and last megabytes: a part of 0.07 % that was not
 * erased is found with 99.9 % (docs/erase.md).
 */
export const SAMPLE_SECTORS = 10_000;

/** What the hammer knows (docs/erase.md); a report by any other method is not believed. */
const METHODS: ReadonlySet<string> = new Set([
  "nvme-sanitize-crypto",
  "nvme-sanitize-block",
  "nvme-format-crypto",
  "nvme-format",
  "ata-secure-erase-enhanced",
  "ata-secure-erase",
  "scsi-sanitize-crypto",
  "scsi-sanitize-block",
  "discard",
  "write-zeroes",
  "overwrite",
]);

export interface Verdict {
  readonly accepted: boolean;
  /** Empty when accepted; else every objection. */
  readonly reason: string;
}

/**
 * Accepts an erase when every disk that the machine registered is reported, as the same disk, by a known method, verified,
 * and sampled enough; and when no reported disk failed.
 */
export function judgeErase(registered: readonly BlockDevice[], reported: readonly DiskErase[]): Verdict {
  const byName = new Map(reported.map((disk) => [disk.name, disk]));
  const objections = [
    ...(byName.size === reported.length ? [] : ["a disk is reported twice"]),
    // Without capacity there is nothing to erase: an empty card reader, a drive without a medium.
    ...registered.filter((disk) => disk.size > 0).flatMap((disk) => missing(disk, byName.get(disk.name))),
    ...reported.flatMap(objectionsTo),
  ];
  return { accepted: objections.length === 0, reason: objections.join("; ") };
}

function missing(disk: BlockDevice, report: DiskErase | undefined): string[] {
  if (!report) return [`${disk.name} is not reported`];
  if (disk.serial && report.serial && disk.serial !== report.serial)
    return [`${disk.name} is another disk than registered (serial "${report.serial}", not "${disk.serial}")`];
  if (report.size < disk.size)
    return [`${disk.name} is smaller than registered (${report.size} of ${disk.size} bytes)`];
  return [];
}

function objectionsTo(disk: DiskErase): string[] {
  if (disk.error !== "") return [`${disk.name}: ${disk.error}`];
  if (!disk.verified) return [`${disk.name} is not verified`];
  if (!METHODS.has(disk.method)) return [`${disk.name} was erased by the unknown method "${disk.method}"`];
  if (disk.sectors_not_zero > 0) return [`${disk.name}: ${disk.sectors_not_zero} sectors read back speak against it`];
  if (disk.sector_size <= 0) return [`${disk.name} has no sector size`];
  const enough = Math.min(SAMPLE_SECTORS, Math.floor(disk.size / disk.sector_size));
  return disk.sectors_sampled < enough
    ? [`${disk.name}: only ${disk.sectors_sampled} of ${enough} sectors were read back`]
    : [];
}
