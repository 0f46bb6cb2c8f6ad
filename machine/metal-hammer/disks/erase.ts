// Erases one disk: the strongest method it has, read back; if that was not enough, the next.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { agent } from "@metal-stack/protocol";
import { existsSync } from "node:fs";
import { HungError, withinLimit } from "./deadline.ts";
import { revealHidden } from "./hidden.ts";
import { isSameDisk, type Disk } from "./inventory.ts";
import { proveWrites } from "./marks.ts";
import { findMethods, STALLED_MS, type EraseMethod } from "./methods/index.ts";
import { Progress, type EraseProgress } from "./progress.ts";
import {
  findSignatures,
  readBackChanged,
  readBackZeros,
  takeSnapshot,
  type ReadBack,
  type Watch,
} from "./read-back.ts";

export type DiskEraseInit = Exclude<MessageInitShape<typeof agent.DiskEraseSchema>, agent.DiskErase>;

export interface EraseOptions {
  readonly sampleSectors: number;
  readonly onProgress: EraseProgress;
  readonly signal: AbortSignal;
  /** Instead of those that the disk has. */
  readonly methods?: readonly EraseMethod[];
  /** At most so many milliseconds without progress, whatever the method allows, before a disk counts as hung. */
  readonly patienceMs?: number;
}

/** Bounds of what an order may ask for: fewer would prove little, more would hold up a rack for hours. */
const SAMPLE_SECTORS = { min: 256, max: 1_000_000 };

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 1_000);

/** The erase of one disk under way. */
class Erase {
  readonly record: DiskEraseInit;
  readonly #options: EraseOptions;
  readonly #sampleSectors: number;
  readonly #progress: Progress;
  readonly #attempts: string[] = [];
  #disk: Disk;

  constructor(disk: Disk, options: EraseOptions) {
    const { name, serial, model, size, sectorSize } = disk;
    this.#disk = disk;
    this.#options = options;
    this.#sampleSectors = Math.min(Math.max(options.sampleSectors, SAMPLE_SECTORS.min), SAMPLE_SECTORS.max);
    this.#progress = new Progress(name, options.onProgress);
    const attempts = this.#attempts;
    this.record = { name, serial, model, size, sectorSize, started: timestampNow(), attempts, verified: false };
  }

  /** @throws {Error} why the disk does not count as erased, though all was done to it that can be */
  async run(): Promise<void> {
    if (this.#disk.size === 0n) throw new Error("the disk has no capacity: it is broken, or has no namespace");
    if (this.#disk.readOnly) throw new Error("the disk is write-protected");
    const hidden = await this.#reveal();
    let unmarked = await this.#whyNotMarked();
    await this.#eraseByMethods();
    if (unmarked !== undefined) {
      // A disk that took no writes before, as one that was locked by an interrupted erase, may take them now.
      unmarked = await this.#whyNotMarked();
      if (unmarked === undefined) await this.#eraseByMethods();
    }
    const objections = [...hidden, ...(unmarked === undefined ? [] : [unmarked])];
    if (objections.length > 0)
      throw new Error(`${objections.join("; ")} (the rest was erased by ${this.record.method})`);
    if (!(await isSameDisk(this.#disk))) throw new Error("the disk was replaced by another while it was erased");
  }

  /** What stays hidden of the disk. */
  async #reveal(): Promise<readonly string[]> {
    const { disk, nativeSize, objections } = await this.#within("asking for hidden areas", STALLED_MS, ({ signal }) =>
      revealHidden(this.#disk, signal),
    );
    this.#disk = disk;
    this.record.size = disk.size;
    if (nativeSize !== undefined) this.record.nativeSize = nativeSize;
    return objections;
  }

  async #whyNotMarked(): Promise<string | undefined> {
    try {
      this.record.marksProven = await this.#within("marking", STALLED_MS, (watch) => proveWrites(this.#disk, watch));
      return undefined;
    } catch (error) {
      this.#throwIfLost(error);
      return reasonOf(error);
    }
  }

  /** Runs methods until one is proven. @throws when none was */
  async #eraseByMethods(): Promise<void> {
    const { methods = await findMethods(this.#disk, this.#options.signal) } = this.#options;
    for (const method of methods) {
      this.record.method = method.name;
      try {
        await this.#eraseBy(method);
        return;
      } catch (error) {
        this.#throwIfLost(error);
        this.#attempts.push(`${method.name}: ${reasonOf(error)}`);
      }
    }
    throw new Error(`no method erased this disk; ${this.#attempts.join("; ")}`);
  }

  async #eraseBy({ name, leaves, patienceMs, execute }: EraseMethod): Promise<void> {
    const [disk, sample] = [this.#disk, this.#sampleSectors];
    const before =
      leaves === "changed"
        ? await this.#within("reading", STALLED_MS, (watch) => takeSnapshot(disk, sample, watch))
        : undefined;
    this.#progress.begin(name, 0);
    await this.#within(name, patienceMs, ({ alive, signal }) => {
      const progress = (fraction: number): void => {
        alive();
        this.#progress.advance(fraction);
      };
      return execute(disk, { progress, signal });
    });
    this.#progress.begin(`${name}: reading back`, 1);
    const { sectorsSampled, residue } = await this.#within<ReadBack>("reading back", STALLED_MS, (watch) =>
      before === undefined ? readBackZeros(disk, sample, watch) : readBackChanged(disk, before, watch),
    );
    this.record.sectorsSampled = BigInt(sectorsSampled);
    this.record.sectorsNotZero = BigInt(residue);
    if (residue > 0)
      throw new Error(`${residue} of ${sectorsSampled} sectors read back are ${before ? "as before" : "not zero"}`);
    const signatures = await this.#within("looking for signatures", STALLED_MS, ({ signal }) =>
      findSignatures(disk, signal),
    );
    if (signatures !== "") throw new Error(`still recognised: ${signatures}`);
  }

  #within<T>(what: string, limitMs: number, work: (watch: Watch) => Promise<T>): Promise<T> {
    const { patienceMs = limitMs, signal } = this.#options;
    return withinLimit(what, Math.min(limitMs, patienceMs), signal, work);
  }

  /** After some errors nothing else is worth trying. */
  #throwIfLost(error: unknown): void {
    this.#options.signal.throwIfAborted();
    if (error instanceof HungError) throw error;
    if (!existsSync(this.#disk.name)) throw new Error(`the disk vanished: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Erases a disk and reads it back. Never throws: what went wrong stands in `error`, and `verified` is then false.
 * `sectorsNotZero` counts sampled sectors that speak against the erase.
 */
export async function eraseDisk(disk: Disk, options: EraseOptions): Promise<DiskEraseInit> {
  const erase = new Erase(disk, options);
  const { record } = erase;
  try {
    await erase.run();
    record.verified = true;
  } catch (error) {
    record.error = options.signal.aborted ? `interrupted: ${reasonOf(options.signal.reason)}` : reasonOf(error);
  }
  record.finished = timestampNow();
  options.onProgress(disk.name, 1, record.verified ? `erased by ${record.method}` : `not erased: ${record.error}`);
  return record;
}
