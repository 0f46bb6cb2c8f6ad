// Where a disk is marked, and what it says about the disk when a mark is not found again.
import { randomInt } from "node:crypto";
import type { Geometry } from "./rules-sample.ts";

/** Parts of the disk whose first sector is marked: a disk of which a simple fraction is missing gives itself away. */
const FRACTIONS = 16;
/** Beside those: at places that nobody can prepare for. */
const RANDOM = 32;

/**
 * Sectors to mark, sorted, each once: first and last, at every sixteenth, at every power of two (a disk that is smaller than
 * it says mostly ignores the upper bits of an address), and some at random. Fewer than 100.
 */
export function chooseMarks({ size, sectorSize }: Geometry): number[] {
  const total = Number(size / BigInt(sectorSize));
  const places = [
    ...Array.from({ length: FRACTIONS }, (_, n) => Math.floor((n * total) / FRACTIONS)),
    ...Array.from({ length: Math.ceil(Math.log2(total)) }, (_, n) => 2 ** n),
    ...Array.from({ length: RANDOM }, () => randomInt(total)),
    total - 1,
  ];
  return [...new Set(places)].sort((a, b) => a - b);
}

/**
 * @param marked place of the mark that was expected
 * @param found place of the mark that was there instead; undefined when it is none of ours
 */
export function describeLostMark(marked: number, found: number | undefined, sectorSize: number): string {
  const at = marked * sectorSize;
  return found === undefined
    ? `what was written at byte ${at} is not there: the disk drops writes, or is smaller than it says`
    : `what was written at byte ${found * sectorSize} is found at byte ${at}: the disk is smaller than it says`;
}
