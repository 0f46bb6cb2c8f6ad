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
  /** What speaks against each reported disk, in the order of the report; empty for one that counts as erased. */
  readonly disks: readonly string[];
}

/**
 * Accepts an erase when exactly the disks that the machine registered are reported, each as the same disk, by a known
 * method, verified, and sampled enough.
 */
export function judgeErase(registered: readonly BlockDevice[], reported: readonly DiskErase[]): Verdict {
  const known = new Map(registered.map((disk) => [disk.name, disk]));
  const seen = new Set<string>();
  const disks = reported.map((disk) => {
    const again = seen.has(disk.name);
    seen.add(disk.name);
    if (again) return `${disk.name} is reported twice`;
    if (disk.error !== "") return `${disk.name}: ${disk.error}`;
    return unlike(known.get(disk.name), disk) ?? objectionTo(disk) ?? "";
  });
  const missing = registered
    // Without capacity there is nothing to erase: an empty card reader, a drive without a medium.
    .filter(({ name, size }) => size > 0 && !seen.has(name))
    .map(({ name }) => `${name} is not reported`);
  const objections = [...missing, ...disks.filter(Boolean)];
  return { accepted: objections.length === 0, reason: objections.join("; "), disks };
}

/** Why this is not the disk that was registered under its name. */
function unlike(registered: BlockDevice | undefined, { name, serial, size }: DiskErase): string | undefined {
  if (!registered) return `${name} is a disk that the machine did not register`;
  if ((registered.serial ?? "") !== serial)
    return `${name} is another disk than registered (serial "${serial}", not "${registered.serial ?? ""}")`;
  if (size < registered.size) return `${name} is smaller than registered (${size} of ${registered.size} bytes)`;
  return undefined;
}

function objectionTo(disk: DiskErase): string | undefined {
  const { name, sectors_not_zero: left } = disk;
  if (!disk.verified) return `${name} is not verified`;
  if (!METHODS.has(disk.method)) return `${name} was erased by the unknown method "${disk.method}"`;
  if (left > 0) return `${name}: ${left} sectors read back speak against it`;
  if (disk.native_size > disk.size)
    return `${name} hides ${disk.native_size - disk.size} of its ${disk.native_size} bytes`;
  if (disk.sector_size <= 0) return `${name} has no sector size`;
  const enough = Math.min(SAMPLE_SECTORS, Math.floor(disk.size / disk.sector_size));
  if (disk.sectors_sampled < enough) return `${name}: only ${disk.sectors_sampled} of ${enough} sectors were read back`;
  return undefined;
}
