// The hardware watchdog, and the deadlines that decide whether it is fed. A hang of the event loop, or work that makes no
// progress, ends in a reset by hardware; nobody has to walk to the rack.
import { closeSync, openSync, writeSync } from "node:fs";
import type { Say } from "./console.ts";

const DEVICE = "/dev/watchdog";
/** The original's interval; drivers are set to reset after 60 s. */
const KEEP_ALIVE_MS = 10_000;
/** Linux Documentation/watchdog/watchdog-api.rst: writing this before closing disarms ("magic close"). */
const MAGIC_CLOSE = "V";

/** What feeds the timer; a file on a machine, a list in a test. */
export interface WatchdogDevice {
  feed(): void;
  disarm(): void;
}

export function openWatchdogDevice(say: Say, path = DEVICE): WatchdogDevice | undefined {
  try {
    const file = openSync(path, "w");
    return {
      feed: () => void writeSync(file, "\0"),
      disarm: () => {
        writeSync(file, MAGIC_CLOSE);
        closeSync(file);
      },
    };
  } catch (error) {
    say(`no hardware watchdog (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

export class Watchdog {
  readonly #device: WatchdogDevice | undefined;
  readonly #onOverrun: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #phase = "starting";
  #limitMs = Infinity;
  #lastProgress = performance.now();
  #overrun = false;

  /** @param onOverrun told once, when a phase exceeds its limit; the device is no longer fed from then on */
  constructor(device: WatchdogDevice | undefined, onOverrun: (message: string) => void, intervalMs = KEEP_ALIVE_MS) {
    this.#device = device;
    this.#onOverrun = onOverrun;
    this.#device?.feed();
    this.#timer = setInterval(() => this.#check(), intervalMs);
  }

  /** Enters a phase that may go without progress for so many milliseconds; Infinity for a phase that only waits. */
  phase(name: string, limitMs: number): void {
    this.#phase = name;
    this.#limitMs = limitMs;
    this.#lastProgress = performance.now();
  }

  /** The phase's limit counts from now. */
  progress(): void {
    this.#lastProgress = performance.now();
  }

  /** Before another kernel takes over: it has its own idea of a watchdog. */
  disarm(): void {
    clearInterval(this.#timer);
    this.#device?.disarm();
  }

  #check(): void {
    if (this.#overrun) return;
    if (performance.now() - this.#lastProgress <= this.#limitMs) return this.#device?.feed();
    this.#overrun = true;
    this.#onOverrun(`${this.#phase}: no progress for ${Math.round(this.#limitMs / 1000)} s`);
  }
}
