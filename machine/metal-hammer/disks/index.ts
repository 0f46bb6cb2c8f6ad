// The machine's disks: which there are, and how they are erased and proven erased (design decision 13, docs/erase.md).
import { eraseDisk, type DiskEraseInit, type EraseOptions } from "./erase.ts";
import { listDisks, type Disk } from "./inventory.ts";
import type { EraseProgress } from "./progress.ts";
import { releaseDisks } from "./release.ts";
import { assertRunsFromMemory } from "./running-system.ts";

export type { DiskEraseInit } from "./erase.ts";
export type { EraseProgress } from "./progress.ts";
export { listDisks, type Disk } from "./inventory.ts";

/**
 * Erases all disks of this machine, in parallel, and answers with one record a disk, none for a machine without disks.
 * A disk that resists has `verified` false and says why in `error`; it does not keep the others from being erased.
 * @throws only when not run from the discovery image
 */
export async function eraseDisks(
  order: { readonly jobId: string } & Pick<EraseOptions, "sampleSectors" | "patienceMs">,
  onProgress: EraseProgress,
  signal: AbortSignal,
): Promise<DiskEraseInit[]> {
  await assertRunsFromMemory();
  const disks = await listDisks();
  await releaseDisks(
    disks.map(({ name }) => name),
    signal,
  );
  const { sampleSectors, patienceMs } = order;
  const options = { sampleSectors, onProgress, signal, ...(patienceMs !== undefined && { patienceMs }) };
  const records = await Promise.all(disks.map(async (disk) => eraseDisk(disk, options)));
  const known = new Set(disks.map(({ name }) => name));
  const late = (await listDisks()).filter(({ name }) => !known.has(name));
  return [...records, ...late.map(appearedLate)];
}

function appearedLate({ name, serial, model, size, sectorSize }: Disk): DiskEraseInit {
  const error = "the disk appeared while the others were erased: erase again";
  return { name, serial, model, size, sectorSize, verified: false, error };
}
