// Keeps the box as metal-api wants it. metal-api pushes the wanted state; we make it so, tell how it went, and look again
// from time to time whether it still is so. Without metal-api the last wanted state stands.
import type { Client } from "@connectrpc/connect";
import type { agent } from "@metal-stack/protocol";
import { follow, type Logger } from "@metal-stack/service";
import type { Applied, PhysicalPort, SwitchDriver, WantedPort } from "../driver.ts";
import type { Metrics } from "../metrics.ts";
import { isolationProblems, wantedPorts } from "./rules-membership.ts";

/** What is wrong with the box without an event is found this late. */
const REAPPLY_MS = 30_000;
/** metal-api hears from a healthy switch at least this often. */
const REPORT_MS = 60_000;
/** metal-api repeats itself every 20 s; a stream silent for longer than three times that is dead. */
const SILENCE_MS = 65_000;
/** New links, and NICs that were never seen at a port, are told this soon: a machine that boots waits for it. */
const LOOK_MS = 1_000;
/** A stranger can send with as many addresses as it likes. */
const MAX_SIGHTINGS = 16;
const CALL_TIMEOUT_MS = 20_000;

export interface SwitchSyncOptions {
  readonly id: string;
  readonly driver: SwitchDriver;
  readonly metalApi: Client<typeof agent.SwitchService>;
  /** What registration says beside the ports. */
  readonly registration: Readonly<{
    partitionId: string;
    rackId: string;
    osVendor: string;
    osVersion: string;
    metalCoreVersion: string;
    managementIp: string;
    managementUser: string;
  }>;
  readonly bootVni: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Which machine is plugged into which port, whenever metal-api says so; "" for none. */
  readonly wired: (machines: ReadonlyMap<string, string>) => void;
}

interface Outcome {
  readonly generation: bigint;
  readonly durationMs: number;
  readonly problems: readonly string[];
}

export class SwitchSync {
  readonly #options: SwitchSyncOptions;
  #wanted: { generation: bigint; ports: readonly WantedPort[]; elsewhere: readonly string[] } | undefined;
  #registered = "";
  #outcome: Outcome | undefined;
  #applying = false;
  #again = false;
  #reported: { outcome: string; at: number } | undefined;
  #reporting = false;
  #watching = new AbortController();

  constructor(options: SwitchSyncOptions) {
    this.#options = options;
  }

  /** Resolves when the signal aborts; the box stays as it is. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const reapply = setInterval(() => void this.apply(), REAPPLY_MS);
    const report = setInterval(() => void this.#report(), LOOK_MS);
    await follow(
      (stop) => this.#registerAndWatch(stop),
      async (config) => {
        const wanted = wantedPorts(config.ports, this.#options.bootVni);
        this.#wanted = { generation: config.generation, ports: wanted, elsewhere: config.remoteMacs };
        this.#options.wired(new Map(config.ports.map((port) => [port.name, port.machineId])));
        await this.apply();
      },
      (error, retryInMs) =>
        log.warn({ err: error, retryInMs }, "not connected with metal-api; the ports stay as they are"),
      signal,
    );
    clearInterval(reapply);
    clearInterval(report);
  }

  /** The box may have changed: repair it, and register again when it has other ports now. */
  async changed(): Promise<void> {
    await this.apply();
    const ports = await this.#options.driver.ports().catch(() => undefined);
    if (ports && this.#registered !== "" && fingerprint(ports) !== this.#registered) {
      this.#watching.abort(new Error("the switch has other ports now"));
    }
  }

  /** Makes the box as last wanted; does nothing before the first configuration. Calls meanwhile are one call after. */
  async apply(): Promise<void> {
    if (this.#applying) {
      this.#again = true;
      return;
    }
    this.#applying = true;
    try {
      do {
        this.#again = false;
        await this.#applyOnce();
      } while (this.#again);
    } finally {
      this.#applying = false;
    }
  }

  async #applyOnce(): Promise<void> {
    const wanted = this.#wanted;
    if (!wanted) return;
    const { driver, log, metrics } = this.#options;
    const started = performance.now();
    const applied = await driver
      .apply(wanted.ports, wanted.elsewhere)
      .catch((error: unknown): Applied => ({ changes: [], problems: [(error as Error).message] }));
    const durationMs = performance.now() - started;
    for (const change of applied.changes) log.info(change, change.step);
    const problems = [...isolationProblems(wanted.ports), ...applied.problems];
    if (applied.problems.length > 0) metrics.failed("switch-reconfiguration");
    if (problems.join() !== this.#outcome?.problems.join()) {
      for (const problem of problems) log.error({ step: "problem", problem }, problem);
    }
    if (applied.changes.length > 0 || wanted.generation !== this.#outcome?.generation) {
      log.info(
        { step: "applied", generation: String(wanted.generation), changes: applied.changes.length, durationMs },
        "the ports are as wanted",
      );
    }
    this.#outcome = { generation: wanted.generation, durationMs, problems };
    void this.#report();
  }

  async *#registerAndWatch(stop: AbortSignal): AsyncGenerator<agent.SwitchConfig> {
    const { id, driver, metalApi, registration, log } = this.#options;
    this.#watching = new AbortController();
    const signal = AbortSignal.any([stop, this.#watching.signal]);
    const ports = await driver.ports();
    await metalApi.register(
      { id, ...registration, ports: ports.map(({ name, mac, identifier }) => ({ name, mac, identifier })) },
      { signal, timeoutMs: CALL_TIMEOUT_MS },
    );
    this.#registered = fingerprint(ports);
    log.info({ step: "registered", ports: ports.length }, "registered at metal-api");
    const silence = setTimeout(
      () => this.#watching.abort(new Error(`metal-api said nothing for ${SILENCE_MS / 1000} s`)),
      SILENCE_MS,
    );
    try {
      for await (const config of metalApi.watch({ id }, { signal })) {
        silence.refresh();
        yield config;
      }
    } finally {
      clearTimeout(silence);
    }
  }

  /** Tells metal-api when there is news, or once a minute; what could not be told is told with the next. */
  async #report(): Promise<void> {
    const { id, driver, metalApi, metrics, log } = this.#options;
    const outcome = this.#outcome;
    if (!outcome || this.#reporting) return;
    this.#reporting = true;
    try {
      const wanted = this.#wanted?.ports.map((port) => port.name) ?? [];
      const portStates = Object.fromEntries(await driver.portStates(wanted));
      const sightings = [...(await driver.sightings())].map(([port, macs]) => ({
        port,
        macs: [...macs].sort().slice(0, MAX_SIGHTINGS),
      }));
      const news = JSON.stringify([String(outcome.generation), outcome.problems, portStates, sightings]);
      if (this.#reported?.outcome === news && performance.now() - this.#reported.at < REPORT_MS) return;
      await metalApi.notify(
        {
          id,
          appliedGeneration: outcome.generation,
          syncDurationNanoseconds: BigInt(Math.round(outcome.durationMs * 1e6)),
          error: outcome.problems.join("; "),
          portStates,
          sightings,
          tellsSightings: true,
        },
        { timeoutMs: CALL_TIMEOUT_MS },
      );
      this.#reported = { outcome: news, at: performance.now() };
    } catch (error) {
      metrics.failed("reconfiguration-notification");
      log.warn({ err: error }, "metal-api could not be told how the ports are");
    } finally {
      this.#reporting = false;
      if (this.#outcome !== outcome) void this.#report();
    }
  }
}

function fingerprint(ports: readonly PhysicalPort[]): string {
  return JSON.stringify(ports.map(({ name, mac, identifier }) => [name, mac, identifier]));
}
