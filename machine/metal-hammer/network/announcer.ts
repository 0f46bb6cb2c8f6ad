// LLDP on every card: tells the switches which machine this is, and learns which switches they are.
import { setTimeout as sleep } from "node:timers/promises";
import { decodeFrame, encodeFrame, NeighbourTable, openMacvtapLink, type FrameLink } from "@metal-stack/lldp";
import type { Say } from "../console.ts";
import type { NetworkCard } from "./rules-links.ts";
import { announcement, seenEnough, type CardNeighbours } from "./rules-announcement.ts";

/** reference/partition-services.md 3.9 */
const INTERVAL_MS = 5_000;
/** The first seconds: a switch that just saw the link come up should not wait for us. */
const QUICK_INTERVALS_MS = [250, 1_000, 1_000, 2_000];
const REOPEN_MS = 5_000;

export class Announcer {
  readonly #cards: readonly NetworkCard[];
  readonly #machineId: string;
  readonly #description: () => string;
  readonly #say: Say;
  readonly #neighbours = new NeighbourTable();
  readonly #links = new Map<string, FrameLink>();
  readonly #stop = new AbortController();

  /** @param description the system description, asked for at each frame */
  constructor(cards: readonly NetworkCard[], machineId: string, description: () => string, say: Say) {
    this.#cards = cards;
    this.#machineId = machineId;
    this.#description = description;
    this.#say = say;
  }

  start(): void {
    for (const card of this.#cards) void this.#serve(card);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#links.values()].map((link) => link.close()));
  }

  /** What is known now, card by card. */
  neighbours(): CardNeighbours[] {
    this.#neighbours.expire(performance.now());
    return this.#cards.map(({ name }) => ({ card: name, frames: this.#neighbours.on(name).map(({ frame }) => frame) }));
  }

  /** Waits for two switches on two cards, but not longer than this; what counts then is metal-api's judgement. */
  async waitForSwitches(limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (!seenEnough(this.neighbours())) {
      if (performance.now() >= end) return false;
      await sleep(200);
    }
    return true;
  }

  /** Keeps a card's link open for as long as we announce. */
  async #serve(card: NetworkCard): Promise<void> {
    let complained = false;
    while (!this.#stop.signal.aborted) {
      try {
        const link = await openMacvtapLink(card.name);
        this.#links.set(card.name, link);
        link.onFrame((bytes) => this.#hear(card, bytes));
        const gone = new AbortController();
        void link.closed.then(() => gone.abort());
        await this.#announce(card, link, AbortSignal.any([gone.signal, this.#stop.signal]));
        await link.close();
      } catch (error) {
        if (!complained) this.#say(`no LLDP on ${card.name}: ${(error as Error).message}`);
        complained = true;
      }
      await sleep(REOPEN_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Until the card's link ends. */
  async #announce(card: NetworkCard, link: FrameLink, signal: AbortSignal): Promise<void> {
    for (let count = 0; !signal.aborted; count += 1) {
      link.send(encodeFrame(announcement(card, this.#machineId, this.#description(), INTERVAL_MS / 1000)));
      const wait = QUICK_INTERVALS_MS[count] ?? INTERVAL_MS;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  #hear(card: NetworkCard, bytes: Uint8Array): void {
    try {
      const frame = decodeFrame(bytes);
      if (this.#neighbours.receive(card.name, frame, performance.now()) === "appeared")
        this.#say(`${card.name} is connected to ${frame.systemName ?? frame.chassisId.value}, ${frame.portId.value}`);
    } catch {
      // A frame that is none: whoever sent it is not one of our switches.
    }
  }
}
