// One boot of a simulated machine in the discovery image: what metal-hammer does on the wire, with a simulated disk.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type CallOptions, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import { createSigningRequest, follow, grpcTransport, retry } from "@metal-stack/service";
import type { SimulatedDisk } from "./disk.ts";

const RPC_MS = 10_000;
const ALIVE_MS = 5_000;
/** As metal-hammer's: the server repeats its instruction every 20 s. */
const SILENCE_MS = 60_000;
/** How long the last event may take. These are faster than metal-hammer's, as all of this fleet is. */
const FLUSH_MS = 1_000;
const BACKOFF = { firstMs: 50, maxMs: 500 };
const ERASE_METHOD = "overwrite";
/** Of every simulated installation: to be found again wherever it must not be. */
export const CONSOLE_PASSWORD = "Console7Canary9w";

export interface Hardware {
  readonly uuid: string;
  readonly partition: string;
  /** Each with the leaf and the port at its other end. */
  readonly nics: readonly {
    readonly name: string;
    readonly mac: string;
    readonly leaf: string;
    readonly port: string;
  }[];
  readonly disk: SimulatedDisk;
  readonly images: ImageStore;
  readonly pace: Pace;
}

/** Where a machine gets its images, as far as it can tell. */
export interface ImageStore {
  there(): boolean;
  /** A reinstallation ended before a disk was touched, because there was no image. */
  gaveUp(): void;
}

/** How long things take, milliseconds. */
export interface Pace {
  readonly eraseStripeMs: number;
  readonly installStripeMs: number;
}

export interface Start {
  readonly ticket: string;
  readonly grpcAddress: string;
  readonly ca: string;
  /** Added to the clock of this machine, milliseconds. */
  readonly clockOffsetMs: number;
}

/** What the machine is doing, for the history and for those who cut its power at a chosen moment. */
export type Phase =
  | "identity"
  | "registering"
  | "waiting"
  | "erasing"
  | "reporting erase"
  | "installing"
  | "reporting install"
  | "giving the reinstallation up";

/** How the discovery image is left. */
export type Ending = "reboot" | "kexec";

/** As metal-hammer's: these may pass. */
const TRANSIENT: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.Canceled,
  Code.Aborted,
  Code.ResourceExhausted,
  Code.Internal,
  Code.Unknown,
]);

/** metal-api said no: what the machine wanted to say is not true any more. */
class Refused extends Error {}

export class SimulatedHammer {
  readonly #hardware: Hardware;
  readonly #start: Start;
  readonly #signal: AbortSignal;
  readonly #onPhase: (phase: Phase) => void;
  /** What it is busy with: "erase <job>", "install <allocation> <image>"; empty when nothing. */
  #work = "";
  #erased: string | undefined;
  #marksProven = 0;
  #waits = false;
  /** Events leave in their order. */
  #lastEvent: Promise<unknown> = Promise.resolve();

  /** @param signal the machine's power */
  constructor(hardware: Hardware, start: Start, signal: AbortSignal, onPhase: (phase: Phase) => void) {
    this.#hardware = hardware;
    this.#start = start;
    this.#signal = signal;
    this.#onPhase = onPhase;
  }

  /** Until the machine boots something else. Throws when the power goes. */
  async run(): Promise<Ending> {
    try {
      return await this.#boot();
    } catch (error) {
      if (error instanceof Refused) return "reboot";
      throw error;
    }
  }

  async #boot(): Promise<Ending> {
    this.#onPhase("identity");
    const transport = await this.#identify();
    if (!transport) return "reboot";
    this.#emit(transport, "Preparing");
    this.#onPhase("registering");
    this.#emit(transport, "Registering");
    await this.#insist((options) => createClient(BootService, transport).register(this.#registration(), options));
    const alive = setInterval(() => this.#emit(transport, "Alive"), ALIVE_MS);
    const ended = new AbortController();
    try {
      return await this.#obey(transport, AbortSignal.any([this.#signal, ended.signal]));
    } finally {
      clearInterval(alive);
      ended.abort();
    }
  }

