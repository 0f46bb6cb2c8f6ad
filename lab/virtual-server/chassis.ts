// The server's power: what its BMC orders and what its guest does, one after the other.
import type { Duplex } from "node:stream";
import { type BootFlags, type Chassis, CompletionCode, CompletionError, type PowerAction } from "@metal-stack/ipmi";
import { bootOrder } from "./boot-order.ts";
import type { Accelerator, ServerConfiguration } from "./configuration.ts";
import { Machine } from "./machine.ts";
import type { QmpEvent } from "./qmp.ts";

/** One JSON line each, for the lab. */
export type ServerEvent =
  | { readonly event: "ready"; readonly id: string; readonly bmcPort: number; readonly accelerator: Accelerator }
  | { readonly event: "power"; readonly id: string; readonly state: "on" | "off"; readonly pid?: number }
  | { readonly event: "reset"; readonly id: string; readonly by: "guest" | "host" }
  | { readonly event: "guest-panic" | "watchdog"; readonly id: string }
  | { readonly event: "led"; readonly id: string; readonly state: "on" | "off" }
  | { readonly event: "failure"; readonly id: string; readonly message: string };

/** How long the power stays away in a power cycle. */
const CYCLE_PAUSE_MS = 300;
/** SeaBIOS answers a reset with another one of its own, which belongs to the same boot. */
const FIRMWARE_START_MS = 1_500;

export class ServerChassis implements Chassis {
  readonly #configuration: ServerConfiguration;
  readonly #accelerator: Accelerator;
  readonly #emit: (event: ServerEvent) => void;
  /** Connects the serial port of a new machine. */
  readonly #wireConsole: (port: Duplex) => void;
  /** The firmware has read the boot flags. */
  readonly #booted: () => void;
  #machine: Machine | undefined;
  #flags: BootFlags | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Runs while the firmware has just started. */
  #starting: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly configuration: ServerConfiguration;
    readonly accelerator: Accelerator;
    readonly bootFlags: BootFlags | undefined;
    readonly emit: (event: ServerEvent) => void;
    readonly wireConsole: (port: Duplex) => void;
    readonly booted: () => void;
  }) {
    this.#configuration = options.configuration;
    this.#accelerator = options.accelerator;
    this.#flags = options.bootFlags;
    this.#emit = options.emit;
    this.#wireConsole = options.wireConsole;
    this.#booted = options.booted;
  }

  get powered(): boolean {
    return this.#machine !== undefined;
  }

  control(action: PowerAction): Promise<void> {
    return this.#inTurn(async () => {
      if (action === "on") return this.#switchOn();
      if (action === "off") return this.#switchOff();
      if (action === "cycle") {
        await this.#switchOff();
        await new Promise((resolve) => setTimeout(resolve, CYCLE_PAUSE_MS));
        return this.#switchOn();
      }
      const machine = this.#machine;
      if (!machine) throw new CompletionError(CompletionCode.NOT_IN_PRESENT_STATE);
      if (action === "reset") await machine.reset();
      if (action === "soft-off") await machine.pressPowerButton();
      if (action === "diagnostic-interrupt") await machine.interrupt();
    });
  }

  identify(on: boolean): void {
    this.#emit({ event: "led", id: this.#configuration.id, state: on ? "on" : "off" });
  }

  bootFlags(flags: BootFlags | undefined): void {
    this.#flags = flags;
    // In turn with power commands, so that "boot from disk" holds for the reset that follows it.
    void this.#inTurn(() => this.#machine?.setBootOrder(this.#order())).catch((error: unknown) => this.#fail(error));
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#switchOff());
  }

  async #switchOn(): Promise<void> {
    if (this.#machine) return;
    try {
      const machine = await Machine.start(
        this.#configuration,
        this.#accelerator,
        this.#order(),
        this.#wireConsole,
        (event) => this.#onEvent(event),
      );
      this.#machine = machine;
      this.#emit({ event: "power", id: this.#configuration.id, state: "on", pid: machine.pid });
      void this.#watch(machine);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.#firmwareStarts();
  }

  /**
   * QEMU took the boot order over when it reset: what is set from now on is for the next time. Flags for one boot are
   * spent when no further reset follows at once, unless new ones were set meanwhile.
   */
  #firmwareStarts(): void {
    const flags = this.#flags;
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => {
      this.#starting = undefined;
      if (this.#flags === flags) this.#booted();
    }, FIRMWARE_START_MS).unref();
  }

  async #switchOff(): Promise<void> {
    clearTimeout(this.#starting);
    this.#starting = undefined;
    await this.#machine?.quit();
  }

  /** The guest may switch itself off, and QEMU may crash. */
  async #watch(machine: Machine): Promise<void> {
    await machine.ended;
    this.#machine = undefined;
    this.#emit({ event: "power", id: this.#configuration.id, state: "off" });
  }

  #onEvent({ event, data }: QmpEvent): void {
    const { id } = this.#configuration;
    if (event === "RESET") {
      const by = data?.["guest"] === true ? "guest" : "host";
      if (by === "host" || !this.#starting) this.#emit({ event: "reset", id, by });
      this.#firmwareStarts();
    }
    if (event === "GUEST_PANICKED") this.#emit({ event: "guest-panic", id });
    if (event === "WATCHDOG") this.#emit({ event: "watchdog", id });
  }

  #order(): string[] {
    return bootOrder(this.#configuration, this.#flags);
  }

  #fail(error: unknown): void {
    this.#emit({ event: "failure", id: this.#configuration.id, message: (error as Error).message });
  }

  #inTurn<T>(action: () => Promise<T> | T): Promise<T> {
    const turn = this.#last.catch(() => undefined).then(action);
    this.#last = turn;
    return turn;
  }
}
