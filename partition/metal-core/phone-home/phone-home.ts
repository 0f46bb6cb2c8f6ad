// Tells metal-api of the installed machines: news at once, all others once a minute. What could not be told is kept.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { EventService } from "@metal-stack/protocol";
import type { Logger } from "@metal-stack/service";
import type { Metrics } from "../metrics.ts";
import { PhoneCalls } from "./rules-phone-home.ts";

/** The original's interval and deadline (reference/partition-services.md 1.9). */
const INTERVAL_MS = 60_000;
const DEADLINE_MS = 20_000;
/** However often a neighbour changes what it says, metal-api hears of it this often at most. */
const SHORTEST_INTERVAL_MS = 1_000;
const RETRY_MS = 5_000;
const EVENT = "Phoned Home";

export class PhoneHome {
  readonly calls = new PhoneCalls();
  readonly #metalApi: Client<typeof EventService>;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  #wake = Promise.withResolvers<void>();

  constructor(metalApi: Client<typeof EventService>, log: Logger, metrics: Metrics) {
    this.#metalApi = metalApi;
    this.#log = log;
    this.#metrics = metrics;
  }

  /** A neighbour spoke. */
  hear(port: string, systemName: string | undefined, systemDescription: string | undefined): void {
    if (!this.calls.hear(port, systemName, systemDescription, Date.now())) return;
    this.#log.info(
      { step: "phoned home", port, machine: systemName, message: systemDescription },
      "a machine phoned home",
    );
    this.#wake.resolve();
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (let wait = INTERVAL_MS; !signal.aborted; wait = (await this.#tell(signal)) ? INTERVAL_MS : RETRY_MS) {
      await sleep(SHORTEST_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      await this.#wokenOrAfter(wait - SHORTEST_INTERVAL_MS, signal);
    }
  }

  async #wokenOrAfter(ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const either = AbortSignal.any([signal, timer.signal]);
    await Promise.race([this.#wake.promise, sleep(ms, undefined, { signal: either }).catch(() => undefined)]);
    timer.abort();
    this.#wake = Promise.withResolvers<void>();
  }

  async #tell(signal: AbortSignal): Promise<boolean> {
    const untold = this.calls.untold();
    if (untold.length === 0 || signal.aborted) return true;
    try {
      const events = Object.fromEntries(
        untold.map(({ machine, message, heardAt }) => [
          machine,
          { time: timestampFromMs(heardAt), event: EVENT, message },
        ]),
      );
      const answer = await this.#metalApi.send({ events }, { signal, timeoutMs: DEADLINE_MS });
      this.calls.told(untold);
      if (answer.failed.length > 0)
        this.#log.warn({ machines: answer.failed }, "metal-api did not take these phone calls");
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      this.#metrics.failed("send-provisioning");
      this.#log.warn(
        { err: error, machines: untold.length, retryInMs: RETRY_MS },
        "phone calls could not be passed on",
      );
      return false;
    }
  }
}
