// The QEMU process behind a chassis that is switched on.
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Accelerator, ServerConfiguration } from "./configuration.ts";
import { Descriptor, qemuArguments } from "./qemu-arguments.ts";
import { Qmp, type QmpEvent } from "./qmp.ts";

/** QEMU answers within milliseconds; a loaded host gets this long. */
const START_PATIENCE_MS = 15_000;
const QUIT_PATIENCE_MS = 3_000;

export class Machine {
  /** What the serial port prints, and where to type. */
  readonly console: Duplex;
  readonly pid: number;
  /** Resolves when QEMU ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #qmp: Qmp;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, onEvent: (event: QmpEvent) => void) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    const pair = (descriptor: number) => (process.stdio as readonly unknown[])[descriptor] as Duplex;
    this.#qmp = new Qmp(pair(Descriptor.QMP), onEvent);
    this.console = pair(Descriptor.CONSOLE);
    this.console.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      process.on("exit", () => resolve());
      process.on("error", () => resolve());
    });
  }

  /**
   * Starts QEMU; it dies with this process. Resolves when the machine runs; throws when QEMU does not start (the
   * reason is in `<id>.qemu.log`).
   */
  static async start(
    configuration: ServerConfiguration,
    accelerator: Accelerator,
    bootOrder: readonly string[],
    wireConsole: (port: Duplex) => void,
    onEvent: (event: QmpEvent) => void,
  ): Promise<Machine> {
    const log = join(configuration.runDirectory, `${configuration.id}.qemu.log`);
    const logDescriptor = openSync(log, "a");
    const qemu = ["qemu-system-x86_64", ...qemuArguments(configuration, accelerator, bootOrder)];
    const process = spawn("setpriv", ["--pdeathsig", "KILL", ...qemu], {
      stdio: ["ignore", logDescriptor, logDescriptor, "pipe", "pipe"],
    });
    closeSync(logDescriptor);
    const machine = new Machine(process, onEvent);
    // Before the first byte is printed.
    wireConsole(machine.console);
    const patience = new AbortController();
    const tooLate = sleep(START_PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      throw new Error("QEMU did not answer in time");
    });
    try {
      await Promise.race([machine.#qmp.execute("qmp_capabilities"), tooLate]);
    } catch (error) {
      process.kill("SIGKILL");
      throw new Error(`cannot start ${configuration.id}: ${(error as Error).message}; see ${log}`, { cause: error });
    } finally {
      patience.abort();
      tooLate.catch(() => undefined);
    }
    return machine;
  }

  async reset(): Promise<void> {
    await this.#qmp.execute("system_reset");
  }

  /** Presses the power button: a guest that listens shuts down. */
  async pressPowerButton(): Promise<void> {
    await this.#qmp.execute("system_powerdown");
  }

  async interrupt(): Promise<void> {
    await this.#qmp.execute("inject-nmi");
  }

  /** What the next reset boots from. An index must be free before it is given, hence twice around. */
  async setBootOrder(order: readonly string[]): Promise<void> {
    const set = (id: string, value: number) =>
      this.#qmp.execute("qom-set", { path: `/machine/peripheral/${id}`, property: "bootindex", value });
    for (const id of order) await set(id, -1);
    for (const [index, id] of order.entries()) await set(id, index);
  }

  /** Pulls the plug. */
  async quit(): Promise<void> {
    this.#qmp.execute("quit").catch(() => undefined);
    const patience = new AbortController();
    const kill = sleep(QUIT_PATIENCE_MS, undefined, { signal: patience.signal }).then(
      () => this.#process.kill("SIGKILL"),
      () => undefined,
    );
    await this.ended;
    patience.abort();
    await kill;
  }
}
