// Tells metal-api which machines boot, beside the DHCP answers and never in their way.
import type { Logger } from "@metal-stack/service";
import type { Metrics } from "../metrics.ts";

/** One boot makes several DISCOVERs (firmware, iPXE, repeats): within this time they are one event. */
const SAME_BOOT_MS = 4_000;
const MAX_WAITING = 1_000;
const MAX_REMEMBERED = 10_000;
const CALLS_AT_ONCE = 4;

/** A bounded queue in front of one call; when the call fails the machine's next DISCOVER tries again. */
export class Announcements {
  readonly #call: (uuid: string) => Promise<void>;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  /** When a machine was last taken, oldest first. */
  readonly #lastTaken = new Map<string, number>();
  readonly #waiting = new Set<string>();
  #running = 0;

  constructor(call: (uuid: string) => Promise<void>, log: Logger, metrics: Metrics) {
    this.#call = call;
    this.#log = log;
    this.#metrics = metrics;
  }

  /** Returns at once. */
  announce(uuid: string, now = Date.now()): void {
    const last = this.#lastTaken.get(uuid);
    if (last !== undefined && now - last < SAME_BOOT_MS) return;
    if (this.#waiting.size >= MAX_WAITING) {
      this.#metrics.count("announcements_total", { result: "dropped" });
      return;
    }
    this.#remember(uuid, now);
    this.#waiting.add(uuid);
    this.#next();
  }

  #remember(uuid: string, now: number): void {
    this.#lastTaken.delete(uuid);
    this.#lastTaken.set(uuid, now);
    if (this.#lastTaken.size > MAX_REMEMBERED) this.#lastTaken.delete(this.#lastTaken.keys().next().value!);
  }

  #next(): void {
    for (const uuid of this.#waiting) {
      if (this.#running >= CALLS_AT_ONCE) return;
      this.#waiting.delete(uuid);
      this.#running += 1;
      void this.#tell(uuid);
    }
  }

  async #tell(uuid: string): Promise<void> {
    try {
      await this.#call(uuid);
      this.#metrics.count("announcements_total", { result: "ok" });
    } catch (error) {
      this.#lastTaken.delete(uuid);
      this.#metrics.count("announcements_total", { result: "failed" });
      this.#log.warn(
        { machine: uuid, reason: (error as Error).message },
        "metal-api was not told that a machine boots",
      );
    }
    this.#running -= 1;
    this.#next();
  }
}
