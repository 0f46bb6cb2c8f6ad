// metal-api is killed, without a chance to say goodbye, at every step between a free and the next tenant.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentWorld,
  allocate,
  bootHammer,
  createAgentWorld,
  createPartition,
  type Credentials,
  erasedDisk,
  type HammerClients,
  hammerWith,
  instructionsOf,
  listen,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";
import { startMetalApi } from "../testing/start-process.ts";
import { reinstallMachine } from "../reinstall/commands.ts";
import { startRelease } from "./commands.ts";

const M1 = machineId(1);
const PATIENT = { timeout: 15_000, interval: 100 };
const folder = mkdtempSync(join(tmpdir(), "metal-crash-"));
let world: AgentWorld;
let metalApi: ChildProcess;
/** Of the partition's metal-bmc: there is one. */
let credentials: Credentials;

/** Starts metal-api as a process; clients reach it from now on. */
async function start(): Promise<void> {
  const { cert, key, caCert, caKey } = world.identity;
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const started = await startMetalApi(world.url, {
    METAL_API_ALLOW_DEFAULT_KEYS: "true",
    METAL_API_BMC_REQUIRED: "false",
    METAL_API_GRPC_SERVER_CERT_FILE: file("cert.pem", cert),
    METAL_API_GRPC_SERVER_KEY_FILE: file("key.pem", key.reveal()),
    METAL_API_GRPC_CA_CERT_FILE: file("ca.pem", caCert),
    METAL_API_GRPC_CA_KEY_FILE: file("ca-key.pem", caKey.reveal()),
  });
  metalApi = started.child;
  world.useServerAt(started.grpcPort);
}

async function killAndStart(): Promise<void> {
  metalApi.kill("SIGKILL");
  await once(metalApi, "exit");
  await start();
}

beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
  credentials = await world.certify("metal-bmc", PARTITION);
  await start();
});
afterAll(async () => {
  metalApi.kill("SIGKILL");
  await world.close();
  rmSync(folder, { recursive: true });
});

describe("a release", { timeout: 60_000 }, () => {
  let hammer: HammerClients;
  const release = () =>
    world.context.db.selectFrom("releases").selectAll().where("machine_id", "=", M1).executeTakeFirstOrThrow();

  it("is not forgotten before its reset: the BMC gets its commands from the next process", async () => {
    const ipmi = JSON.stringify({ address: "10.0.0.1:623" }) as never;
    await world.context.db
      .insertInto("machines")
      .values({ id: M1, partition_id: PARTITION, disks: "in-use", ipmi })
      .execute();
    const bmc = () => world.client(agent.BmcService, credentials);
    const before = listen((signal) => bmc().commands({ partitionId: PARTITION }, { signal }));
    await before.next();
    await world.context.db
      .transaction()
      .execute((tx) => startRelease(tx, M1, { allocationUuid: "a1", requestedBy: "ann" }));
    await killAndStart();
    before.stop();
    const after = listen((signal) => bmc().commands({ partitionId: PARTITION }, { signal }));
    const received: string[] = [];
    while (received.length < 3) {
      const { command, commandId } = await after.next();
      if (commandId === "") continue;
      received.push(command);
      await bmc().commandDone({ commandId });
    }
    expect(received).toEqual(["LED-OFF", "PXE", "RESET"]);
    after.stop();
  });

  it("whose boot does not come is reset by the next process", async () => {
    await killAndStart();
    await world.context.db
      .updateTable("releases")
      .set({ deadline: new Date(0) })
      .execute();
    await expect.poll(async () => (await release()).attempts, PATIENT).toBe(2);
  });

  it("goes on erasing: the hammer keeps its identity and its job, and reports to the next process", async () => {
    hammer = await bootHammer(world, M1);
    await hammer.boot.register(registration(M1));
    const told = instructionsOf(hammer);
    const { jobId } = (await told.until("erase")).value as agent.Erase;
    expect(jobId).toBe("a1");
    await killAndStart();
    await expect(told.next()).rejects.toThrow();

    hammer = hammerWith(world, M1, hammer.credentials);
    const again = instructionsOf(hammer);
    expect(((await again.until("erase")).value as agent.Erase).jobId).toBe("a1");
    expect(await hammer.hammer.reportErase({ machineId: M1, jobId, disks: [erasedDisk] })).toMatchObject({
      accepted: true,
    });
    await again.until("wait");
    again.stop();
  });

  it("has ended: the machine waits, whoever serves it", async () => {
    await killAndStart();
    hammer = hammerWith(world, M1, hammer.credentials);
    const told = instructionsOf(hammer);
    expect((await told.until("wait")).value).toMatchObject({ allocatable: true });
    expect(await release()).toMatchObject({ phase: "done", finished: expect.any(Date) as Date });
    told.stop();
  });
});

