// From registration to the tenant's system: follows metal-api's instructions and does the work.
import { createClient, type Transport } from "@connectrpc/connect";
import { agent, BootService, type BootInfo } from "@metal-stack/protocol";
import { follow } from "@metal-stack/service";
import { setTimeout as sleep } from "node:timers/promises";
import type { Say } from "../console.ts";
import type { DiskEraseInit, EraseProgress } from "../disks/index.ts";
import type { Events } from "../events.ts";
import { callUntilAnswered, RPC_TIMEOUT_MS } from "../rpc.ts";
import { describeWait, eraseSummary } from "./rules-report.ts";
import { nextStep, type Work } from "./rules.ts";

/** The server repeats its instruction every 20 s; a stream that is silent for this long is dead. */
const SILENCE_MS = 60_000;
const MINUTE = 60_000;
const ERASE_LIMIT_MS = 24 * 60 * MINUTE;
const INSTALL_LIMIT_MS = 30 * MINUTE;
const REPORT_LIMIT_MS = 60 * MINUTE;
const FLUSH_MS = 5_000;
const RECONNECT = { firstMs: 250, maxMs: 5_000 };

interface InstalledSystem {
  readonly bootInfo: BootInfo | Omit<BootInfo, "$typeName">;
  kexec(): Promise<never>;
}

/** What the session makes this machine do; a stand-in in tests. */
export interface Hands {
  eraseDisks(
    order: { jobId: string; sampleSectors: number },
    onProgress: EraseProgress,
    signal: AbortSignal,
  ): Promise<DiskEraseInit[]>;
  /** Changes no disk before `beforeTouching` has resolved. */
  install(
    order: agent.Install,
    consolePassword: string,
    beforeTouching: () => Promise<void>,
    onStep: (step: string) => void,
    signal: AbortSignal,
  ): Promise<InstalledSystem>;
  reboot(reason: string): Promise<never>;
}

export interface SessionContext {
  readonly machineId: string;
  readonly transport: Transport;
  /** Aborts when streams should be opened again; asked for at each opening. */
  readonly renewed: () => AbortSignal;
  readonly events: Events;
  readonly watchdog: {
    phase(name: string, limitMs: number): void;
    progress(): void;
    disarm(): void;
  };
  readonly hands: Hands;
  readonly newConsolePassword: () => string;
  readonly say: Say;
}

export class Session {
  readonly #context: SessionContext;
  readonly #hammer;
  readonly #boot;
  #work: Work = { kind: "nothing" };
  #waitText = "";
  #eraseReport: DiskEraseInit[] = [];
  readonly #failure = Promise.withResolvers<never>();
  readonly #stop = new AbortController();

  constructor(context: SessionContext) {
    this.#context = context;
    this.#hammer = createClient(agent.HammerService, context.transport);
    this.#boot = createClient(BootService, context.transport);
    this.#failure.promise.catch(() => undefined);
  }

  get isWaiting(): boolean {
    return this.#work.kind === "waiting";
  }

