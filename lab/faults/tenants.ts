// Tenants and operators of a region: ask for machines, addresses and networks through REST, give them back, press buttons.
import { type Client, MetalError } from "@metal-stack/sdk";
import type { IPResponse, MachineResponse, NetworkResponse } from "@metal-stack/api-schema";
import type { SimulatedMachine } from "../fleet/machine.ts";
import { IMAGES, INTERNET, OS, PARTITION, PROJECTS, SIZE } from "./catalogue.ts";
import { type Kind, Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { Reinstalls } from "./reinstalls.ts";

type Outcome<T> = { readonly answer: T } | { readonly refused: string } | { readonly lost: string };

interface Owned {
  readonly kind: Kind;
  readonly name: string;
  /** How REST names it: machine id, address, network id. */
  readonly id: string;
}

/** Refusals that no tenant brings about: method not allowed, not acceptable, unsupported media type. */
const OURS: ReadonlySet<number> = new Set([405, 406, 415]);
/** Whoever holds fewer asks for more. */
const MOST = { address: 6, network: 4 } as const;
const POWER = ["reset", "cycle", "on", "pxe", "disk", "chassis-identify-led-on", "chassis-identify-led-off"] as const;

export class Tenants {
  readonly ledger = new Ledger();
  readonly reinstalls: Reinstalls;
  readonly #api: () => Client;
  readonly #random: Random;
  readonly #say: (what: string) => void;
  readonly #machines: readonly SimulatedMachine[];
  readonly #inFlight = new Set<Promise<void>>();
  /** What is held and nobody is giving back. */
  #owned: Owned[] = [];
  #networks: { readonly id: string; readonly project: string }[] = [];
  #count = 0;
  /** Requests without an answer yet. */
  readonly #asking = new Set<{ readonly what: string }>();
  readonly tally = { acknowledged: 0, refused: 0, lost: 0 };

  constructor(api: () => Client, machines: readonly SimulatedMachine[], random: Random, say: (what: string) => void) {
    this.#api = api;
    this.reinstalls = new Reinstalls(machines);
    this.#machines = machines;
    this.#random = random;
    this.#say = say;
  }

  /** Each project gets the network that its machines are in. */
  async moveIn(): Promise<void> {
    for (const project of PROJECTS) {
      const body = { name: `home-${project}`, projectid: project, partitionid: PARTITION };
      const { id } = await this.#api().post<NetworkResponse>("/v1/network/allocate", body);
      this.#networks.push({ id: id, project });
    }
  }

  /** Starts so many requests at once. @param often mostly these, if anybody holds a machine, or only those about machines */
  burst(count: number, often?: "reinstall" | "machines"): void {
    for (let number = 0; number < count; number++) {
      const asked = this.#request(often);
      const running: Promise<void> = asked.finally(() => this.#inFlight.delete(running));
      this.#inFlight.add(running);
    }
  }

  /** What is asked for just now and not answered. */
  get asking(): string[] {
    return [...this.#asking].map(({ what }) => what);
  }

  /** Every request has its answer, or will have none. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** What the database says is there after all: of requests without an answer. */
  adopt(machines: readonly { readonly name: string; readonly machine: string }[]): void {
    const known = new Set(this.#owned.map(({ name }) => name));
    for (const { name, machine } of machines)
      if (!known.has(name)) this.#owned.push({ kind: "allocation", name, id: machine });
    const there = new Set(machines.map(({ name }) => name));
    this.#owned = this.#owned.filter(({ kind, name }) => kind !== "allocation" || there.has(name));
  }

  #request(often: "reinstall" | "machines" | undefined): Promise<void> {
    const random = this.#random;
    if (often === "reinstall" && random.chance(0.6)) return this.#reinstall();
    if (often !== "machines") return this.#anything();
    const held = this.#owned.filter(({ kind }) => kind === "allocation").length;
    if (random.fraction() * this.#machines.length >= held) return this.#allocate();
    return random.chance(0.5) ? this.#reinstall() : this.#give("allocation");
  }

  #anything(): Promise<void> {
    const random = this.#random;
    const held = (kind: Kind) => this.#owned.filter((owned) => owned.kind === kind).length;
    const dice = random.fraction();
    if (dice < 0.36) return this.#allocate();
    if (dice < 0.57) return this.#give("allocation");
    if (dice < 0.65) return this.#reinstall();
    if (dice < 0.75) return held("address") < MOST.address ? this.#address() : this.#give("address");
    if (dice < 0.85) return held("network") < MOST.network ? this.#network() : this.#give("network");
    return this.#press();
  }

  async #allocate(): Promise<void> {
    const name = `machine-${++this.#count}`;
    const { id: networkid, project } = this.#random.pick(this.#networks);
    const repeat = this.#random.chance(0.5);
    const body = {
      name,
      projectid: project,
      partitionid: PARTITION,
      sizeid: SIZE,
      imageid: OS,
      networks: [{ networkid }, ...(this.#random.chance(0.5) ? [{ networkid: INTERNET }] : [])],
    };
    this.ledger.believe("allocation", name, "either");
    const ask = () =>
      this.#ask(`allocate ${name}`, (api) =>
        api.request<MachineResponse>("POST", "/v1/machine/allocate", {
          body,
          ...(repeat ? { headers: { "idempotency-key": name } } : {}),
        }),
      );
    let outcome = await ask();
    // Who gets no answer may ask again with the same key, and gets one machine.
    if (repeat && "lost" in outcome) outcome = await ask();
    this.#learn("allocation", name, outcome, repeat ? "either" : "gone", ({ id }) => id);
  }

  async #address(): Promise<void> {
    const name = `address-${++this.#count}`;
    const body = { name, projectid: this.#random.pick(PROJECTS), networkid: INTERNET, type: "static" };
    this.ledger.believe("address", name, "either");
    const outcome = await this.#ask(`allocate ${name}`, (api) => api.post<IPResponse>("/v1/ip/allocate", body));
    this.#learn("address", name, outcome, "gone", ({ ipaddress }) => ipaddress);
  }

  async #network(): Promise<void> {
    const name = `network-${++this.#count}`;
    const body = { name, projectid: this.#random.pick(PROJECTS), partitionid: PARTITION };
    this.ledger.believe("network", name, "either");
    const outcome = await this.#ask(`allocate ${name}`, (api) =>
      api.post<NetworkResponse>("/v1/network/allocate", body),
    );
    this.#learn("network", name, outcome, "gone", ({ id }) => id);
  }

  async #give(kind: Kind): Promise<void> {
    const held = this.#owned.filter((owned) => owned.kind === kind);
    if (held.length === 0) return;
    const owned = this.#random.pick(held);
    this.#owned = this.#owned.filter((other) => other !== owned);
    this.ledger.believe(kind, owned.name, "either");
    const path = {
      allocation: `machine/${owned.id}/free`,
      address: `ip/free/${owned.id}`,
      network: `network/free/${owned.id}`,
    };
    const outcome = await this.#ask(`free ${owned.name}`, (api) => api.delete(`/v1/${path[kind]}`));
    if ("answer" in outcome) this.ledger.believe(kind, owned.name, "gone");
    if ("refused" in outcome) {
      this.ledger.believe(kind, owned.name, "there");
      this.#owned.push(owned);
    }
  }

  /** Nobody gives it back or asks for another image meanwhile. */
  async #reinstall(): Promise<void> {
    const held = this.#owned.filter(({ kind }) => kind === "allocation");
    if (held.length === 0) return;
    const owned = this.#random.pick(held);
    this.#owned = this.#owned.filter((other) => other !== owned);
    const { name, id } = owned;
    const imageid = this.#random.pick(IMAGES);
    const before = this.reinstalls.imageOf(name);
    this.reinstalls.asked(name, imageid);
    const outcome = await this.#ask(`reinstall ${name} with ${imageid}`, (api) =>
      api.post(`/v1/machine/${id}/reinstall`, { id, imageid }),
    );
    // Without an answer the database tells, after the next check.
    if ("lost" in outcome) return;
    if ("answer" in outcome) this.reinstalls.acknowledged(name, imageid);
    else this.reinstalls.refused(name, before);
    this.#owned.push(owned);
  }

  async #press(): Promise<void> {
    const machine = this.#random.pick(this.#machines).uuid;
    const button = this.#random.pick(POWER);
    await this.#ask(`${button} ${machine.slice(-4)}`, (api) => api.post(`/v1/machine/${machine}/power/${button}`));
  }

  /** @param refused what a refusal means: of a repetition, only that one of the two was not done */
  #learn<T>(
    kind: Kind,
    name: string,
    outcome: Outcome<T>,
    refused: "gone" | "either",
    id: (answer: T) => string,
  ): void {
    if ("answer" in outcome) {
      this.ledger.believe(kind, name, "there");
      this.#owned.push({ kind, name, id: id(outcome.answer) });
    }
    if ("refused" in outcome) this.ledger.believe(kind, name, refused);
  }

  async #ask<T>(what: string, call: (api: Client) => Promise<T>): Promise<Outcome<T>> {
    const asking = { what };
    this.#asking.add(asking);
    try {
      const answer = await call(this.#api());
      this.tally.acknowledged += 1;
      this.#say(`${what}: done`);
      return { answer };
    } catch (error) {
      const text = (error as Error).message;
      // What failed on the server may have failed after it was done.
      const refused = error instanceof MetalError && error.status < 500;
      if (refused && OURS.has(error.status)) throw error;
      this.tally[refused ? "refused" : "lost"] += 1;
      this.#say(`${what}: ${refused ? "refused" : "no answer"}, ${text}`);
      return refused ? { refused: text } : { lost: text };
    } finally {
      this.#asking.delete(asking);
    }
  }
}