describe("a reinstallation", { timeout: 60_000 }, () => {
  const M2 = machineId(2);
  const NEW = "debian-13.0.20261101";
  const allocation = () =>
    world.context.db.selectFrom("allocations").selectAll().where("machine_id", "=", M2).executeTakeFirstOrThrow();
  let hammer: HammerClients;
  let uuid: string;

  beforeAll(async () => {
    const { db } = world.context;
    hammer = await bootHammer(world, M2);
    await hammer.boot.register(registration(M2, 2));
    uuid = await allocate(world, M2, 43);
    await hammer.boot.report({ uuid: M2, bootInfo: { kernel: "/old" }, success: true });
    const values = { id: NEW, url: "http://cache/new.tar.zst", features: ["machine"], os: "debian" };
    const expiration_date = new Date("2099-01-01T00:00:00Z");
    await db
      .insertInto("images")
      .values({ ...values, version_text: "13.0.20261101", expiration_date })
      .execute();
  });

  it("is not forgotten before its power cycle: the BMC hears of it from the next process", async () => {
    const reinstall = () =>
      world.context.db.transaction().execute((tx) => reinstallMachine(tx as never, M2, NEW, "ann", new Date()));
    await reinstall();
    await killAndStart();
    // Asked again by a client that got no answer.
    await reinstall();
    const client = world.client(agent.BmcService, credentials);
    const stream = listen((signal) => client.commands({ partitionId: PARTITION }, { signal }));
    const received: string[] = [];
    while (received.at(-1) !== "REINSTALL") {
      const { command, commandId, machineId } = await stream.next();
      if (commandId === "") continue;
      if (machineId === M2) received.push(command);
      await client.commandDone({ commandId });
    }
    stream.stop();
    // The DISK of the first installation is superseded.
    expect(received).toEqual(["REINSTALL"]);
  });

  it("goes on wherever it was cut off: before the order, in the middle, and before the report", async () => {
    await killAndStart();
    hammer = await bootHammer(world, M2);
    let told = instructionsOf(hammer);
    const wanted = { allocationId: uuid, reinstall: true, image: { id: NEW } };
    expect((await told.until("install")).value).toMatchObject(wanted);
    await killAndStart();
    await expect(told.next()).rejects.toThrow();
    hammer = hammerWith(world, M2, hammer.credentials);
    told = instructionsOf(hammer);
    expect((await told.until("install")).value).toMatchObject(wanted);
    told.stop();
    await killAndStart();
    hammer = hammerWith(world, M2, hammer.credentials);
    const report = { uuid: M2, bootInfo: { imageId: NEW, kernel: "/new" }, success: true };
    await hammer.boot.report(report);
    await killAndStart();
    // Its answer was lost, so the hammer says it again.
    hammer = hammerWith(world, M2, hammer.credentials);
    await hammer.boot.report(report);
    expect(await allocation()).toMatchObject({ uuid, reinstall: false, image_id: NEW, boot_info: { kernel: "/new" } });
    const ports = await world.context.db
      .selectFrom("switch_ports")
      .select("vrf")
      .where("machine_id", "=", M2)
      .execute();
    expect(ports.map(({ vrf }) => vrf)).toEqual(["vrf43", "vrf43"]);
    told = instructionsOf(hammer);
    await told.until("reboot");
    told.stop();
  });
});
