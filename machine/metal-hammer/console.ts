// What people see on the serial console: one clear line a step.
import { writeSync } from "node:fs";
import { uptime } from "node:os";

export type Say = (message: string) => void;

const LONGEST_LINE = 400;
const LINES_KEPT = 30;

/** Writes `[  12.3] hammer: …`, the seconds since the kernel started, and remembers the last lines. */
export class Console {
  readonly #write: (line: string) => void;
  readonly #last: string[] = [];

  constructor(write: (line: string) => void = (line) => writeSync(1, line)) {
    this.#write = write;
  }

  readonly say: Say = (message) => {
    for (const part of message.split("\n")) {
      const line = `[${uptime().toFixed(1).padStart(6)}] hammer: ${part.slice(0, LONGEST_LINE)}`;
      this.#last.push(line);
      if (this.#last.length > LINES_KEPT) this.#last.shift();
      try {
        this.#write(`${line}\n`);
      } catch {
        // A serial line that cannot take more must not stop the work.
      }
    }
  };

  get lastLines(): readonly string[] {
    return this.#last;
  }
}
