// What people see on the serial console: one clear line a step.
import { writeSync } from "node:fs";
import { uptime } from "node:os";

export type Say = (message: string) => void;

const LONGEST_LINE = 400;

/** Writes `[  12.3] hammer: …`, the seconds since the kernel started. */
export class Console {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void = (line) => writeSync(1, line)) {
    this.#write = write;
  }

  readonly say: Say = (message) => {
    for (const part of message.split("\n")) {
      const line = `[${uptime().toFixed(1).padStart(6)}] hammer: ${part.slice(0, LONGEST_LINE)}`;
      try {
        this.#write(`${line}\n`);
      } catch {
        // A serial line that cannot take more must not stop the work.
      }
    }
  };
}
