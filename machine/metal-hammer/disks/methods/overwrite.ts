// The methods every disk of a kind understands: discard, zeroing by the device, and writing zeros.
import { run } from "../../command.ts";
import { alignedBuffer, openForWriting, writeFully } from "../direct-io.ts";
import type { Disk } from "../inventory.ts";
import { ERASE_TIME_LIMIT_MS, type EraseMethod, type Execution } from "./method.ts";

/** Tells the device that all blocks are unused. Many then read zeros; whether this one does, the read-back tells. */
export const discard: EraseMethod = {
  name: "discard",
  leaves: "zeros",
  applicable: async (disk) => disk.discard,
  execute: async (disk, { signal }) => {
    await run("blkdiscard", [disk.name], { signal, timeoutMs: ERASE_TIME_LIMIT_MS });
  },
};

/** NVMe Write Zeroes, SCSI WRITE SAME, virtio write-zeroes: an overwrite whose data needs no cable. */
export const writeZeroes: EraseMethod = {
  name: "write-zeroes",
  leaves: "zeros",
  applicable: async (disk) => disk.writeZeroes,
  execute: async (disk, { signal }) => {
    await run("blkdiscard", ["--zeroout", disk.name], { signal, timeoutMs: ERASE_TIME_LIMIT_MS });
  },
};

/** One write; big enough that a disk's speed, not the system call, is the limit. A multiple of every sector size. */
const BLOCK = 4 * 1024 * 1024;

/** Writes that are on their way to the disk at the same time. */
const IN_FLIGHT = 2;

/** Zeros into every sector, by hand: hours on a large disk, but what no disk can decline. */
export const overwrite: EraseMethod = {
  name: "overwrite",
  leaves: "zeros",
  applicable: async () => true,
  execute: writeAll,
};

async function writeAll(disk: Disk, { progress, signal }: Execution): Promise<void> {
  const size = Number(disk.size);
  const zeros = alignedBuffer(BLOCK);
  const device = await openForWriting(disk.name);
  try {
    let next = 0;
    let written = 0;
    const writer = async (): Promise<void> => {
      while (next < size) {
        signal.throwIfAborted();
        const position = next;
        const length = Math.min(BLOCK, size - position);
        next += length;
        await writeFully(device, zeros.subarray(0, length), position);
        progress((written += length) / size);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    await device.sync();
  } finally {
    await device.close();
  }
}
