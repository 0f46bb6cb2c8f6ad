// Boots and registrations that do not go the straight way.
import { json } from "@metal-stack/database";
import { Code } from "@connectrpc/connect";
import { agent, BootService } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentWorld,
  allocate,
  bootHammer,
  createAgentWorld,
  createPartition,
  erasedDisk,
  instructionsOf,
  listen,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";

let world: AgentWorld;
beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
  await world.context.db.insertInto("partitions").values({ id: "muc" }).execute();
});
afterAll(() => world.close());

async function plan(id: string, partitionId = PARTITION, mac = "") {
  const pixiecore = await world.certify("pixiecore", partitionId);
  const client = world.client(agent.BootPlanService, pixiecore);
  return (await client.plan({ partitionId, machineId: id, mac })).plan;
}
const machine = (id: string) =>
  world.context.db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

describe("a plan", () => {
  it("gives the partition's kernel, and a ticket, to a machine never seen", async () => {
    expect(await plan(machineId(1).toUpperCase())).toMatchObject({
      case: "discovery",
      value: { kernelUrl: "http://cache/kernel", initrdUrls: ["http://cache/initrd"], cmdline: "quiet" },
    });
    expect(await machine(machineId(1))).toMatchObject({ partition_id: PARTITION });
  });

  it.each([
    ["00000000-0000-0000-0000-000000000000", "set the system UUID"],
    ["03000200-0400-0500-0006-000700080009", "set the system UUID"],
    ["'; drop table machines; --", "set the system UUID"],
  ])("refuses %s, which many mainboards or none have", async (id, reason) => {
    expect(await plan(id)).toMatchObject({
      case: "refuse",
      value: { reason: expect.stringContaining(reason) as string },
    });
  });

  it("refuses a machine of another partition, and leaves it where it is", async () => {
    expect(await plan(machineId(1), "muc")).toMatchObject({
      case: "refuse",
      value: { reason: expect.stringContaining('belongs to partition "fra"') as string },
    });
    const boot = world.client(BootService, await world.certify("pixiecore", "muc"));
    await expect(boot.dhcp({ uuid: machineId(1), partitionId: "muc" })).rejects.toThrow('belongs to partition "fra"');
  });

  it("takes a NIC that nobody knows for the machine's once after each power cycle", async () => {
    const id = machineId(9);
    const stranger = async () => (await plan(id, PARTITION, "02:00:00:00:99:99"))?.case;
    await (await bootHammer(world, id)).boot.register(registration(id));
    expect(await stranger()).toBe("refuse");
    const cycle = { id: "cycle-9", partition_id: PARTITION, machine_id: id, command: "CYCLE" };
    const done = new Date();
    await world.context.db
      .insertInto("bmc_commands")
      .values({ ...cycle, expires: done, done })
      .execute();
    expect(await stranger()).toBe("discovery");
    await bootHammer(world, id);
    expect(await stranger()).toBe("refuse");
  });

  it("refuses where nobody said what to boot", async () => {
    expect(await plan(machineId(2), "muc")).toMatchObject({
      case: "refuse",
      value: { reason: expect.stringContaining("no boot configuration") as string },
    });
  });
});

describe("a registration", () => {
  it("with wrong cabling says what is wrong, and keeps the rest", async () => {
    const id = machineId(3);
    const hammer = await bootHammer(world, id);
    const right = registration(id);
    const oneLeaf = { ...right, hardware: { ...right.hardware, nics: right.hardware.nics.slice(0, 1) } };
    await expect(hammer.boot.register(oneLeaf)).rejects.toEqual(
      expect.objectContaining({
        code: Code.FailedPrecondition,
        rawMessage: expect.stringContaining(
          `machine ${id} is not connected to exactly two switches, found connections to 1 switches`,
        ) as string,
      }),
    );
    expect(await machine(id)).toMatchObject({ size_id: "v1-small", hammer_version: "test", rack_id: "" });
    // The cable is put right, and the hammer tries again.
    await expect(hammer.boot.register(right)).resolves.toMatchObject({ size: "v1-small" });
    expect(await machine(id)).toMatchObject({ rack_id: "r1" });
  });

  it("keeps what metal-bmc knew and the machine does not", async () => {
    const id = machineId(4);
    const hammer = await bootHammer(world, id);
    const ipmi = json({
      address: "10.9.9.9:6230",
      mac: "aa",
      user: "",
      interface: "",
      fru: { board_mfg: "Acme" },
      bmcversion: "7",
      powerstate: "ON",
    });
    await world.context.db.updateTable("machines").set({ ipmi }).where("id", "=", id).execute();
    await hammer.boot.register({ ...registration(id, 2), ipmi: { user: "metal", password: "fresh" } });
    expect((await machine(id)).ipmi).toMatchObject({
      address: "10.9.9.9:6230",
      user: "metal",
      fru: { board_mfg: "Acme" },
      bmcversion: "7",
    });
  });

  it("of hardware that no size describes goes on as unknown", async () => {
    const id = machineId(5);
    const hammer = await bootHammer(world, id);
    const odd = { ...registration(id), hardware: { memory: 1n, nics: [] } };
    await hammer.boot.register(odd).catch(() => undefined);
    expect((await machine(id)).size_id).toBe("unknown");
  });

  it.each([
    ["hardware", { hardware: undefined }],
    ["bios", { bios: undefined }],
  ])("without %s is refused", async (what, missing) => {
    const id = machineId(5);
    const hammer = await bootHammer(world, id);
    const { [what as "bios"]: _, ...rest } = registration(id);
    await expect(hammer.boot.register({ ...rest, ...missing })).rejects.toThrow(`${what} is missing`);
  });

  it("cannot move a machine to another partition", async () => {
    const hammer = await bootHammer(world, machineId(5));
    await expect(hammer.boot.register({ ...registration(machineId(5)), partitionId: "muc" })).rejects.toThrow("not to");
  });
});

