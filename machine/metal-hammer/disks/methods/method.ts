import type { Disk } from "../inventory.ts";

export interface Execution {
  /** 0..1, as far as the method can tell; also a sign that the disk is not hung. */
  readonly progress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** One way to erase a whole disk. */
export interface EraseMethod {
  /** As it appears in the record: "nvme-sanitize-crypto". */
  readonly name: string;
  /**
   * What must be read back afterwards. `zeros`: nothing but zeros. `changed`: no sampled sector may be what it was, as a
   * destroyed key leaves noise.
   */
  readonly leaves: "zeros" | "changed";
  /** Without progress for so many milliseconds, the disk counts as hung. */
  readonly patienceMs: number;
  /** Resolves when the disk says it is done. @throws when it refuses, fails, or the signal aborts */
  readonly execute: (disk: Disk, execution: Execution) => Promise<void>;
}

/** Methods of one kind that a disk says it can do, strongest first; asks the disk, without effect. */
export type FindMethods = (disk: Disk, signal: AbortSignal) => Promise<readonly EraseMethod[]>;

/**
 * For methods that report or make progress piece by piece. Linux gives up on a request after 30 s and five retries (SCSI) or
 * 60 s (NVMe), so a disk that is silent for longer has a driver without time limits (virtio), or none that works.
 */
export const STALLED_MS = 5 * 60_000;

/** For single commands that tell nothing until they are done, and the disk does not say how long it takes. */
export const ONE_COMMAND_MS = 24 * 3_600_000;
