import { createClient } from "@connectrpc/connect";
import { setTimeout as sleep } from "node:timers/promises";
import { EventService } from "@metal-stack/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { Events } from "../events.ts";
import { MachineIdentity, TicketRefused } from "../identity/identity.ts";
import { StandIn } from "../testing/stand-in.ts";
import { Session, type Hands } from "./session.ts";

const MACHINE = "00000000-0000-0000-0000-0000000000a1";
const ALLOCATION = "11111111-0000-0000-0000-000000000001";
const ERASED_DISK = { name: "/dev/vda", method: "overwrite", verified: true, size: 10n };
const BOOT_INFO = {
  imageId: "debian-12",
  primaryDisk: "/dev/vda",
  osPartition: "/dev/vda2",
  initrd: "/boot/initrd",
  cmdline: "root=UUID=1",
  kernel: "/boot/vmlinuz",
  bootloaderId: "debian",
};

type Ending = (result: unknown) => void;

/** A machine in the discovery image, registered, without disks of its own; its hands only note what they do. */
class World implements AsyncDisposable {
  readonly server: StandIn;
  readonly identity: MachineIdentity;
  readonly done: string[] = [];
  readonly console: string[] = [];
  /** Work that waits for the test to let it end. */
  readonly gates = new Map<string, PromiseWithResolvers<void>>();
  readonly stop = new AbortController();
  readonly session: Session;
  readonly outcome: Promise<unknown>;

  private constructor(server: StandIn, identity: MachineIdentity) {
    this.server = server;
    this.identity = identity;
    const client = createClient(EventService, identity.transport);
    const events = new Events(
      async ({ event, message }) => void (await client.send({ events: { [MACHINE]: { event, message } } })),
      () => undefined,
      this.stop.signal,
    );
    let ended: Ending = () => undefined;
    const left = new Promise<unknown>((resolve) => (ended = resolve));
    const hands: Hands = {
      eraseDisks: async ({ jobId }, onProgress) => {
        this.done.push(`erase ${jobId}`);
        onProgress("/dev/vda", 0.5, "overwriting");
        await this.gates.get("erase")?.promise;
        return [ERASED_DISK];
      },
      install: async (order, consolePassword, beforeTouching, onStep) => {
        this.done.push(`install ${order.allocationId} ${consolePassword}`);
        if (order.image?.id === "away") throw new Error("the image server is away");
        await beforeTouching();
        onStep("partition disks");
        await this.gates.get("install")?.promise;
        return {
          bootInfo: BOOT_INFO,
          kexec: async () => {
            this.done.push("kexec");
            ended("kexec");
            return new Promise<never>(() => undefined);
          },
        };
      },
      reboot: async (reason) => {
        this.done.push(`reboot: ${reason}`);
        ended("reboot");
        return new Promise<never>(() => undefined);
      },
    };
    this.session = new Session({
      machineId: MACHINE,
      transport: identity.transport,
      renewed: () => identity.renewed,
      events,
      watchdog: {
        phase: () => undefined,
        progress: () => undefined,
        disarm: () => void this.done.push("watchdog disarmed"),
      },
      hands,
      newConsolePassword: () => "console-password",
      say: (line) => this.console.push(line),
    });
    this.outcome = Promise.race([left, this.session.run(this.stop.signal).catch((error: Error) => error.message)]);
  }

  static async create(prepare: (server: StandIn) => void = () => undefined): Promise<World> {
    const server = await StandIn.start();
    server.tickets.set(MACHINE, "ticket");
    prepare(server);
    const identity = await MachineIdentity.exchange(
      { address: server.address, machineId: MACHINE, ticket: "ticket", ca: server.authority.pem },
      () => undefined,
      new AbortController().signal,
    );
    return new World(server, identity);
  }

  hold(work: "erase" | "install"): void {
    this.gates.set(work, Promise.withResolvers());
  }

