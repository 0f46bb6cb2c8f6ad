// QEMU's control protocol: JSON lines over a stream (QEMU: docs/interop/qmp-intro).
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: Record<string, unknown>;
}

export class Qmp {
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor(stream: Duplex, onEvent: (event: QmpEvent) => void) {
    this.#stream = stream;
    const lines = createInterface({ input: stream });
    // QEMU's end may reset the connection; readline passes that on.
    lines.on("error", () => undefined);
    lines.on("line", (line) => {
      const message = JSON.parse(line) as Answer;
      if (message.event) onEvent({ event: message.event, ...(message.data && { data: message.data }) });
      const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
      if (!waiting) return;
      this.#waiting.delete(message.id!);
      if (message.error) waiting.reject(new Error(`QEMU refuses: ${message.error.desc}`));
      else waiting.resolve(message.return);
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("QEMU is gone"));
      this.#waiting.clear();
    });
  }

  /** Rejects when QEMU refuses or ends. */
  execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#stream.destroyed) return reject(new Error("QEMU is gone"));
      this.#waiting.set(id, { resolve, reject });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    });
  }
}