  /** Follows instructions until the signal aborts. @throws {Error} what went wrong in an erase or an installation */
  async run(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    const lost = (error: unknown) => {
      if (!this.#context.renewed().aborted) this.#context.say(`no instructions: ${text(error)}; asking again`);
    };
    const following = follow(
      (stop) => this.#instructions(stop),
      (instruction) => this.#take(instruction),
      lost,
      ended,
      RECONNECT,
    );
    try {
      await Promise.race([following, this.#failure.promise]);
    } finally {
      this.#stop.abort();
    }
  }

  /** One stream, given up when it is silent for too long or a new certificate is there. */
  async *#instructions(stop: AbortSignal): AsyncIterable<agent.Instruction> {
    const silent = new AbortController();
    const signal = AbortSignal.any([stop, silent.signal, this.#context.renewed()]);
    const alarm = setTimeout(() => silent.abort(new Error("metal-api is silent")), SILENCE_MS);
    try {
      for await (const instruction of this.#hammer.instructions({ machineId: this.#context.machineId }, { signal })) {
        alarm.refresh();
        yield instruction;
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Starts what an instruction asks for; the work itself goes on beside the stream. */
  #take(instruction: agent.Instruction): void {
    const step = nextStep(this.#work, instruction);
    switch (step.kind) {
      case "go on":
        return;
      case "wait":
        return this.#wait(step.order);
      case "erase":
        return this.#start({ kind: "erasing", jobId: step.order.jobId }, this.#erase(step.order));
      case "report erase again":
        return this.#start(this.#work, this.#reportErase((this.#work as { jobId: string }).jobId));
      case "install":
        return this.#start(
          { kind: "installing", allocationId: step.order.allocationId, imageId: step.order.image?.id ?? "" },
          this.#install(step.order),
        );
      case "reboot":
        return this.#start({ kind: "leaving" }, this.#context.hands.reboot(step.reason));
    }
  }

  #start(work: Work, doing: Promise<void>): void {
    this.#work = work;
    doing.catch((error: unknown) => this.#failure.reject(error));
  }

  #wait(order: agent.Wait): void {
    const { events, say, watchdog } = this.#context;
    const description = describeWait(order);
    if (this.#work.kind !== "waiting") {
      this.#work = { kind: "waiting" };
      watchdog.phase("waiting", Infinity);
      events.emit("Waiting", description);
      say(description);
    } else if (description !== this.#waitText) say(description);
    this.#waitText = description;
  }

  async #erase(order: agent.Erase): Promise<void> {
    const { hands, machineId, say, watchdog } = this.#context;
    watchdog.phase("erasing", ERASE_LIMIT_MS);
    say(`erasing all disks (job ${order.jobId})`);
    const progress: EraseProgress = (disk, fraction, message) => {
      watchdog.progress();
      say(`${disk} ${Math.round(fraction * 100)} %: ${message}`);
      // For people only: one that is lost is made up for by the next.
      this.#hammer
        .eraseProgress({ machineId, jobId: order.jobId, disk, fraction, message }, { timeoutMs: RPC_TIMEOUT_MS })
        .catch(() => undefined);
    };
    this.#eraseReport = await hands.eraseDisks(
      { jobId: order.jobId, sampleSectors: order.sampleSectors },
      progress,
      this.#stop.signal,
    );
    // Before the report: what metal-api wants next may arrive ahead of its answer.
    this.#work = { kind: "erased", jobId: order.jobId };
    for (const line of eraseSummary(this.#eraseReport)) say(line);
    await this.#reportErase(order.jobId);
  }

  async #reportErase(jobId: string): Promise<void> {
    const { machineId, say, watchdog } = this.#context;
    watchdog.phase("reporting the erase", REPORT_LIMIT_MS);
    const verdict = await callUntilAnswered(
      (options) => this.#hammer.reportErase({ machineId, jobId, disks: this.#eraseReport }, options),
      (error) => say(`cannot report the erase: ${text(error)}; trying again`),
      this.#stop.signal,
    );
    say(verdict.accepted ? `erase accepted, record ${verdict.recordId}` : `erase not accepted: ${verdict.reason}`);
  }

  async #install(order: agent.Install): Promise<void> {
    const { events, hands, machineId, newConsolePassword, say, watchdog } = this.#context;
    watchdog.phase("installing", INSTALL_LIMIT_MS);
    events.emit("Installing", `image ${order.image?.id ?? "?"} for allocation ${order.allocationId}`);
    say(`installing ${order.image?.id ?? "?"} as ${order.hostname}`);
    const consolePassword = newConsolePassword();
    let whole = order.reinstall && !order.oldSystemLost;
    const beforeTouching = async () => {
      if (!whole) return;
      whole = false;
      await callUntilAnswered(
        (options) => this.#hammer.disksTouched({ machineId, allocationId: order.allocationId }, options),
        (error) => say(`cannot tell that the disks are about to be touched: ${text(error)}; trying again`),
        this.#stop.signal,
      );
    };
    const onStep = (step: string) => {
      watchdog.progress();
      say(`installing: ${step}`);
    };
    const system = await hands
      .install(order, consolePassword, beforeTouching, onStep, this.#stop.signal)
      .catch((error: unknown) => (whole ? this.#keepOldSystem(error) : Promise.reject(error)));

    // Before the report: with it the leaves move this machine out of the boot network, and metal-api out of reach.
    watchdog.phase("reporting the installation", REPORT_LIMIT_MS);
    events.emit("Booting New Kernel");
    if (!(await events.flush(FLUSH_MS))) say("metal-api does not know yet that the new kernel boots");
    await callUntilAnswered(
      (options) =>
        this.#boot.report({ uuid: machineId, consolePassword, bootInfo: system.bootInfo, success: true }, options),
      (error) => say(`cannot report the installation: ${text(error)}; trying again`),
      this.#stop.signal,
    );
    this.#work = { kind: "leaving" };
    say("booting the installed system");
    await sleep(100);
    watchdog.disarm();
    await system.kexec();
  }

  /** Nothing is lost yet: metal-api takes the order back, and the machine boots what it has. */
  async #keepOldSystem(error: unknown): Promise<never> {
    const { hands, machineId, say } = this.#context;
    say(`cannot reinstall: ${text(error)}`);
    await callUntilAnswered(
      (options) => this.#boot.abortReinstall({ uuid: machineId, primaryDiskWiped: false }, options),
      (failure) => say(`cannot give the reinstallation up: ${text(failure)}; trying again`),
      this.#stop.signal,
    );
    this.#work = { kind: "leaving" };
    return hands.reboot(`boots its own system again, it could not be reinstalled: ${text(error)}`);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
