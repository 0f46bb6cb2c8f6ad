// Random sectors written over a disk right before its erase and read back from it. They prove that its writes arrive, that
// it is as big as it says, and give the read-back something to look for on parts of the disk that were empty.
import { randomBytes } from "node:crypto";
import { alignedBuffer, DiskError, flush, openForWriting, readFully, writeFully } from "./direct-io.ts";
import type { Disk } from "./inventory.ts";
import type { Watch } from "./read-back.ts";
import { chooseMarks, describeLostMark } from "./rules-marks.ts";

/**
 * Marks the disk and looks whether all marks are there.
 * @returns how many there are
 * @throws {DiskError} what is wrong with the disk, as far as the marks tell
 */
export async function proveWrites(disk: Disk, watch: Watch): Promise<number> {
  const { sectorSize } = disk;
  const marks = new Map(chooseMarks(disk).map((sector) => [sector, randomBytes(sectorSize)]));
  await visitMarks(disk, [...marks.keys()], watch, async (device, sector, buffer) => {
    buffer.set(marks.get(sector)!);
    await writeFully(device, buffer, sector * sectorSize);
  });
  await visitMarks(disk, [...marks.keys()], watch, async (device, sector, buffer) => {
    await readFully(device, buffer, sector * sectorSize);
    if (marks.get(sector)!.equals(buffer)) return;
    const found = [...marks].find(([, mark]) => mark.equals(buffer))?.[0];
    throw new DiskError(describeLostMark(sector, found, sectorSize));
  });
  return marks.size;
}

/** Visits sectors one by one, and flushes the disk's cache in the end. */
async function visitMarks(
  disk: Disk,
  sectors: readonly number[],
  { alive, signal }: Watch,
  visit: (device: Awaited<ReturnType<typeof openForWriting>>, sector: number, buffer: Uint8Array) => Promise<void>,
): Promise<void> {
  const buffer = alignedBuffer(disk.sectorSize);
  const device = await openForWriting(disk.name);
  try {
    for (const sector of sectors) {
      signal.throwIfAborted();
      await visit(device, sector, buffer);
      alive();
    }
    await flush(device);
  } finally {
    await device.close();
  }
}
