// Follows the machines: their provisioning events at the API, and what the partition's services say of the boot before
// a machine can speak for itself.
import type { Client } from "@metal-stack/sdk";
import type { Timeline } from "./timeline.ts";

/** The part of v1.MachineResponse that the lab looks at. */
export interface LabMachine {
  readonly id: string;
  readonly allocation?: {
    readonly hostname: string;
    readonly project: string;
    readonly networks: readonly {
      readonly networkid: string;
      readonly vrf: number;
      readonly ips: readonly string[];
      readonly private: boolean;
    }[];
  } | null;
  readonly events: {
    readonly log: readonly { readonly time: string; readonly event: string; readonly message: string }[];
  };
  readonly liveliness: string;
}

/** Provisioning event → the stage as people call it. Alive and the like are no stages. */
const STAGES: Readonly<Record<string, string>> = {
  Preparing: "hammer is up",
  Registering: "registering",
  Waiting: "waiting",
  Installing: "installing",
  "Booting New Kernel": "booting the new kernel",
  "Phoned Home": "phoned home",
};

const POLL_MS = 400;

export class MachineWatch {
  readonly #api: Client;
  readonly #timeline: Timeline;
  readonly #names: ReadonlyMap<string, string>;
  readonly #seen = new Set<string>();
  readonly #current = new Map<string, LabMachine>();
  #timer: NodeJS.Timeout | undefined;

  /** @param names machine uuid → name in the lab */
  constructor(api: Client, timeline: Timeline, names: ReadonlyMap<string, string>) {
    this.#api = api;
    this.#timeline = timeline;
    this.#names = names;
  }

  start(): void {
    const poll = async () => {
      await this.#poll().catch(() => undefined); // the API may be restarting; the next poll tells
      this.#timer = setTimeout(() => void poll(), POLL_MS);
    };
    void poll();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  machine(uuid: string): LabMachine | undefined {
    return this.#current.get(uuid);
  }

  async #poll(): Promise<void> {
    for (const machine of await this.#api.get<LabMachine[]>("/v1/machine")) {
      this.#current.set(machine.id, machine);
      const name = this.#names.get(machine.id);
      if (!name) continue;
      for (const entry of [...machine.events.log].reverse()) {
        const key = `${machine.id} ${entry.time} ${entry.event}`;
        if (this.#seen.has(key)) continue;
        this.#seen.add(key);
        const stage = STAGES[entry.event];
        if (stage) this.#timeline.reached(name, stage, Date.parse(entry.time));
        else if (entry.event === "Crashed") this.#timeline.note(name, `CRASHED: ${entry.message}`);
      }
    }
  }

  /** Resolves when the machine fulfils the condition; polls what the watch already knows. */
  async until(
    uuid: string,
    what: string,
    condition: (machine: LabMachine) => boolean,
    timeoutMs: number,
  ): Promise<LabMachine> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const machine = this.#current.get(uuid);
      if (machine && condition(machine)) return machine;
      if (Date.now() > deadline) {
        throw new Error(
          `${this.#names.get(uuid) ?? uuid}: not ${what} within ${Math.round(timeoutMs / 1000)} s; last event: ${machine?.events.log[0]?.event ?? "none"}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What the newest event is called; "" before the first. */
export function lastEvent(machine: LabMachine): string {
  return machine.events.log[0]?.event ?? "";
}