  /** Resolves once the hands have begun or ended something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await sleep(5);
  }

  get eventNames(): string[] {
    return this.server.events.map(({ event }) => event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.server.close();
  }
}

describe("a machine in the discovery image", () => {
  let world: World;
  afterEach(() => world[Symbol.asyncDispose]());

  it("waits, and says so once however often it is told", async () => {
    world = await World.create();
    await world.server.until(() => world.eventNames.includes("Waiting"));
    world.server.instruct({ case: "wait", value: { allocatable: true } });
    world.server.instruct({ case: "wait", value: { allocatable: false, reason: "locked by an operator" } });
    await world.until(() => world.console.includes("held back: locked by an operator"));
    expect(world.eventNames).toEqual(["Waiting"]);
    expect(world.session.isWaiting).toBe(true);
  });

  it("asks again when metal-api restarts, without starting over", async () => {
    world = await World.create();
    await world.server.until(() => world.eventNames.includes("Waiting"));
    for (let restarts = 1; restarts <= 2; restarts += 1) {
      world.server.dropStreams();
      await world.server.until(() => world.server.streamsOpened === restarts + 1);
    }
    world.server.instruct({ case: "wait", value: { allocatable: false, reason: "still the same machine" } });
    await world.until(() => world.console.includes("held back: still the same machine"));
    expect(world.eventNames).toEqual(["Waiting"]);
  });

  it("erases, reports until that has arrived, and waits for what is next", async () => {
    world = await World.create((server) => {
      server.instruct({ case: "erase", value: { jobId: "job-1", sampleSectors: 8 } });
      server.failures.set("reportErase", 1);
    });
    await world.server.until(() => world.server.eraseReports.length === 1);
    expect(world.server.eraseReports[0]).toMatchObject({ machineId: MACHINE, jobId: "job-1", disks: [ERASED_DISK] });
    // The order was repeated before the report was seen: the same report again, no second erase.
    await world.until(() => world.console.includes("erase accepted, record record-1"));
    world.server.instruct({ case: "erase", value: { jobId: "job-1", sampleSectors: 8 } });
    await world.server.until(() => world.server.eraseReports.length === 2);
    expect(world.done).toEqual(["erase job-1"]);
    world.server.instruct({ case: "wait", value: { allocatable: true } });
    await world.server.until(() => world.eventNames.includes("Waiting"));
  });

  it("installs once, although the order is repeated and the stream breaks, then reports and boots the new system", async () => {
    world = await World.create((server) => server.failures.set("report", 1));
    world.hold("install");
    await world.server.until(() => world.eventNames.includes("Waiting"));
    const order = {
      case: "install",
      value: { allocationId: ALLOCATION, hostname: "web-1", image: { id: "debian-12" } },
    } as const;
    world.server.instruct(order);
    await world.until(() => world.done.length > 0);
    world.server.instruct(order);
    const streams = world.server.streamsOpened;
    world.server.dropStreams();
    await world.server.until(() => world.server.streamsOpened > streams);
    world.gates.get("install")!.resolve();

    expect(await world.outcome).toBe("kexec");
    expect(world.done).toEqual([`install ${ALLOCATION} console-password`, "watchdog disarmed", "kexec"]);
    expect(world.server.touched).toEqual([]);
    expect(world.server.reports).toMatchObject([
      { uuid: MACHINE, success: true, consolePassword: "console-password", bootInfo: BOOT_INFO },
    ]);
    expect(world.eventNames).toEqual(["Waiting", "Installing", "Booting New Kernel"]);
    expect(world.console.join("\n")).not.toContain("console-password");
  });

  it("ends with the error when an installation fails", async () => {
    world = await World.create();
    world.hold("install");
    world.server.instruct({ case: "install", value: { allocationId: ALLOCATION } });
    await world.until(() => world.done.length > 0);
    world.gates.get("install")!.reject(new Error("the image's checksum is wrong"));
    expect(await world.outcome).toBe("the image's checksum is wrong");
    expect(world.server.reports).toHaveLength(0);
  });

  it("gives a reinstallation up that fails before a disk is touched, and boots what it has", async () => {
    world = await World.create((server) => server.failures.set("abortReinstall", 1));
    world.server.instruct({
      case: "install",
      value: { allocationId: ALLOCATION, reinstall: true, image: { id: "away" } },
    });
    expect(await world.outcome).toBe("reboot");
    expect(world.server.aborts).toMatchObject([{ uuid: MACHINE, primaryDiskWiped: false }]);
    expect(world.done.at(-1)).toContain("could not be reinstalled: the image server is away");
  });

  it("tells that a reinstallation is about to touch the disks before it does", async () => {
    world = await World.create((server) => server.failures.set("disksTouched", 1));
    world.hold("install");
    world.server.instruct({
      case: "install",
      value: { allocationId: ALLOCATION, reinstall: true, image: { id: "debian-13" } },
    });
    await world.until(() => world.console.includes("installing: partition disks"));
    expect(world.server.touched).toMatchObject([{ machineId: MACHINE, allocationId: ALLOCATION }]);
    world.gates.get("install")!.reject(new Error("the disk is broken"));
    expect(await world.outcome).toBe("the disk is broken");
    expect(world.server.aborts).toEqual([]);
  });

  it("does not take an old system for whole that an earlier try has touched", async () => {
    world = await World.create();
    world.server.instruct({
      case: "install",
      value: { allocationId: ALLOCATION, reinstall: true, oldSystemLost: true, image: { id: "away" } },
    });
    expect(await world.outcome).toBe("the image server is away");
    expect(world.server.aborts).toEqual([]);
  });

  it("starts over when another image is wanted in the middle", async () => {
    world = await World.create();
    world.hold("install");
    const order = (id: string) => ({ case: "install", value: { allocationId: ALLOCATION, image: { id } } }) as const;
    world.server.instruct(order("debian-12"));
    await world.until(() => world.done.length > 0);
    world.server.instruct(order("debian-13"));
    expect(await world.outcome).toBe("reboot");
    expect(world.done.at(-1)).toBe("reboot: told to install while installing");
  });

  it("restarts when it is told to, and when it is told something else in the middle of an erase", async () => {
    world = await World.create();
    world.hold("erase");
    world.server.instruct({ case: "erase", value: { jobId: "job-1" } });
    await world.until(() => world.done.length > 0);
    world.server.instruct({ case: "wait", value: { allocatable: true } });
    expect(await world.outcome).toBe("reboot");
    expect(world.done).toEqual(["erase job-1", "reboot: told to wait while erasing"]);
    expect(world.server.eraseReports).toHaveLength(0);
  });

  it("renews its certificate and opens its stream again with the new one", async () => {
    world = await World.create((server) => (server.certificateLifeMs = 2_000));
    await world.server.until(() => world.eventNames.includes("Waiting"));
    world.server.certificateLifeMs = 3_600_000;
    const renewing = world.identity.keepRenewed(() => undefined, world.stop.signal).catch(() => undefined);
    await world.server.until(() => world.server.streamsOpened === 2);
    expect(world.server.renewals).toEqual([MACHINE]);
    expect(world.identity.notAfter.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    world.stop.abort();
    await renewing;
  });
});

describe("a ticket", () => {
  it("is good once; a refusal is an answer, an absent server is not", async () => {
    const server = await StandIn.start();
    server.tickets.set(MACHINE, "ticket");
    server.failures.set("exchange", 1);
    const exchange = () =>
      MachineIdentity.exchange(
        { address: server.address, machineId: MACHINE, ticket: "ticket", ca: server.authority.pem },
        () => undefined,
        new AbortController().signal,
      );
    await exchange();
    await expect(exchange()).rejects.toBeInstanceOf(TicketRefused);
    await server.close();
  });
});
