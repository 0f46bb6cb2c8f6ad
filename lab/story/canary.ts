// Canaries: recognisable sectors on raw disk files, to prove that an erased disk holds nothing of what was on it.
import { randomBytes } from "node:crypto";
import { open, stat } from "node:fs/promises";

const SECTOR = 512;
const MARK_LENGTH = 32;
const CHUNK = 4 * 1024 * 1024;

/** A mark no one else writes: printable, so that a tenant can write it by shell. */
export function newMark(): string {
  return `CANARY-${randomBytes(16).toString("hex")}`.slice(0, MARK_LENGTH);
}

/** Writes `count` sectors full of the mark, spread evenly over the raw disk file, first and last sector included. */
export async function plantOnDisk(file: string, mark: string, count: number): Promise<void> {
  const { size } = await stat(file);
  const sectors = Math.floor(size / SECTOR);
  const sector = Buffer.alloc(SECTOR, mark);
  const disk = await open(file, "r+");
  try {
    for (let index = 0; index < count; index += 1) {
      const position = Math.floor((index * (sectors - 1)) / Math.max(count - 1, 1));
      await disk.write(sector, 0, SECTOR, position * SECTOR);
    }
    await disk.sync();
  } finally {
    await disk.close();
  }
}

/** Counts the mark's occurrences in a raw disk file, reading every byte of it. */
export async function countOnDisk(file: string, mark: string): Promise<number> {
  const needle = Buffer.from(mark);
  const disk = await open(file, "r");
  try {
    const { size } = await disk.stat();
    const buffer = Buffer.alloc(CHUNK + needle.length);
    let count = 0;
    for (let offset = 0; offset < size; offset += CHUNK) {
      // Overlaps the next chunk by one mark less a byte, so that none is missed or counted twice.
      const { bytesRead } = await disk.read(buffer, 0, CHUNK + needle.length - 1, offset);
      const part = buffer.subarray(0, bytesRead);
      for (let at = part.indexOf(needle); at !== -1; at = part.indexOf(needle, at + needle.length))
        if (at < CHUNK) count += 1;
    }
    return count;
  } finally {
    await disk.close();
  }
}
