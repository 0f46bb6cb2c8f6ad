// A simulated server: power, firmware, a disk, two cables, and what it runs. Its BMC is always on.
import { setTimeout as sleep } from "node:timers/promises";
import type { BootFlags, Chassis, PowerAction } from "@metal-stack/ipmi";
import { SimulatedBmc } from "./bmc.ts";
import type { BootPlan } from "./boot-network.ts";
import { SimulatedDisk, type System } from "./disk.ts";
import { type Hardware, type Pace, type Phase, SimulatedHammer } from "./hammer.ts";

/** From power-on to the boot device, and between tries of a device. */
const FIRMWARE_MS = 20;
const RETRY_MS = 150;
/** Firmware asks the network for about a minute before it turns to the disk; here all goes faster. */
const NETWORK_PATIENCE_MS = 1_500;
/** Between two boots of a machine that restarts itself. */
const RESTART_MS = 30;

/** What runs now. `os` is the tenant's system, named by its allocation. */
export type Running =
  | { readonly kind: "off" }
  | { readonly kind: "firmware" }
  /** Powered, and does nothing until its BMC resets it. */
  | { readonly kind: "hung" }
  | { readonly kind: "discovery"; readonly phase: Phase }
  | ({ readonly kind: "os"; readonly since: Date } & System);

export interface Surroundings {
  readonly partition: string;
  readonly pace: Pace;
  /** Asks the boot network. Throws when there is no answer. */
  readonly plan: (nic: { uuid: string; mac: string }, signal: AbortSignal) => Promise<BootPlan>;
  /** Whether the leaf has this port in the boot network now. */
  readonly inBootNetwork: (leaf: string, port: string) => boolean;
  readonly say: (machine: string, what: string) => void;
}

export class SimulatedMachine implements Chassis {
  readonly uuid: string;
  readonly port: string;
  readonly disk: SimulatedDisk;
  readonly bmc: SimulatedBmc;
  readonly bmcMac: string;
  running: Running = { kind: "off" };
  /** How often it was switched on or reset. */
  boots = 0;
  clockOffsetMs = 0;
  /** Whether it can fetch images. */
  imagesThere = true;
  /** Reinstallations that it gave up because it could not. */
  gaveUp = 0;
  readonly #hardware: Hardware;
  readonly #surroundings: Surroundings;
  #flags: BootFlags | undefined;
  #power: AbortController | undefined;

  /** @param number from 1: names the machine, and the port on both leaves */
  constructor(number: number, leaves: readonly [string, string], surroundings: Surroundings) {
    const digits = number.toString(16).padStart(4, "0");
    const pair = `${digits.slice(0, 2)}:${digits.slice(2)}`;
    this.uuid = `5ea00000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    this.port = `swp${number}`;
    this.disk = new SimulatedDisk(`disk-${number}`);
    this.bmcMac = `02:bb:00:00:${pair}`;
    this.bmc = new SimulatedBmc(this.uuid, this.bmcMac, this);
    this.#surroundings = surroundings;
    this.#hardware = {
      uuid: this.uuid,
      partition: surroundings.partition,
      disk: this.disk,
      images: { there: () => this.imagesThere, gaveUp: () => void (this.gaveUp += 1) },
      pace: surroundings.pace,
      nics: leaves.map((leaf, index) => ({
        name: `eth${index}`,
        mac: `02:aa:00:0${index}:${pair}`,
        leaf,
        port: this.port,
      })),
    };
  }

  /** By leaf. */
  get macs(): string[] {
    return this.#hardware.nics.map((nic) => nic.mac);
  }

  get powered(): boolean {
    return this.#power !== undefined;
  }

  async control(action: PowerAction): Promise<void> {
    this.#surroundings.say(this.uuid, `BMC: ${action}`);
    if (action === "on" && this.powered) return;
    if (action === "off" || action === "soft-off") return this.switchOff();
    this.switchOff();
    this.switchOn();
  }

  identify(): void {}

  bootFlags(flags: BootFlags | undefined): void {
    this.#flags = flags;
  }

  switchOn(): void {
    if (this.#power) return;
    const power = new AbortController();
    this.#power = power;
    this.boots += 1;
    void this.#run(power.signal);
  }

  switchOff(): void {
    this.#power?.abort(new Error("the power is gone"));
    this.#power = undefined;
    this.running = { kind: "off" };
  }

  /** Its kernel stops. */
  hang(): void {
    this.#power?.abort(new Error("it hangs"));
    this.running = { kind: "hung" };
    this.#surroundings.say(this.uuid, "hangs");
  }

  /** Another server with the same uuid, with a disk of its own, at a port of its own: boots until the signal aborts. */
  async bootTwin(signal: AbortSignal): Promise<void> {
    const nics = this.#hardware.nics.map((nic) => ({
      ...nic,
      mac: nic.mac.replace(/^02:aa/, "02:cc"),
      port: "swp9999",
    }));
    const plan = await this.#surroundings.plan({ uuid: this.uuid, mac: nics[0]!.mac }, signal);
    if (plan.kind !== "discovery") return;
    const disk = new SimulatedDisk(`twin of ${this.disk.serial}`);
    const start = { ...plan, clockOffsetMs: 0 };
    await new SimulatedHammer({ ...this.#hardware, nics, disk }, start, signal, () => undefined).run();
  }

  async #run(power: AbortSignal): Promise<void> {
    try {
      for (;;) {
        this.running = { kind: "firmware" };
        await sleep(FIRMWARE_MS, undefined, { signal: power });
        const local = this.#flags?.device === "disk" && this.disk.bootable;
        const system = local || (await this.#bootNetwork(power, Date.now() + NETWORK_PATIENCE_MS));
        if (system) return this.#bootDisk(system);
        await sleep(RESTART_MS, undefined, { signal: power });
      }
    } catch (error) {
      if (!power.aborted) this.#surroundings.say(this.uuid, `stopped: ${String(error)}`);
    }
  }

  #bootDisk(system: System): void {
    this.running = { kind: "os", ...system, since: new Date() };
    this.#surroundings.say(this.uuid, `runs ${system.image} of ${system.allocation}`);
  }

  /** The system whose turn it is then; undefined to begin again. @param until when it gives the network up for its disk */
  async #bootNetwork(power: AbortSignal, until: number): Promise<System | undefined> {
    let plan = await this.#plan(power);
    while (plan.kind === "nothing") {
      if (Date.now() > until && this.disk.bootable) return this.disk.bootable;
      await sleep(RETRY_MS, undefined, { signal: power });
      plan = await this.#plan(power);
    }
    if (plan.kind === "local disk") return this.disk.bootable;
    const start = { ...plan, clockOffsetMs: this.clockOffsetMs };
    const hammer = new SimulatedHammer(this.#hardware, start, power, (phase) => {
      this.running = { kind: "discovery", phase };
      this.#surroundings.say(this.uuid, phase);
    });
    const ending = await hammer.run();
    this.#surroundings.say(this.uuid, ending);
    return ending === "kexec" ? this.disk.bootable : undefined;
  }

  async #plan(power: AbortSignal): Promise<BootPlan> {
    const nic = this.#reachable();
    if (!nic) return { kind: "nothing", why: "no port in the boot network" };
    try {
      return await this.#surroundings.plan({ uuid: this.uuid, mac: nic.mac }, power);
    } catch (error) {
      power.throwIfAborted();
      return { kind: "nothing", why: String(error) };
    }
  }

  /** The card over which the boot network can be reached. */
  #reachable() {
    return this.#hardware.nics.find(({ leaf, port }) => this.#surroundings.inBootNetwork(leaf, port));
  }
}