  /** Undefined when the ticket is refused: a new boot gets a new one. */
  async #identify(): Promise<Transport | undefined> {
    const { grpcAddress, ca, ticket } = this.#start;
    const { uuid: machineId } = this.#hardware;
    const { csr, privateKey } = await createSigningRequest(machineId);
    const client = createClient(agent.IdentityService, grpcTransport(grpcAddress, { ca }));
    const issued = await this.#insist(async (options) => {
      try {
        return await client.exchange({ machineId, ticket, csr }, options);
      } catch (error) {
        if (ConnectError.from(error).code === Code.Unauthenticated) return undefined;
        throw error;
      }
    });
    return issued && grpcTransport(grpcAddress, { ca: issued.ca, cert: issued.certificate, key: privateKey });
  }

  /** Follows the instructions of metal-api until one of them ends this boot. */
  async #obey(transport: Transport, signal: AbortSignal): Promise<Ending> {
    const { promise, resolve, reject } = Promise.withResolvers<Ending>();
    const start = (doing: Promise<Ending | void>) =>
      void doing.then((ending) => (ending ? resolve(ending) : undefined), reject);
    const following = follow(
      (stop) => this.#instructions(transport, stop),
      (instruction) => start(this.#take(transport, instruction)),
      (error) => {
        // The machine was given away, or another one booted with its identity: only a new boot helps.
        if (ConnectError.from(error).code === Code.Unauthenticated) resolve("reboot");
      },
      signal,
      BACKOFF,
    );
    void following.then(() => reject(new Error("the power is gone")), reject);
    return promise;
  }

  async *#instructions(transport: Transport, stop: AbortSignal): AsyncIterable<agent.Instruction> {
    const silent = new AbortController();
    const alarm = setTimeout(() => silent.abort(), SILENCE_MS);
    const { uuid: machineId } = this.#hardware;
    const client = createClient(agent.HammerService, transport);
    try {
      for await (const next of client.instructions({ machineId }, { signal: AbortSignal.any([stop, silent.signal]) })) {
        alarm.refresh();
        yield next;
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  /** As metal-hammer: whoever is told something else in the middle of its work starts over. */
  async #take(transport: Transport, { instruction }: agent.Instruction): Promise<Ending | void> {
    if (instruction.case === "reboot") return "reboot";
    const wanted =
      instruction.case === "erase"
        ? `erase ${instruction.value.jobId}`
        : instruction.case === "install"
          ? `install ${instruction.value.allocationId} ${instruction.value.image?.id}`
          : "";
    if (this.#work !== "") return wanted === this.#work ? undefined : "reboot";
    if (instruction.case === "wait") {
      if (!this.#waits) this.#emit(transport, "Waiting");
      this.#waits = true;
      return this.#onPhase("waiting");
    }
    this.#work = wanted;
    if (instruction.case === "erase") return this.#erase(transport, instruction.value);
    if (instruction.case === "install") return this.#install(transport, instruction.value);
  }

  async #erase(transport: Transport, { jobId, sampleSectors }: agent.Erase): Promise<void> {
    const { uuid: machineId, disk, pace } = this.#hardware;
    const client = createClient(agent.HammerService, transport);
    if (this.#erased !== jobId) {
      this.#onPhase("erasing");
      this.#marksProven = disk.plantMarks(jobId);
      let told = 0;
      await disk.erase(pace.eraseStripeMs, this.#signal, (fraction) => {
        if (fraction - told < 0.3) return;
        told = fraction;
        const progress = { machineId, jobId, disk: disk.name, fraction, message: ERASE_METHOD };
        client.eraseProgress(progress, { timeoutMs: RPC_MS, signal: this.#signal }).catch(() => undefined);
      });
      this.#erased = jobId;
    }
    this.#onPhase("reporting erase");
    const left = disk.sectorsNotZero;
    const report = {
      name: disk.name,
      serial: disk.serial,
      size: BigInt(disk.size),
      method: ERASE_METHOD,
      sectorsSampled: BigInt(sampleSectors + 8192),
      sectorsNotZero: BigInt(left),
      sectorSize: 512,
      marksProven: this.#marksProven,
      verified: left === 0,
    };
    await this.#insist((options) => client.reportErase({ machineId, jobId, disks: [report] }, options));
    this.#work = "";
  }

  async #install(transport: Transport, order: agent.Install): Promise<Ending> {
    const { allocationId, image } = order;
    const whole = order.reinstall && !order.oldSystemLost;
    const { uuid, disk, pace } = this.#hardware;
    this.#onPhase("installing");
    this.#emit(transport, "Installing", allocationId);
    const imageId = image!.id;
    if (!this.#hardware.images.there()) return this.#withoutImage(transport, whole);
    const hammer = createClient(agent.HammerService, transport);
    if (whole) await this.#insist((options) => hammer.disksTouched({ machineId: uuid, allocationId }, options));
    await disk.install({ allocation: allocationId, image: imageId }, pace.installStripeMs, this.#signal);
    this.#onPhase("reporting install");
    this.#emit(transport, "Booting New Kernel");
    await Promise.race([this.#lastEvent, sleep(FLUSH_MS)]);
    const bootInfo = { imageId, primaryDisk: disk.name, kernel: "/boot/vmlinuz", initrd: "/boot/initrd" };
    const report = { uuid, consolePassword: CONSOLE_PASSWORD, bootInfo, success: true };
    await this.#insist((options) => createClient(BootService, transport).report(report, options));
    return "kexec";
  }

  /** As metal-hammer: a system that is still whole is kept, everything else begins again. */
  async #withoutImage(transport: Transport, whole: boolean): Promise<Ending> {
    if (!whole) {
      this.#emit(transport, "Crashed", "the image cannot be fetched");
      await Promise.race([this.#lastEvent, sleep(FLUSH_MS)]);
      return "reboot";
    }
    this.#onPhase("giving the reinstallation up");
    const request = { uuid: this.#hardware.uuid, primaryDiskWiped: false };
    await this.#insist((options) => createClient(BootService, transport).abortReinstall(request, options));
    this.#hardware.images.gaveUp();
    return "reboot";
  }

  /** As metal-hammer: events leave one after the other, each until it arrives. */
  #emit(transport: Transport, event: string, message = ""): void {
    const time = timestampFromDate(new Date(Date.now() + this.#start.clockOffsetMs));
    const events = { [this.#hardware.uuid]: { event, message, time } };
    const client = createClient(EventService, transport);
    const send = () => this.#insist((options) => client.send({ events }, options)).catch(() => undefined);
    this.#lastEvent = this.#lastEvent.then(send);
  }

  /** Calls until there is an answer. Throws {@link Refused} when that is a no. */
  async #insist<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
    const outcome = await retry(
      async () => {
        try {
          return { answer: await call({ timeoutMs: RPC_MS, signal: this.#signal }) };
        } catch (error) {
          const refusal = ConnectError.from(error);
          if (TRANSIENT.has(refusal.code)) throw error;
          return { refusal };
        }
      },
      () => undefined,
      this.#signal,
      BACKOFF,
    );
    if ("refusal" in outcome) throw new Refused(outcome.refusal.message);
    return outcome.answer;
  }

  #registration() {
    const { uuid, partition, nics, disk } = this.#hardware;
    return {
      uuid,
      partitionId: partition,
      metalHammerVersion: "simulated",
      hardware: {
        memory: BigInt(2 * 2 ** 30),
        cpus: [{ vendor: "sim", model: "sim", cores: 2, threads: 2 }],
        disks: [{ name: disk.name, size: BigInt(disk.size), serial: disk.serial }],
        nics: nics.map(({ name, mac, leaf, port }) => ({
          name,
          mac,
          neighbors: [{ hostname: leaf, identifier: port, name: port }],
        })),
      },
      bios: { version: "1", vendor: "sim", date: "today" },
    };
  }
}
