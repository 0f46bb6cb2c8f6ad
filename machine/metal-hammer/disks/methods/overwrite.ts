// The methods every disk of a kind understands: discard, zeroing by the device, and writing zeros.
import type { FileHandle } from "node:fs/promises";
import { run } from "../../command.ts";
import { alignedBuffer, DiskError, flush, openForWriting, writeFully } from "../direct-io.ts";
import type { Disk } from "../inventory.ts";
import { STALLED_MS, type EraseMethod, type Execution, type FindMethods } from "./method.ts";

const GIBIBYTE = 2n ** 30n;

/** What blkdiscard does at a time: so much that starting it does not count, so little that even a slow disk shows progress. */
const STRETCH = { discard: 64n * GIBIBYTE, zeroes: 4n * GIBIBYTE };

async function blkdiscard(
  stretch: bigint,
  options: readonly string[],
  disk: Disk,
  { progress, signal }: Execution,
): Promise<void> {
  for (let offset = 0n; offset < disk.size; offset += stretch) {
    const length = disk.size - offset < stretch ? disk.size - offset : stretch;
    await run("blkdiscard", [...options, `--offset=${offset}`, `--length=${length}`, disk.name], {
      signal,
      timeoutMs: STALLED_MS,
    });
    progress(Number(offset + length) / Number(disk.size));
  }
}

/** Tells the device that all blocks are unused. Many then read zeros; whether this one does, the read-back tells. */
export const discard: EraseMethod = {
  name: "discard",
  leaves: "zeros",
  patienceMs: STALLED_MS,
  execute: async (disk, execution) => blkdiscard(STRETCH.discard, [], disk, execution),
};

/** NVMe Write Zeroes, SCSI WRITE SAME, virtio write-zeroes: an overwrite whose data needs no cable. */
export const writeZeroes: EraseMethod = {
  name: "write-zeroes",
  leaves: "zeros",
  patienceMs: STALLED_MS,
  execute: async (disk, execution) => blkdiscard(STRETCH.zeroes, ["--zeroout"], disk, execution),
};

/** Zeros into every sector, by hand: hours on a large disk, but what no disk can decline. */
export const overwrite: EraseMethod = {
  name: "overwrite",
  leaves: "zeros",
  patienceMs: STALLED_MS,
  execute: writeAll,
};

/** One write; big enough that a disk's speed, not the system call, is the limit. A multiple of every sector size. */
const BLOCK = 4 * 1024 * 1024;

/** What is given up at a time where writing fails; the rest is still overwritten. */
const PIECE = 64 * 1024;

/** A disk with more pieces that cannot be written is lost. */
const MOST_FAILED = 64;

/** Writes that are on their way to the disk at the same time. */
const IN_FLIGHT = 2;

async function writeAll(disk: Disk, { progress, signal }: Execution): Promise<void> {
  const size = Number(disk.size);
  const zeros = alignedBuffer(BLOCK);
  const failures: Error[] = [];
  const device = await openForWriting(disk.name);
  try {
    let next = 0;
    let written = 0;
    const writer = async (): Promise<void> => {
      while (next < size && failures.length < MOST_FAILED) {
        signal.throwIfAborted();
        const position = next;
        const length = Math.min(BLOCK, size - position);
        next += length;
        await writeFully(device, zeros.subarray(0, length), position).catch(async () =>
          writePieces(device, zeros, position, length, failures),
        );
        progress((written += length) / size);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    if (failures.length > 0) throw new DiskError(`${failures[0]!.message}, and ${describeExtent(failures.length)}`);
    await flush(device);
  } finally {
    await device.close();
  }
}

/** Overwrites what can be overwritten of a block in which something cannot. */
async function writePieces(
  device: FileHandle,
  zeros: Uint8Array,
  position: number,
  length: number,
  failures: Error[],
): Promise<void> {
  for (let done = 0; done < length && failures.length < MOST_FAILED; done += PIECE) {
    const piece = zeros.subarray(0, Math.min(PIECE, length - done));
    await writeFully(device, piece, position + done).catch((error: Error) => failures.push(error));
  }
}

function describeExtent(pieces: number): string {
  if (pieces >= MOST_FAILED) return "in so many places that the rest was given up";
  return pieces === 1 ? "nowhere else" : `in ${pieces} pieces of ${PIECE / 1024} KiB in all`;
}

export const findPlainMethods: FindMethods = async (disk) => [
  ...(disk.discard ? [discard] : []),
  ...(disk.writeZeroes ? [writeZeroes] : []),
  overwrite,
];
