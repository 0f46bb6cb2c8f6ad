import type { Disk } from "../inventory.ts";

export interface Execution {
  /** 0..1, as far as the method can tell. */
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
  /** Whether the disk says that it can do this; cheap, without effect. A thrown error counts as no. */
  readonly applicable: (disk: Disk, signal: AbortSignal) => Promise<boolean>;
  /** Resolves when the disk says it is done. @throws when it refuses, fails, or the signal aborts */
  readonly execute: (disk: Disk, execution: Execution) => Promise<void>;
}

/** Erase commands of real disks take minutes to hours; a disk that needs longer is broken. */
export const ERASE_TIME_LIMIT_MS = 24 * 3_600_000;
