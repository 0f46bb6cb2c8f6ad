import { notify } from "@metal-stack/database";
import { agent, EventService } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, recordEvent } from "../provisioning/store.ts";
import { startRelease } from "../release/commands.ts";
import {
  type AgentWorld,
  allocate,
  bootHammer,
  createAgentWorld,
  createPartition,
  erasedDisk,
  type HammerClients,
  instructionsOf,
  listen,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";
import { openConsolePassword } from "./console-password.ts";

let world: AgentWorld;
beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
});
afterAll(() => world.close());

const M1 = machineId(1);

async function machine() {
  return world.context.db.selectFrom("machines").selectAll().where("id", "=", M1).executeTakeFirstOrThrow();
}

async function send(hammer: HammerClients, event: string) {
  return hammer.events.send({ events: { [hammer.id]: { event } } });
}

async function log(): Promise<string[]> {
  return (await eventsOf(world.context.db, [M1])).get(M1)!.events.map((event) => event.event);
}

/** What the leaves know of swp1. */
async function vrfs() {
  const ports = await world.context.db.selectFrom("switch_ports").select("vrf").where("machine_id", "=", M1).execute();
  return ports.map((port) => port.vrf);
}

/** A metal-bmc that executes everything; `next` is what it executed. */
async function obedientBmc() {
  const client = world.client(agent.BmcService, await world.certify("metal-bmc", PARTITION));
  const commands = listen((signal) => client.commands({ partitionId: PARTITION }, { signal }));
  return {
    ...commands,
    next: async () => {
      for (;;) {
        const command = await commands.next();
        if (command.commandId === "") continue;
        await client.commandDone({ commandId: command.commandId });
        return command;
      }
    },
  };
}

