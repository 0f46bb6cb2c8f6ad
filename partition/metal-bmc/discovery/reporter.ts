// Asks every BMC of the partition who it is and how it is, and tells metal-api.
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { agent } from "@metal-stack/protocol";
import type { Logger } from "@metal-stack/service";
import type { BmcConnector, BmcFacts, BmcLogin } from "../bmc/bmc.ts";
import { type BmcServiceClient, reasonOf } from "../commands/agent.ts";
import type { Candidate } from "./candidates.ts";

/** BMCs asked at the same time, as the original does. */
const MAX_PARALLEL = 20;
/** Facts of BMCs that answered within this time travel in one report; nobody waits for the slow ones. */
const COLLECT_MS = 500;
const REPORT_TIMEOUT_MS = 15_000;

export interface ReporterOptions {
  readonly client: BmcServiceClient;
  readonly partitionId: string;
  readonly candidates: () => Candidate[];
  readonly connect: BmcConnector;
  readonly login: BmcLogin;
  readonly intervalMs: number;
  /** For one BMC. */
  readonly deadlineMs: number;
  readonly log: Logger;
}

type Report = MessageInitShape<typeof agent.BmcReportSchema>;

export class Reporter {
  readonly #options: ReporterOptions;
  /** Why the last attempt failed, by address: told once, and asked last. */
  readonly #failures = new Map<string, string>();
  #collected: Report[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** The first round at once, then one every interval (a slow round delays the next one). Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pause = sleep(this.#options.intervalMs, undefined, { signal }).catch(() => undefined);
      await this.round(signal);
      await pause;
    }
  }

  async round(signal: AbortSignal): Promise<void> {
    const candidates = this.#options.candidates();
    this.#forgetOthers(candidates);
    const failed = ({ address }: Candidate) => Number(this.#failures.has(address));
    const line = candidates.toSorted((a, b) => failed(a) - failed(b));
    const worker = async () => {
      for (let next = line.shift(); next && !signal.aborted; next = line.shift()) await this.#ask(next, signal);
    };
    const finished = Promise.all(Array.from({ length: MAX_PARALLEL }, worker)).then(() => true);
    while (!(await Promise.race([finished, sleep(COLLECT_MS, false)]))) await this.#send(signal);
    await this.#send(signal);
  }

  async #ask(candidate: Candidate, stop: AbortSignal): Promise<void> {
    const { connect, login, deadlineMs, log } = this.#options;
    const { address } = candidate;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(deadlineMs)]);
    try {
      await using bmc = await connect(address, login, signal);
      this.#collected.push(toReport(candidate, await bmc.facts()));
      if (this.#failures.delete(address)) log.info({ bmc: address }, "the BMC answers again");
    } catch (error) {
      if (stop.aborted) return;
      const reason = reasonOf(error);
      if (this.#failures.get(address) !== reason) log.warn({ bmc: address, reason }, "the BMC cannot be reported");
      this.#failures.set(address, reason);
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { client, partitionId, log } = this.#options;
    if (this.#collected.length === 0 || signal.aborted) return;
    const reports = this.#collected;
    this.#collected = [];
    try {
      const answer = await client.report({ partitionId, reports }, { signal, timeoutMs: REPORT_TIMEOUT_MS });
      for (const machine of answer.created) log.info({ machine }, "metal-api met a new machine");
    } catch (error) {
      // The next round tells it again, and fresher.
      if (!signal.aborted) log.warn({ reason: reasonOf(error), bmcs: reports.length }, "cannot report to metal-api");
    }
  }

  #forgetOthers(candidates: readonly Candidate[]): void {
    const present = new Set(candidates.map(({ address }) => address));
    for (const address of this.#failures.keys()) if (!present.has(address)) this.#failures.delete(address);
  }
}

function toReport({ address, mac }: Candidate, facts: BmcFacts): Report {
  return {
    machineId: facts.machineId,
    address,
    mac: mac ?? facts.mac,
    bmcVersion: facts.bmcVersion,
    powerState: facts.powered ? "ON" : "OFF",
    indicatorLed: facts.led === undefined ? "" : facts.led ? "LED-ON" : "LED-OFF",
    fru: facts.fru,
  };
}