describe("a report", () => {
  it("needs an allocation, and boot information", async () => {
    const id = machineId(6);
    const hammer = await bootHammer(world, id);
    await expect(hammer.boot.report({ uuid: id, success: true, bootInfo: {} })).rejects.toThrow("is not allocated");
    await allocate(world, id, 43);
    await expect(hammer.boot.report({ uuid: id, success: true })).rejects.toThrow("boot_info is missing");
  });

  it("of a failure is an event, and installs nothing", async () => {
    const id = machineId(6);
    const hammer = await bootHammer(world, id);
    await hammer.boot.report({ uuid: id, success: false, message: "no space left" });
    const allocation = await world.context.db
      .selectFrom("allocations")
      .selectAll()
      .where("machine_id", "=", id)
      .executeTakeFirstOrThrow();
    expect(allocation.installed).toBeNull();
    const told = instructionsOf(hammer);
    expect((await told.next()).instruction.case).toBe("install");
    told.stop();
  });

  it("does not send the machine away that has just installed itself", async () => {
    const id = machineId(6);
    const hammer = await bootHammer(world, id);
    const told = instructionsOf(hammer);
    await told.until("install");
    await hammer.boot.report({ uuid: id, success: true, bootInfo: { kernel: "/vmlinuz" } });
    const next = await Promise.race([
      told.next(),
      new Promise<string>((resolve) => setTimeout(() => resolve("silence"), 500)),
    ]);
    expect(next).toBe("silence");
    told.stop();
  });

  it("of an aborted reinstallation gives the old system back, while it is there", async () => {
    const id = machineId(6);
    const hammer = await bootHammerOf(id);
    await world.context.db.updateTable("allocations").set({ reinstall: true }).where("machine_id", "=", id).execute();
    expect((await hammer.boot.abortReinstall({ uuid: id, primaryDiskWiped: true })).bootInfo).toBeUndefined();
    expect((await hammer.boot.abortReinstall({ uuid: id })).bootInfo).toMatchObject({ kernel: "/vmlinuz" });
    const allocation = await world.context.db
      .selectFrom("allocations")
      .select("reinstall")
      .where("machine_id", "=", id)
      .executeTakeFirstOrThrow();
    expect(allocation.reinstall).toBe(false);
  });

  /** An installed machine gets a discovery image only for a reinstallation. */
  async function bootHammerOf(id: string) {
    await world.context.db.updateTable("allocations").set({ reinstall: true }).where("machine_id", "=", id).execute();
    return bootHammer(world, id);
  }
});

describe("the original's Wait", () => {
  it("says to be patient, and ends when the machine is allocated", async () => {
    const id = machineId(7);
    const hammer = await bootHammer(world, id);
    const told = instructionsOf(hammer);
    const { jobId } = (await told.until("erase")).value as agent.Erase;
    await hammer.boot.register(registration(id)).catch(() => undefined);
    await hammer.hammer.reportErase({ machineId: id, jobId, disks: [erasedDisk] });
    told.stop();
    const waiting = listen((signal) => hammer.boot.wait({ machineId: id }, { signal }));
    expect(await waiting.next()).toMatchObject({ $typeName: "api.v1.BootServiceWaitResponse" });
    expect((await machine(id)).waiting_until).not.toBeNull();
    await allocate(world, id, 44);
    await expect(waiting.next()).rejects.toThrow("ended");
  });

  it("does not end without error when metal-api goes down", async () => {
    const id = machineId(8);
    const hammer = await bootHammer(world, id);
    const waiting = listen((signal) => hammer.boot.wait({ machineId: id }, { signal }));
    await waiting.next();
    await world.restart();
    await expect(waiting.next()).rejects.toEqual(expect.objectContaining({ code: Code.Unavailable }));
  });
});
