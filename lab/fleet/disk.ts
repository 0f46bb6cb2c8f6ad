// A disk that remembers whose data is on it, so that "erased" is a fact of the simulation and not a claim of the hammer.
import { setTimeout as sleep } from "node:timers/promises";

/** Erasing and installing goes stripe by stripe: a power cut in the middle leaves some of each. */
const STRIPES = 16;
const SECTOR_BYTES = 512;

/** A tenant's operating system. */
export interface System {
  readonly allocation: string;
  readonly image: string;
}

export class SimulatedDisk {
  readonly name = "/dev/vda";
  readonly serial: string;
  /** Bytes. */
  readonly size = 8 * 2 ** 30;
  /** Whose data each stripe holds; "" is zeros. */
  readonly #stripes: string[] = Array.from({ length: STRIPES }, () => "");
  /** What was planted in each stripe before an erase; "" is zeros. */
  readonly #planted: string[] = Array.from({ length: STRIPES }, () => "");
  /** What boots from here. */
  #system: System | undefined;

  constructor(serial: string) {
    this.serial = serial;
  }

  /** The allocations whose data can still be read. */
  get marks(): ReadonlySet<string> {
    return new Set(this.#stripes.filter((mark) => mark !== ""));
  }

  /** The system that boots from this disk. */
  get bootable(): System | undefined {
    return this.#system;
  }

  get sectors(): number {
    return this.size / SECTOR_BYTES;
  }

  /** What reading everything back shows, in sectors. */
  get sectorsNotZero(): number {
    const dirty = this.#stripes.filter((mark, at) => mark !== "" || this.#planted[at] !== "");
    return (dirty.length * this.sectors) / STRIPES;
  }

  /** Plants a mark in every stripe, in sectors of its own, and reads them back: how many were there. The erase takes them. */
  plantMarks(job: string): number {
    this.#planted.fill(job);
    return this.#planted.filter((read) => read === job).length;
  }

  async erase(msPerStripe: number, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<void> {
    this.#system = undefined;
    await this.#fill("", msPerStripe, signal, onProgress);
  }

  /** Writes a tenant's system. It boots when all of it is there. */
  async install(system: System, msPerStripe: number, signal: AbortSignal): Promise<void> {
    this.#system = undefined;
    await this.#fill(system.allocation, msPerStripe, signal, () => undefined);
    this.#system = system;
  }

  async #fill(mark: string, msPerStripe: number, signal: AbortSignal, onProgress: (fraction: number) => void) {
    for (let stripe = 0; stripe < STRIPES; stripe++) {
      signal.throwIfAborted();
      this.#stripes[stripe] = mark;
      this.#planted[stripe] = "";
      onProgress((stripe + 1) / STRIPES);
      await sleep(msPerStripe, undefined, { signal });
    }
  }
}
