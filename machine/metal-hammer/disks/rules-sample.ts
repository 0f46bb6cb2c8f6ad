// Which sectors of a disk are looked at, and in which reads they are fetched. Arithmetic and limits: docs/erase.md.
import { randomInt } from "node:crypto";

/** What is asked of a disk here. */
export interface Geometry {
  /** Bytes. */
  readonly size: bigint;
  /** Bytes. */
  readonly sectorSize: number;
}

/** Consecutive sectors. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

/** One request to the disk: a stretch of sectors, and the ranges in it that count. */
export interface Read extends Range {
  readonly ranges: readonly Range[];
}

/** Looked at whole at both ends of a disk: where partition tables, file systems and RAID and LVM keep their signatures. */
export const EDGE = 2 * 1024 * 1024;

/** Longest read, bytes. */
export const LONGEST_READ = 4 * 1024 * 1024;

/**
 * Bytes that are rather read in vain than skipped: a request of its own costs a disk with heads, or a virtual one, more than
 * that. On disks of today's sizes, with 10 000 samples, there are few such neighbours.
 */
const WORTH_READING = 128 * 1024;

/**
 * Both edges whole, and `sampleSectors` different sectors between them (all of them when there are no more), drawn
 * uniformly by the system's random generator. No sector twice: each counts once in the record. Sorted.
 */
export function chooseSectors({ size, sectorSize }: Geometry, sampleSectors: number): Range[] {
  const total = Number(size / BigInt(sectorSize));
  const edge = Math.min(total, EDGE / sectorSize);
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

/** Puts neighbours into one read. The ranges are sorted, apart from each other, and none longer than {@link LONGEST_READ}. */
export function planReads(ranges: readonly Range[], sectorSize: number): Read[] {
  const [longest, gap] = [LONGEST_READ / sectorSize, WORTH_READING / sectorSize];
  const reads: { first: number; count: number; ranges: Range[] }[] = [];
  for (const range of ranges) {
    const last = reads.at(-1);
    const end = range.first + range.count;
    if (last && range.first - (last.first + last.count) <= gap && end - last.first <= longest) {
      last.count = end - last.first;
      last.ranges.push(range);
    } else reads.push({ first: range.first, count: range.count, ranges: [range] });
  }
  return reads;
}
