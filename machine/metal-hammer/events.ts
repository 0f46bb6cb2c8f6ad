// Provisioning events on their way to metal-api: in order, repeated until they arrive, never in the way of the work.
import { setTimeout as sleep } from "node:timers/promises";
import { retry } from "@metal-stack/service";

/** The events that a hammer emits; the strings are the contract (reference/machine-lifecycle.md 4.4). */
export type ProvisioningEvent =
  | "Alive"
  | "Preparing"
  | "Registering"
  | "Waiting"
  | "Installing"
  | "Booting New Kernel"
  | "Planned Reboot"
  | "Crashed";

export interface EventToSend {
  readonly event: ProvisioningEvent;
  readonly message: string;
  readonly time: Date;
}

const LONGEST_MESSAGE = 2_000;
/** Beyond this the oldest are given up: the server has been away for very long. */
const MOST_PENDING = 100;

export class Events {
  readonly #send: (event: EventToSend) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #pending: EventToSend[] = [];
  #worker: Promise<void> | undefined;

  constructor(send: (event: EventToSend) => Promise<void>, onError: (error: unknown) => void, signal: AbortSignal) {
    this.#send = send;
    this.#onError = onError;
    this.#signal = signal;
  }

  emit(event: ProvisioningEvent, message = ""): void {
    // A sign of life says nothing new while other events, or an older sign of life, still wait.
    if (event === "Alive" && this.#pending.length > 0) return;
    this.#pending.push({ event, message: message.slice(0, LONGEST_MESSAGE), time: new Date() });
    if (this.#pending.length > MOST_PENDING) this.#pending.splice(1, 1);
    this.#worker ??= this.#work();
  }

  /** Waits until everything has arrived, but not longer than this. Returns whether it has. */
  async flush(limitMs: number): Promise<boolean> {
    await Promise.race([this.#worker, sleep(limitMs, undefined, { ref: false })]);
    return this.#pending.length === 0;
  }

  async #work(): Promise<void> {
    try {
      for (let next = this.#pending[0]; next && !this.#signal.aborted; next = this.#pending[0]) {
        const event = next;
        await retry(() => this.#send(event), this.#onError, this.#signal);
        this.#pending.shift();
      }
    } catch {
      // Only the signal ends a retry.
    } finally {
      this.#worker = undefined;
    }
  }
}
