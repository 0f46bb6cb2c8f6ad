// `machine create --wait`: the steps of provisioning as they come, until the machine is in use. They go to standard error:
// standard output is the machine's alone.
import type { MachineResponse } from "@metal-stack/sdk";
import { apiClient, type GlobalFlags, TimeoutError } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { span } from "../output/age.ts";
import { durationOf } from "../output/duration.ts";
import { field, type Doc } from "../resources/resource.ts";
import { whyOf } from "./machine-why.ts";

const TICK_MS = 1_000;
/** What shells have for a process that Ctrl-C ended. */
const INTERRUPTED = 130;
/** ECMA-48: to the line's beginning, and erase it. */
const CLEAR = "\r\u001b[K";

/** @throws Refusal that says where the machine stands when it is not in use in time */
export async function waitUntilInUse(allocated: Doc, flags: GlobalFlags & { waitTimeout?: unknown }): Promise<Doc> {
  const id = field("id")(allocated);
  const api = apiClient(flags);
  const timeout = durationOf(String(flags.waitTimeout), "--wait-timeout");
  const progress = new Progress(id);
  // The machine goes on without us.
  const leave = () => {
    progress.end(false);
    console.error(`machine ${id} is allocated, and goes on; see: metalctl machine why ${id}`);
    process.exit(INTERRUPTED);
  };
  process.once("SIGINT", leave);
  try {
    const machine: MachineResponse = await api.machine.waitFor(id, "installed", {
      timeout,
      onStep: ({ event, message }) => progress.step(event, message),
    });
    progress.end(true);
    return { ...machine };
  } catch (error) {
    progress.end(false);
    if (!(error instanceof TimeoutError)) throw error;
    throw new Refusal(`machine ${id} is allocated, but not in use after ${span(timeout)}`, {
      details: await whyOf(api, id),
      next: `metalctl machine why ${id}`,
      cause: error,
    });
  } finally {
    process.off("SIGINT", leave);
  }
}

/** A line for each step that is over; on a terminal also one that lives, with the step that goes on. */
class Progress {
  readonly #begun = Date.now();
  readonly #live = process.stderr.isTTY;
  readonly #timer: NodeJS.Timeout | undefined;
  #step = "Allocated";
  #message = "";
  #since = Date.now();

  constructor(id: string) {
    console.error(`machine ${id} is allocated`);
    if (this.#live) this.#timer = setInterval(() => this.#draw(), TICK_MS);
  }

  step(event: string, message = ""): void {
    if (this.#live) this.#line("✔");
    [this.#step, this.#message, this.#since] = [event, message, Date.now()];
    if (this.#live) this.#draw();
    else console.error(`${span(Date.now() - this.#begun).padEnd(8)}${event}${message && `: ${message}`}`);
  }

  end(well: boolean): void {
    clearInterval(this.#timer);
    if (this.#live) this.#line(well ? "✔" : "✘");
    if (well) console.error(`in use after ${span(Date.now() - this.#begun)}`);
  }

  #line(mark: string): void {
    process.stderr.write(`${CLEAR}${mark} ${this.#text()}\n`);
  }

  #draw(): void {
    process.stderr.write(`${CLEAR}… ${this.#text().slice(0, (process.stderr.columns || 80) - 3)}`);
  }

  #text(): string {
    const message = this.#message.split("\n")[0]!;
    return `${this.#step.padEnd(20)}${span(Date.now() - this.#since).padEnd(8)}${message}`;
  }
}
