// The machine's disks: which there are, and how they are erased and proven erased (design decision 13, docs/erase.md).
import { eraseDisk, type DiskEraseInit, type EraseProgress } from "./erase.ts";
import { listDisks } from "./inventory.ts";
import { releaseDisks } from "./release.ts";
import { assertRunsFromMemory } from "./running-system.ts";

export type { DiskEraseInit, EraseProgress } from "./erase.ts";
export { listDisks, type Disk } from "./inventory.ts";

/**
 * Erases all disks of this machine, in parallel, and answers with one record a disk, none for a machine without disks.
 * A disk that resists has `verified` false and says why in `error`; it does not keep the others from being erased.
 * @throws only when not run from the discovery image
 */
export async function eraseDisks(
  order: { readonly jobId: string; readonly sampleSectors: number },
  onProgress: EraseProgress,
  signal: AbortSignal,
): Promise<DiskEraseInit[]> {
  await assertRunsFromMemory();
  const disks = await listDisks();
  await releaseDisks(
    disks.map(({ name }) => name),
    signal,
  );
  return Promise.all(
    disks.map(async (disk) => eraseDisk(disk, { sampleSectors: order.sampleSectors, onProgress, signal })),
  );
}