describe("the first machine", () => {
  let hammer: HammerClients;
  let told: ReturnType<typeof instructionsOf>;
  let leaf: { next(): Promise<agent.SwitchConfig>; stop(): void };
  let bmc: { next(): Promise<agent.BmcCommand>; stop(): void };
  afterAll(() => [told, leaf, bmc].forEach((stream) => stream?.stop()));

  it("gets an identity at its first boot", async () => {
    hammer = await bootHammer(world, M1);
    expect(await machine()).toMatchObject({ partition_id: PARTITION, disks: "unknown", size_id: "" });
    expect(await log()).toEqual(["PXE Booting"]);
  });

  it("registers: size, rack and ports are found", async () => {
    await send(hammer, "Preparing");
    await send(hammer, "Registering");
    expect(await hammer.boot.register(registration(M1))).toMatchObject({
      uuid: M1,
      size: "v1-small",
      partitionId: PARTITION,
    });
    expect(await machine()).toMatchObject({
      rack_id: "r1",
      size_id: "v1-small",
      led_description: "Machine registered",
    });
    expect(await vrfs()).toEqual(["", ""]);
  });

  it("is erased before anybody may have it", async () => {
    told = instructionsOf(hammer);
    const order = await told.until("erase");
    const { jobId } = order.value as agent.Erase;
    expect(await machine()).toMatchObject({ disks: "erasing", waiting_until: null });
    await hammer.hammer.eraseProgress({ machineId: M1, jobId, disk: "/dev/vda", fraction: 0.5, message: "overwrite" });
    const release = await world.context.db.selectFrom("releases").selectAll().executeTakeFirstOrThrow();
    expect(release).toMatchObject({
      phase: "erase",
      progress: { "/dev/vda": { fraction: 0.5, message: "overwrite" } },
    });

    const verdict = await hammer.hammer.reportErase({ machineId: M1, jobId, disks: [erasedDisk] });
    expect(verdict).toMatchObject({ accepted: true, reason: "" });
    // The answer may be lost; asking again finds the same record.
    const again = await hammer.hammer.reportErase({ machineId: M1, jobId, disks: [] });
    expect(again).toMatchObject({ accepted: true, recordId: verdict.recordId });
  });

  it("waits in the pool", async () => {
    const order = await told.until("wait");
    expect(order.value).toMatchObject({ allocatable: true });
    await send(hammer, "Waiting");
    const { disks, waiting_until } = await machine();
    expect(disks).toBe("erased");
    expect(waiting_until!.getTime()).toBeGreaterThan(Date.now());
  });

  it("goes on waiting when metal-api restarts in the middle", async () => {
    await world.restart();
    await expect(told.until("never")).rejects.toThrow("going down");
    told = instructionsOf(hammer);
    await told.until("wait");
  });

  it("is told to install, within moments of its allocation", async () => {
    const uuid = await allocate(world, M1);
    const began = Date.now();
    const order = await told.until("install");
    // Pushed: without a notification the stream would look only after ten seconds.
    expect(Date.now() - began).toBeLessThan(8_000);
    expect(order.value).toMatchObject({
      allocationId: uuid,
      hostname: "web",
      image: { url: "http://cache/debian.tar.zst", sha256: "ab".repeat(32) },
      networks: [{ networkId: "n1", vrf: 42 }],
      filesystemLayout: { disks: [{ device: "/dev/vda" }] },
    });
    expect((await machine()).waiting_until).toBeNull();
    await send(hammer, "Installing");
  });

  it("reports the installation: its ports move to the tenant, its BMC boots the disk", async () => {
    const core = await world.certify("metal-core", "leaf01");
    leaf = listen((signal) => world.client(agent.SwitchService, core).watch({ id: "leaf01" }, { signal }));
    const before = await leaf.next();
    await hammer.boot.report({
      uuid: M1,
      consolePassword: "console",
      bootInfo: { kernel: "/boot/vmlinuz" },
      success: true,
    });
    const after = await leaf.next();
    expect(after.generation).toBeGreaterThan(before.generation);
    expect(after.ports[0]).toMatchObject({ name: "swp1", vrf: "vrf42", allowedCidrs: ["10.0.0.0/22"] });
    expect(await vrfs()).toEqual(["vrf42", "vrf42"]);

    bmc = await obedientBmc();
    expect(await bmc.next()).toMatchObject({ command: "DISK", machineId: M1, address: "10.0.0.1:623", user: "metal" });
  });

  it("phones home: the allocation succeeded", async () => {
    await send(hammer, "Booting New Kernel");
    told.stop();
    const core = world.client(EventService, await world.certify("metal-core", "leaf01"));
    expect(await core.send({ events: { [M1]: { event: "Phoned Home" } } })).toMatchObject({ events: 1n, failed: [] });
    expect((await log())[0]).toBe("Phoned Home");
    const allocation = await world.context.db.selectFrom("allocations").selectAll().executeTakeFirstOrThrow();
    expect(allocation).toMatchObject({ succeeded: true, boot_info: { kernel: "/boot/vmlinuz" } });
    expect(openConsolePassword(world.context.keyring, allocation).reveal()).toBe("console");
  });

  it("boots its own disk when it network-boots while it has a tenant", async () => {
    const pixiecore = await world.certify("pixiecore", PARTITION);
    const { plan } = await world
      .client(agent.BootPlanService, pixiecore)
      .plan({ partitionId: PARTITION, machineId: M1 });
    expect(plan.case).toBe("localDisk");
    // A discovery image that runs all the same is sent away.
    told = instructionsOf(hammer);
    expect((await told.next()).instruction.case).toBe("reboot");
    told.stop();
  });

  it("is freed: identity revoked, ports back, reset into the discovery image", async () => {
    await world.context.db.transaction().execute(async (tx) => {
      const { uuid } = await tx.deleteFrom("allocations").returning("uuid").executeTakeFirstOrThrow();
      await recordEvent(tx, M1, "Machine Reclaim", "free machine called", world.context.clock());
      await startRelease(tx, M1, { allocationUuid: uuid, projectId: "p1", requestedBy: "ann" }, world.context.clock());
      await notify(tx, "machine", M1);
    });
    expect(await vrfs()).toEqual(["", ""]);
    expect([(await bmc.next()).command, (await bmc.next()).command, (await bmc.next()).command]).toEqual([
      "LED-OFF",
      "PXE",
      "RESET",
    ]);
    await expect(send(hammer, "Alive")).rejects.toThrow("has ended or was revoked");
    const release = await world.context.db
      .selectFrom("releases")
      .selectAll()
      .where("finished", "is", null)
      .executeTakeFirstOrThrow();
    expect(release).toMatchObject({ phase: "boot", attempts: 1, project_id: "p1" });
  });

  it("is erased again and waits for the next tenant, without a complaint in its log", async () => {
    hammer = await bootHammer(world, M1);
    await send(hammer, "Preparing");
    await send(hammer, "Registering");
    await hammer.boot.register(registration(M1));
    told = instructionsOf(hammer);
    const { jobId } = (await told.until("erase")).value as agent.Erase;
    await hammer.hammer.reportErase({ machineId: M1, jobId, disks: [erasedDisk] });
    await told.until("wait");
    await send(hammer, "Waiting");
    const container = (await eventsOf(world.context.db, [M1])).get(M1)!;
    expect(container).toMatchObject({ crashLoop: false, failedMachineReclaim: false, lastErrorEvent: null });
    const records = await world.context.db.selectFrom("erase_records").selectAll().orderBy("created").execute();
    expect(records.map(({ good, document }) => [good, document.occasion])).toEqual([
      [true, "first registration"],
      [true, "end of allocation"],
    ]);
    told.stop();
  });
});
