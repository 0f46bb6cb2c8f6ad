// Erases one disk: the strongest method it has, read back; if that was not enough, the next.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { agent } from "@metal-stack/protocol";
import { run } from "../command.ts";
import type { Disk } from "./inventory.ts";
import { ERASE_METHODS, type EraseMethod } from "./methods/index.ts";
import { findSignatures, readBackChanged, readBackZeros, takeSnapshot } from "./read-back.ts";

export type DiskEraseInit = Exclude<MessageInitShape<typeof agent.DiskEraseSchema>, agent.DiskErase>;

/** Progress of one disk: its name, 0..1, and what is being done. */
export type EraseProgress = (disk: string, fraction: number, message: string) => void;

export interface EraseOptions {
  readonly sampleSectors: number;
  readonly onProgress: EraseProgress;
  readonly signal: AbortSignal;
  readonly methods?: readonly EraseMethod[];
}

/** Bounds of what an order may ask for: fewer would prove little, more would hold up a rack for hours. */
const SAMPLE_SECTORS = { min: 256, max: 1_000_000 };

/** At most one progress message per disk in this time, so that a fast disk does not flood the control plane. */
const PROGRESS_EVERY_MS = 1_000;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 1_000);

async function applicableMethods(
  disk: Disk,
  { methods = ERASE_METHODS, signal }: EraseOptions,
): Promise<EraseMethod[]> {
  const found: EraseMethod[] = [];
  for (const method of methods) {
    if (await method.applicable(disk, signal).catch(() => false)) found.push(method);
  }
  return found;
}

/** Runs methods until one is proven; fills in `result`. @throws when none was, or on abort */
async function eraseBy(disk: Disk, options: EraseOptions, result: DiskEraseInit, attempts: string[]): Promise<void> {
  const { signal } = options;
  const sampleSectors = Math.min(Math.max(options.sampleSectors, SAMPLE_SECTORS.min), SAMPLE_SECTORS.max);
  const methods = await applicableMethods(disk, options);
  for (const method of methods) {
    signal.throwIfAborted();
    result.method = method.name;
    try {
      const before = method.leaves === "changed" ? await takeSnapshot(disk, sampleSectors, signal) : undefined;
      let told = 0;
      const progress = (fraction: number): void => {
        if (Date.now() - told < PROGRESS_EVERY_MS) return;
        told = Date.now();
        options.onProgress(disk.name, Math.min(fraction, 1), method.name);
      };
      options.onProgress(disk.name, 0, method.name);
      await method.execute(disk, { progress, signal });
      options.onProgress(disk.name, 1, `${method.name}: reading back`);
      await run("blockdev", ["--flushbufs", disk.name], { signal });
      const { sectorsSampled, residue } =
        before === undefined
          ? await readBackZeros(disk, sampleSectors, signal)
          : await readBackChanged(disk, before, signal);
      result.sectorsSampled = BigInt(sectorsSampled);
      result.sectorsNotZero = BigInt(residue);
      if (residue > 0)
        throw new Error(`${residue} of ${sectorsSampled} sectors read back are ${before ? "as before" : "not zero"}`);
      const signatures = await findSignatures(disk, signal);
      if (signatures !== "") throw new Error(`still recognised: ${signatures}`);
      return;
    } catch (error) {
      signal.throwIfAborted();
      attempts.push(`${method.name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(`no method erased this disk; ${attempts.join("; ")}`);
}

/**
 * Erases a disk and reads it back. Never throws: what went wrong stands in `error`, and `verified` is then false.
 * `sectorsNotZero` counts sampled sectors that speak against the erase.
 */
export async function eraseDisk(disk: Disk, options: EraseOptions): Promise<DiskEraseInit> {
  const attempts: string[] = [];
  const { name, serial, model, size, sectorSize } = disk;
  const result: DiskEraseInit = {
    name,
    serial,
    model,
    size,
    sectorSize,
    started: timestampNow(),
    attempts,
    verified: false,
  };
  try {
    if (size === 0n) throw new Error("the disk has no capacity: it is broken, or has no namespace");
    if (disk.readOnly) throw new Error("the disk is write-protected");
    await eraseBy(disk, options, result, attempts);
    // The kernel forgets the partitions it knew.
    await run("blockdev", ["--rereadpt", name], { signal: options.signal }).catch(() => undefined);
    result.verified = true;
  } catch (error) {
    result.error = options.signal.aborted ? `interrupted: ${reasonOf(options.signal.reason)}` : reasonOf(error);
  }
  result.finished = timestampNow();
  options.onProgress(name, 1, result.verified ? `erased by ${result.method}` : `not erased: ${result.error}`);
  return result;
}
