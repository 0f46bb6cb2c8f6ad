// The watchdogs of this machine, and the deadlines that decide whether they are fed. A hang of the event loop, or work
// that makes no progress, ends in a reset; nobody has to walk to the rack.
import { closeSync, globSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { Say } from "./console.ts";

/**
 * All of them, not the first alone: a chipset's watchdog may be wired to nothing (the NO_REBOOT strap of Intel's), and
 * softdog, which /init always loads, does not see a dead kernel.
 */
const DEVICES = "/dev/watchdog[0-9]*";
/** The original's interval; drivers are set to reset after 60 s. */
const KEEP_ALIVE_MS = 10_000;
/** Linux Documentation/watchdog/watchdog-api.rst: writing this before closing disarms ("magic close"). */
const MAGIC_CLOSE = "V";

/** What feeds one timer. */
export interface WatchdogDevice {
  feed(): void;
  disarm(): void;
}

export function openWatchdogDevices(say: Say): WatchdogDevice[] {
  const devices = globSync(DEVICES)
    .sort()
    .flatMap((path) => {
      try {
        return [{ path, file: openSync(path, "w") }];
      } catch (error) {
        say(`${path}: ${(error as Error).message}`);
        return [];
      }
    });
  const names = devices.map(({ path }) => identity(path));
  say(`watchdogs: ${names.join(", ") || "none, a hang of this machine will need a person"}`);
  return devices.map(({ file }) => ({
    feed: () => void writeSync(file, "\0"),
    disarm: () => {
      writeSync(file, MAGIC_CLOSE);
      closeSync(file);
    },
  }));
}

function identity(path: string): string {
  try {
    return readFileSync(`/sys/class/watchdog/${basename(path)}/identity`, "utf8").trim();
  } catch {
    return path;
  }
}

export class Watchdog {
  readonly #devices: readonly WatchdogDevice[];
  readonly #onOverrun: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #phase = "starting";
  #limitMs = Infinity;
  #lastProgress = performance.now();
  #overrun = false;

  /** @param onOverrun told once, when a phase exceeds its limit; the devices are no longer fed from then on */
  constructor(devices: readonly WatchdogDevice[], onOverrun: (message: string) => void, intervalMs = KEEP_ALIVE_MS) {
    this.#devices = devices;
    this.#onOverrun = onOverrun;
    this.#feed();
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
    for (const device of this.#devices) device.disarm();
  }

  #feed(): void {
    for (const device of this.#devices) device.feed();
  }

  #check(): void {
    if (this.#overrun) return;
    if (performance.now() - this.#lastProgress <= this.#limitMs) return this.#feed();
    this.#overrun = true;
    this.#onOverrun(`${this.#phase}: no progress for ${Math.round(this.#limitMs / 1000)} s`);
  }
}
