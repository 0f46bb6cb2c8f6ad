// How the erase of one disk gets on, told to people.
import { describeRest, worthTelling } from "./rules-progress.ts";

/** Progress of one disk: its name, 0..1, and what is being done. */
export type EraseProgress = (disk: string, fraction: number, message: string) => void;

export class Progress {
  readonly #disk: string;
  readonly #tell: EraseProgress;
  #doing = "";
  #started = 0;
  #told = { fraction: 0, at: 0 };

  constructor(disk: string, tell: EraseProgress) {
    this.#disk = disk;
    this.#tell = tell;
  }

  /** Something else is done from now on. */
  begin(doing: string, fraction: number): void {
    this.#doing = doing;
    this.#started = performance.now();
    this.#say(fraction, doing);
  }

  /** How much of it is done, 0..1; told when worth it, with an estimate of the time left. */
  advance(fraction: number): void {
    const now = performance.now();
    if (!worthTelling(fraction, this.#told.fraction, now - this.#told.at)) return;
    const rest = describeRest(fraction, now - this.#started);
    this.#say(Math.min(fraction, 1), rest === "" ? this.#doing : `${this.#doing}, ${rest}`);
  }

  #say(fraction: number, message: string): void {
    this.#told = { fraction, at: performance.now() };
    this.#tell(this.#disk, fraction, message);
  }
}
