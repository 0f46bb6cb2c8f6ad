// LLDP at the ports for servers: tells who we are, so that a server knows where it is plugged in, and listens.
import { once } from "node:events";
import {
  decodeFrame,
  encodeFrame,
  LldpFrameError,
  openPacketLink,
  type FrameLink,
  type LldpFrame,
} from "@metal-stack/lldp";
import type { Logger } from "@metal-stack/service";
import type { PhysicalPort, SwitchDriver } from "../driver.ts";

/** Servers in discovery wait for two of these (reference/partition-services.md 3.9: at most 10 s). */
const INTERVAL_MS = 5_000;
/** Three lost frames do not matter (802.1AB 9.2.5.6: msgTxHold 4). */
const TTL_SECONDS = 20;

export interface AnnouncerOptions {
  readonly switchId: string;
  readonly version: string;
  readonly driver: SwitchDriver;
  readonly log: Logger;
  readonly heard: (port: string, frame: LldpFrame) => void;
  readonly portsKnown: (ports: readonly string[]) => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #links = new Map<string, FrameLink>();
  #ports: readonly PhysicalPort[] = [];
  #busy: Promise<void> | undefined;
  #again = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Announces until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const tick = async () => {
      for (const port of this.#ports) this.#announce(port);
      await this.update();
    };
    const ticker = setInterval(() => void tick(), INTERVAL_MS);
    await this.update();
    if (!signal.aborted) await once(signal, "abort");
    clearInterval(ticker);
    await this.#busy;
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  /** Speaks and listens at every port that has a link now; at a new one at once. Calls meanwhile are one call after. */
  async update(): Promise<void> {
    this.#again = true;
    this.#busy ??= (async () => {
      while (this.#again) {
        this.#again = false;
        await this.#openLinks().catch((error: unknown) => this.#options.log.warn({ err: error }, "LLDP on the ports"));
      }
      this.#busy = undefined;
    })();
    await this.#busy;
  }

  async #openLinks(): Promise<void> {
    const { driver, portsKnown, log } = this.#options;
    this.#ports = await driver.ports();
    portsKnown(this.#ports.map((port) => port.name));
    const states = await driver.portStates([]);
    for (const port of this.#ports) {
      if (states.get(port.name) !== "UP" || this.#links.has(port.name)) continue;
      try {
        this.#listen(port, await openPacketLink(port.name));
      } catch (error) {
        log.warn({ err: error, port: port.name }, "no LLDP on this port");
      }
    }
  }

  #listen(port: PhysicalPort, link: FrameLink): void {
    this.#links.set(port.name, link);
    void link.closed.then(() => this.#links.delete(port.name));
    link.onFrame((bytes) => {
      try {
        this.#options.heard(port.name, decodeFrame(bytes));
      } catch (error) {
        if (!(error instanceof LldpFrameError)) throw error;
        this.#options.log.debug({ port: port.name, reason: error.message }, "a malformed LLDP frame");
      }
    });
    this.#announce(port);
  }

  #announce(port: PhysicalPort): void {
    const { switchId, version } = this.#options;
    this.#links.get(port.name)?.send(
      encodeFrame({
        source: port.mac,
        // One for the whole switch; the first port's does not change while the box is the same.
        chassisId: { subtype: "mac", value: this.#ports[0]!.mac },
        portId: { subtype: "local", value: port.identifier },
        ttl: TTL_SECONDS,
        portDescription: port.name,
        systemName: switchId,
        systemDescription: `metal-core ${version}`,
        capabilities: { system: ["bridge", "router"], enabled: ["bridge"] },
      }),
    );
  }
}
