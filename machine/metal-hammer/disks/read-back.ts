// Is it really gone? Reads sectors of a disk back and judges them. Arithmetic and limits: docs/erase.md.
import { createHash, randomInt } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { CommandError, run } from "../command.ts";
import { alignedBuffer, openForReading, readFully } from "./direct-io.ts";
import type { Disk } from "./inventory.ts";

/** Read whole at both ends of a disk: where partition tables, file systems and RAID and LVM keep their signatures. */
const EDGE = 2 * 1024 * 1024;

/** Random sectors read at the same time; more brings nothing, as Node reads files with four threads. */
const LANES = 4;

/** Sectors to read: consecutive ones, sorted by `first`. */
interface Range {
  readonly first: number;
  readonly count: number;
}

/**
 * Both edges whole, and `sampleSectors` different sectors between them (all of them when there are no more), drawn
 * uniformly by the system's random generator. No sector twice: each counts once in the record.
 */
export function chooseSectors(disk: Disk, sampleSectors: number): Range[] {
  const total = Number(disk.size / BigInt(disk.sectorSize));
  const edge = Math.min(total, EDGE / disk.sectorSize);
  const tail = Math.max(edge, total - edge);
  return [
    { first: 0, count: edge },
    ...(tail - edge <= sampleSectors ? wholly(edge, tail, edge) : drawn(edge, tail, sampleSectors)),
    { first: tail, count: total - tail },
  ].filter(({ count }) => count > 0);
}

/** All sectors of [from, to) in ranges of at most `most`. */
function wholly(from: number, to: number, most: number): Range[] {
  const ranges: Range[] = [];
  for (let first = from; first < to; first += most) ranges.push({ first, count: Math.min(most, to - first) });
  return ranges;
}

/** `wanted` different sectors of [from, to), which must have more than that. */
function drawn(from: number, to: number, wanted: number): Range[] {
  const sectors = new Set<number>();
  while (sectors.size < wanted) sectors.add(randomInt(from, to));
  return [...sectors].sort((a, b) => a - b).map((first) => ({ first, count: 1 }));
}

/** Calls `visit` with every sector of the ranges that is not all zeros; answers how many sectors were read. */
async function forEachNonZero(
  disk: Disk,
  ranges: readonly Range[],
  visit: (sector: number, content: Uint8Array) => void,
  signal: AbortSignal,
): Promise<number> {
  const device = await openForReading(disk.name);
  try {
    let next = 0;
    let count = 0;
    const lane = async (buffer: Uint8Array): Promise<void> => {
      while (next < ranges.length) {
        signal.throwIfAborted();
        const range = ranges[next++]!;
        await visitRange(device, disk, range, buffer, visit);
        count += range.count;
      }
    };
    const memory = alignedBuffer(EDGE * LANES);
    await Promise.all(Array.from({ length: LANES }, (_, n) => lane(memory.subarray(n * EDGE, (n + 1) * EDGE))));
    return count;
  } finally {
    await device.close();
  }
}

const ZEROS = Buffer.alloc(EDGE);

async function visitRange(
  device: FileHandle,
  { sectorSize }: Disk,
  { first, count }: Range,
  buffer: Uint8Array,
  visit: (sector: number, content: Uint8Array) => void,
): Promise<void> {
  const content = buffer.subarray(0, count * sectorSize);
  await readFully(device, content, first * sectorSize);
  if (ZEROS.compare(content, 0, content.length, 0, content.length) === 0) return;
  for (let n = 0; n < count; n++) {
    const sector = content.subarray(n * sectorSize, (n + 1) * sectorSize);
    if (ZEROS.compare(sector, 0, sectorSize, 0, sectorSize) !== 0) visit(first + n, sector);
  }
}

/** What stood in some sectors before an erase: a digest of each that was not zero. */
export interface Snapshot {
  readonly ranges: readonly Range[];
  readonly digests: ReadonlyMap<number, string>;
}

const digest = (content: Uint8Array): string => createHash("sha256").update(content).digest("base64").slice(0, 22);

export async function takeSnapshot(disk: Disk, sampleSectors: number, signal: AbortSignal): Promise<Snapshot> {
  const ranges = chooseSectors(disk, sampleSectors);
  const digests = new Map<number, string>();
  await forEachNonZero(disk, ranges, (sector, content) => digests.set(sector, digest(content)), signal);
  return { ranges, digests };
}

export interface ReadBack {
  readonly sectorsSampled: number;
  /** Sectors that speak against the erase: not zero or, given a snapshot, the same as before. */
  readonly residue: number;
}

/** Reads freshly drawn sectors; each must be zero. */
export async function readBackZeros(disk: Disk, sampleSectors: number, signal: AbortSignal): Promise<ReadBack> {
  let residue = 0;
  const ranges = chooseSectors(disk, sampleSectors);
  const sectorsSampled = await forEachNonZero(disk, ranges, () => residue++, signal);
  return { sectorsSampled, residue };
}

/** Reads the snapshot's sectors again; each must be zero or, as after a crypto erase, differ from what it was. */
export async function readBackChanged(disk: Disk, before: Snapshot, signal: AbortSignal): Promise<ReadBack> {
  let residue = 0;
  const compare = (sector: number, content: Uint8Array): void => {
    if (before.digests.get(sector) === digest(content)) residue++;
  };
  const sectorsSampled = await forEachNonZero(disk, before.ranges, compare, signal);
  return { sectorsSampled, residue };
}

/** blkid's exit code for "nothing found" (blkid(8)). */
const BLKID_NOTHING = 2;

/** What file system, RAID, LVM or partition table tools still recognise on the disk; empty when nothing. */
export async function findSignatures(disk: Disk, signal: AbortSignal): Promise<string> {
  const wipefs = (await run("wipefs", ["--no-act", "--noheadings", disk.name], { signal })).trim();
  if (wipefs !== "") return `wipefs: ${wipefs.replaceAll(/\s+/g, " ")}`;
  try {
    const blkid = await run("blkid", ["--probe", "--output", "export", disk.name], { signal });
    return blkid.trim() === "" ? "" : `blkid: ${blkid.trim().replaceAll(/\s+/g, " ")}`;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === BLKID_NOTHING) return "";
    throw error;
  }
}
