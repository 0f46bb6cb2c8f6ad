// Is it really gone? Reads sectors of a disk back and judges them. Arithmetic and limits: docs/erase.md.
import { hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { run } from "../command.ts";
import { alignedBuffer, flush, openForReading, readFully } from "./direct-io.ts";
import type { Disk } from "./inventory.ts";
import { chooseSectors, LONGEST_READ, planReads, type Range, type Read } from "./rules-sample.ts";

/** Reads under way at the same time. */
const LANES = 2;

/** How a read-back is told that it goes on, and that it shall not. */
export interface Watch {
  readonly alive: () => void;
  readonly signal: AbortSignal;
}

/** Calls `visit` with every sector of the ranges that is not all zeros; answers how many sectors were looked at. */
async function forEachNonZero(
  disk: Disk,
  ranges: readonly Range[],
  visit: (sector: number, content: Uint8Array) => void,
  { alive, signal }: Watch,
): Promise<number> {
  const device = await openForReading(disk.name);
  try {
    await flush(device);
    const reads = planReads(ranges, disk.sectorSize);
    let next = 0;
    const lane = async (buffer: Uint8Array): Promise<void> => {
      while (next < reads.length) {
        signal.throwIfAborted();
        const read = reads[next++]!;
        await visitRead(device, disk, read, buffer, visit);
        alive();
      }
    };
    const memory = alignedBuffer(LONGEST_READ * LANES);
    const part = (n: number) => memory.subarray(n * LONGEST_READ, (n + 1) * LONGEST_READ);
    await Promise.all(Array.from({ length: LANES }, (_, n) => lane(part(n))));
    return ranges.reduce((sum, { count }) => sum + count, 0);
  } finally {
    await device.close();
  }
}

const ZEROS = Buffer.alloc(LONGEST_READ);

/** Byte offsets and lengths, of a buffer. */
const isZero = (content: Uint8Array, from: number, bytes: number): boolean =>
  ZEROS.compare(content, from, from + bytes, 0, bytes) === 0;

async function visitRead(
  device: FileHandle,
  { sectorSize }: Disk,
  { first, count, ranges }: Read,
  buffer: Uint8Array,
  visit: (sector: number, content: Uint8Array) => void,
): Promise<void> {
  const content = buffer.subarray(0, count * sectorSize);
  await readFully(device, content, first * sectorSize);
  for (const range of ranges) {
    const offset = (range.first - first) * sectorSize;
    if (isZero(content, offset, range.count * sectorSize)) continue;
    for (let n = 0; n < range.count; n++) {
      const at = offset + n * sectorSize;
      if (!isZero(content, at, sectorSize)) visit(range.first + n, content.subarray(at, at + sectorSize));
    }
  }
}

/** What stood in some sectors before an erase: a digest of each that was not zero. */
export interface Snapshot {
  readonly ranges: readonly Range[];
  readonly digests: ReadonlyMap<number, string>;
}

const digest = (content: Uint8Array): string => hash("sha256", content, "base64").slice(0, 22);

export async function takeSnapshot(disk: Disk, sampleSectors: number, watch: Watch): Promise<Snapshot> {
  const ranges = chooseSectors(disk, sampleSectors);
  const digests = new Map<number, string>();
  await forEachNonZero(disk, ranges, (sector, content) => digests.set(sector, digest(content)), watch);
  return { ranges, digests };
}

export interface ReadBack {
  readonly sectorsSampled: number;
  /** Sectors that speak against the erase: not zero or, given a snapshot, the same as before. */
  readonly residue: number;
}

/** Reads freshly drawn sectors; each must be zero. */
export async function readBackZeros(disk: Disk, sampleSectors: number, watch: Watch): Promise<ReadBack> {
  let residue = 0;
  const ranges = chooseSectors(disk, sampleSectors);
  const sectorsSampled = await forEachNonZero(disk, ranges, () => residue++, watch);
  return { sectorsSampled, residue };
}

/** Reads the snapshot's sectors again; each must be zero or, as after a crypto erase, differ from what it was. */
export async function readBackChanged(disk: Disk, before: Snapshot, watch: Watch): Promise<ReadBack> {
  let residue = 0;
  const compare = (sector: number, content: Uint8Array): void => {
    if (before.digests.get(sector) === digest(content)) residue++;
  };
  const sectorsSampled = await forEachNonZero(disk, before.ranges, compare, watch);
  return { sectorsSampled, residue };
}

/**
 * What libblkid still recognises on the disk: file systems, RAID, LVM, partition tables; empty when nothing. First the
 * kernel forgets the partitions it knew, and what it kept of the disk in memory.
 */
export async function findSignatures(disk: Disk, signal: AbortSignal): Promise<string> {
  await run("blockdev", ["--flushbufs", "--rereadpt", disk.name], { signal }).catch(() => undefined);
  const found = await run("wipefs", ["--no-act", "--noheadings", disk.name], { signal });
  return found.trim().replaceAll(/\s+/g, " ");
}
