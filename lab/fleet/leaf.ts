// A simulated leaf switch: registers, applies what metal-api wants of its ports, and tells which machines phone home.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { agent, EventService } from "@metal-stack/protocol";
import { follow, retry } from "@metal-stack/service";
import type { SimulatedMachine } from "./machine.ts";

const RPC_MS = 10_000;
const BACKOFF = { firstMs: 50, maxMs: 500 };
/** metal-core tells of news at once and of the others every minute; here all goes faster. */
const LISTEN_EVERY_MS = 100;
const TELL_EVERY_MS = 2_000;

/** A leaf, as far as the machines at its ports are concerned. */
export interface Leaf {
  readonly id: string;
  /** The network that a port is in, as metal-api names it: "" is the boot network. */
  vrfOf(port: string): string;
}

export class SimulatedLeaf implements Leaf {
  readonly id: string;
  readonly #partition: string;
  readonly #rack: string;
  readonly #machines: readonly SimulatedMachine[];
  readonly #switches: Client<typeof agent.SwitchService>;
  readonly #events: Client<typeof EventService>;
  /** The network that each port is in. */
  readonly #vrfs = new Map<string, string>();
  /** When metal-api was last told of a machine's system, by machine and start of that system. */
  readonly #told = new Map<string, number>();

  constructor(
    id: string,
    place: { readonly partition: string; readonly rack: string },
    machines: readonly SimulatedMachine[],
    transport: Transport,
  ) {
    this.id = id;
    this.#partition = place.partition;
    this.#rack = place.rack;
    this.#machines = machines;
    this.#switches = createClient(agent.SwitchService, transport);
    this.#events = createClient(EventService, transport);
  }

  /** "" is the boot network, which a port that nobody spoke of is in. */
  vrfOf(port: string): string {
    return this.#vrfs.get(port) ?? "";
  }

  async run(signal: AbortSignal): Promise<void> {
    const ports = this.#machines.map(({ port }) => ({ name: port, identifier: port, mac: "" }));
    const registration = { id: this.id, partitionId: this.#partition, rackId: this.#rack, ports };
    const register = () => this.#switches.register(registration, { timeoutMs: RPC_MS, signal });
    try {
      await retry(register, () => undefined, signal, BACKOFF);
      await Promise.all([this.#watch(signal), this.#listen(signal)]);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    await follow(
      (stop) => this.#switches.watch({ id: this.id }, { signal: stop }),
      async (config) => {
        for (const { name, vrf } of config.ports) this.#vrfs.set(name, vrf);
        const portStates = Object.fromEntries(config.ports.map(({ name }) => [name, "UP"]));
        const done = { id: this.id, appliedGeneration: config.generation, syncDurationNanoseconds: 1n, portStates };
        await this.#switches.notify(done, { timeoutMs: RPC_MS, signal });
      },
      () => undefined,
      signal,
      BACKOFF,
    );
  }

  /** Hears the LLDP of installed machines, in whatever network they are. */
  async #listen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LISTEN_EVERY_MS, undefined, { signal });
      const now = Date.now();
      const heard = this.#machines.flatMap(({ uuid, running }) => {
        if (running.kind !== "os") return [];
        const key = `${uuid} ${running.since.getTime()}`;
        return now - (this.#told.get(key) ?? 0) >= TELL_EVERY_MS ? [{ uuid, key, since: running.since }] : [];
      });
      if (heard.length === 0) continue;
      const events = Object.fromEntries(
        heard.map(({ uuid, since }) => [
          uuid,
          {
            event: "Phoned Home",
            message: `provisioned since ${since.toISOString()}`,
            time: timestampFromDate(new Date()),
          },
        ]),
      );
      try {
        await this.#events.send({ events }, { timeoutMs: RPC_MS, signal });
        for (const { key } of heard) this.#told.set(key, now);
      } catch {
        // Told again with the next look.
      }
    }
  }
}
