// The agent as a process: a stand-in of metal-api on one side (gRPC, mutual TLS), BMCs on the other (IPMI over UDP).
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeCertificates } from "./testing/certificates.ts";
import { MetalApi, type Order } from "./testing/metal-api.ts";
import { TestServer } from "./testing/server.ts";

const folder = mkdtempSync(join(tmpdir(), "metal-bmc-"));
const eventually = { timeout: 15_000, interval: 30 };
let metalApi: MetalApi;
let server: TestServer;
let agent: ChildProcess | undefined;
let log = "";
let lastId = 0;

function start(bmcs: readonly { address: string; mac?: string }[], settings: Record<string, string> = {}): void {
  writeFileSync(join(folder, "bmcs.json"), JSON.stringify(bmcs));
  const file = (name: string) => join(folder, name);
  agent = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      METAL_BMC_PARTITION_ID: "p1",
      METAL_BMC_GRPC_ADDRESS: `127.0.0.1:${metalApi.port}`,
      METAL_BMC_GRPC_CA_FILE: file("ca.pem"),
      METAL_BMC_GRPC_CERT_FILE: file("client.pem"),
      METAL_BMC_GRPC_KEY_FILE: file("client.key"),
      METAL_BMC_BMCS_FILE: file("bmcs.json"),
      METAL_BMC_IPMI_USER: "metal",
      METAL_BMC_IPMI_PASSWORD: "metalpw",
      METAL_BMC_REPORT_INTERVAL: "300ms",
      ...settings,
    },
  });
  agent.stdout!.on("data", (data: Buffer) => (log += data.toString()));
}

async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (!agent || agent.exitCode !== null || agent.signalCode !== null) return;
  const ended = once(agent, "exit");
  agent.kill(signal);
  await ended;
}

function order(command: string, more: Partial<Order> = {}): string {
  lastId += 1;
  const commandId = `c${lastId}`;
  metalApi.order({ commandId, machineId: server.uuid, command, address: server.address, ...more });
  return commandId;
}

const result = (commandId: string) => expect.poll(() => metalApi.resultOf(commandId), eventually);

async function deaf(onDatagram?: (socket: Socket, datagram: Buffer, port: number) => void) {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (datagram, remote) => onDatagram?.(socket, datagram, remote.port));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

beforeAll(() => makeCertificates(folder, "p1"));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  log = "";
  metalApi = new MetalApi(folder);
  await metalApi.listen();
  server = await TestServer.start();
});

afterEach(async () => {
  await stop();
  server.stop();
  await metalApi.close();
  // Whatever happened: no password was written down.
  expect(log).not.toMatch(/metalpw|other-secret|what-a-tenant-set/);
});

describe("commands", () => {
  it("switch the machine, choose what it boots from and light its LED", async () => {
    start([]);
    const ids = ["RESET", "CYCLE", "OFF", "ON", "LED-ON", "BIOS", "DISK"].map((command) => order(command));
    await expect.poll(() => metalApi.results.map(({ commandId }) => commandId), eventually).toEqual(ids);
    expect(metalApi.results.every(({ error }) => error === "")).toBe(true);
    expect(server.actions).toEqual(["reset", "cycle", "off", "on"]);
    expect(server.lit).toBe(true);
    expect(server.controller.bootFlags).toEqual({ device: "disk", persistent: true, efi: true });
    await result(order("LED-OFF")).toBe("");
    expect(server.lit).toBe(false);
  });

  it("REINSTALL boots from the network and cycles the power; a machine that is off is switched on", async () => {
    start([]);
    await result(order("REINSTALL")).toBe("");
    expect(server.controller.bootFlags?.device).toBe("pxe");
    expect(server.actions).toEqual(["cycle"]);
    server.powered = false;
    await result(order("RESET")).toBe("");
    server.powered = false;
    await result(order("CYCLE")).toBe("");
    expect(server.actions).toEqual(["cycle", "on", "on"]);
  });

  it("that nobody knows, or for an address that is none, are answered with what is wrong", async () => {
    start([]);
    await result(order("EXPLODE")).toMatch(/unknown command "EXPLODE"; known are ON, OFF/);
    await result(order("ON", { address: "nonsense:99999" })).toMatch(/not an address of a BMC/);
  });

  it("use the machine's own login, and the discovery login when that is refused", async () => {
    start([]);
    const own = (id: string, password: string) => ({ id, user: "own", password });
    server.controller.users.change(3, { ...server.controller.users.get(2), name: "own", password: "other-secret" });
    await result(order("ON", { logins: [own("l1", "other-secret")] })).toBe("");
    await result(order("ON", { logins: [own("l1", "other-secret-of-old"), own("l2", "other-secret")] })).toBe("");
    expect(metalApi.results.map(({ loginId }) => loginId)).toEqual(["l1", "l2"]);
    expect(log).not.toContain("trying the discovery login");
    await result(order("ON", { logins: [own("l1", "other-secret-of-old")] })).toBe("");
    expect(metalApi.results.at(-1)?.loginId).toBe("");
    await expect.poll(() => log, eventually).toContain("trying the discovery login");
    server.controller.users.change(2, { password: "changed" });
    await result(order("ON", { logins: [own("l1", "bad")] })).toMatch(/discovery login is refused too/);
  });

  it("do nothing to a BMC that belongs to another machine, whatever address that was told", async () => {
    start([]);
    const thief = { machineId: "5ea00000-0000-4000-8000-000000000bad" };
    const own = { id: "l1", user: "metal", password: "other-secret" };
    for (const more of [{}, { logins: [own] }])
      await result(order("RESET", { ...thief, ...more })).toMatch(`is that of machine ${server.uuid}, not of`);
    await result(order("PASSWORD", { ...thief, logins: [own], wanted: own })).toMatch("nothing was done");
    expect(server.actions).toEqual([]);
    expect(server.controller.users.get(2).password).toBe("metalpw");
  });

  it("are executed once, however often they are sent, and their results are told until they arrive", async () => {
    metalApi.resultsToLose = 2;
    start([]);
    const id = order("CYCLE");
    await expect.poll(() => server.actions.length, eventually).toBe(1);
    metalApi.cut();
    await result(id).toBe("");
    await expect.poll(() => metalApi.streams, eventually).toBeGreaterThan(1);
    await result(order("RESET")).toBe("");
    expect(server.actions).toEqual(["cycle", "reset"]);
  });

  it("wait for a metal-api that is away, and go on when it is back", async () => {
    start([]);
    await result(order("ON")).toBe("");
    const { port } = metalApi;
    await metalApi.close();
    metalApi = new MetalApi(folder);
    await metalApi.listen(port);
    await result(order("OFF")).toBe("");
  });

  it.each(["RESET", "CYCLE"])("%s is not done twice when the agent is killed in the middle of it", async (command) => {
    server.delayMs = 1500;
    start([]);
    const id = order(command);
    await expect.poll(() => server.busy, eventually).toBe(true);
    await stop("SIGKILL");
    start([]);
    await result(id).toMatch(/not known whether the (re|cycle).*The machine is on/);
    await expect.poll(() => server.busy, eventually).toBe(false);
    expect(server.actions).toEqual([command.toLowerCase()]);
    server.delayMs = 0;
    await result(order(command)).toBe("");
  });

  it("that was cut off while the machine was off is carried on: what was asked for is that it starts", async () => {
    start([]);
    const id = order("CYCLE");
    metalApi.started.add(id);
    server.powered = false;
    await result(id).toBe("");
    expect(server.actions).toEqual(["on"]);
  });

  it("that a killed agent left undone and that may be repeated are done by the next one", async () => {
    server.delayMs = 1500;
    start([]);
    const id = order("OFF");
    await expect.poll(() => server.busy, eventually).toBe(true);
    await stop("SIGKILL");
    server.delayMs = 0;
    start([]);
    await result(id).toBe("");
  });

  it("for one machine keep their order, and a BMC that is silent or talks garbage holds up nobody else", async () => {
    const silent = await deaf();
    const garbage = await deaf((socket, datagram, port) => {
      socket.send(Buffer.concat([datagram.subarray(0, 6), Buffer.from("garbage")]), port, "127.0.0.1");
      socket.send(datagram, port, "127.0.0.1");
    });
    start([{ address: silent.address }, { address: garbage.address }, { address: server.address }]);
    const lost = order("ON", { machineId: "dead", address: silent.address });
    const noise = order("ON", { machineId: "noisy", address: garbage.address });
    await result(order("CYCLE")).toBe("");
    expect(metalApi.resultOf(lost)).toBeUndefined();
    await expect.poll(() => metalApi.reports.length, eventually).toBeGreaterThan(0);
    await result(lost).toMatch(/no answer to 5 requests from the BMC/);
    await result(noise).toMatch(/no answer/);
    silent.close();
    garbage.close();
  });
});

describe("PASSWORD", () => {
  const wanted = { id: "l2", user: "metal", password: "other-secret-2" };
  const current = { id: "l1", user: "metal", password: "metalpw" };
  const password = () => server.controller.users.get(2).password;

  it("changes the password with the one that works, and proves it", async () => {
    start([]);
    await result(order("PASSWORD", { logins: [current, wanted], wanted })).toBe("");
    expect(metalApi.results.at(-1)).toMatchObject({ loginId: "l2" });
    expect(password()).toBe(wanted.password);
    // Again, as after a crash: it is accepted already.
    await result(order("PASSWORD", { logins: [current, wanted], wanted })).toBe("");
    expect(metalApi.results.at(-1)).toMatchObject({ loginId: "l2" });
  });

  it("gives the user its rights back, and makes it where there is none", async () => {
    start([], { METAL_BMC_IPMI_USER: "ADMIN", METAL_BMC_IPMI_PASSWORD: "metalpw" });
    server.controller.users.change(3, { ...server.controller.users.get(2), name: "ADMIN" });
    server.controller.users.change(2, { enabled: false, privilege: 2, password: "what-a-tenant-set" });
    await result(order("PASSWORD", { logins: [current, wanted], wanted })).toBe("");
    expect(server.controller.users.get(2)).toMatchObject({ enabled: true, privilege: 4, password: wanted.password });
    const other = { ...wanted, user: "other" };
    await result(order("PASSWORD", { logins: [], wanted: other })).toBe("");
    expect(server.controller.users.list().find(({ name }) => name === "other")).toMatchObject({ privilege: 4 });
  });

  it("says so when nothing lets it in", async () => {
    start([], { METAL_BMC_IPMI_PASSWORD: "wrong" });
    server.controller.users.change(2, { password: "what-a-tenant-set" });
    await result(order("PASSWORD", { logins: [current, wanted], wanted })).toMatch(
      /the discovery login is refused too/,
    );
    expect(metalApi.results.at(-1)).toMatchObject({ loginId: "" });
  });
});

describe("reports", () => {
  it("say who a machine is and how it is, at once and again", async () => {
    start([{ address: server.address }]);
    await expect
      .poll(() => metalApi.reports[0], eventually)
      .toMatchObject({
        machineId: server.uuid,
        address: server.address,
        mac: "52:54:00:00:00:01",
        bmcVersion: "3.14",
        powerState: "ON",
        indicatorLed: "LED-OFF",
        fru: {
          chassisPartNumber: "CP",
          chassisPartSerial: "CS",
          boardMfg: "BM",
          boardMfgSerial: "BS",
          boardPartNumber: "BP",
          productManufacturer: "PM",
          productPartNumber: "PP",
          productSerial: "PS",
        },
      });
    server.powered = false;
    server.lit = true;
    await expect.poll(() => metalApi.reports.at(-1)?.powerState, eventually).toBe("OFF");
  });

  it("leave out a BMC that refuses the login, say so once, and say when it is back", async () => {
    server.controller.users.change(2, { password: "changed" });
    const other = await TestServer.start();
    start([{ address: server.address }, { address: other.address }]);
    await expect.poll(() => metalApi.reports.length, eventually).toBeGreaterThan(2);
    expect(new Set(metalApi.reports.map(({ machineId }) => machineId))).toEqual(new Set([other.uuid]));
    await expect.poll(() => log.split("cannot be reported").length, eventually).toBe(2);
    server.controller.users.change(2, { password: "metalpw" });
    await expect.poll(() => log, eventually).toContain("answers again");
    other.stop();
  });

  it("find new BMCs in the lists without a restart", async () => {
    start([]);
    await expect.poll(() => metalApi.streams, eventually).toBe(1);
    writeFileSync(join(folder, "bmcs.json"), JSON.stringify([{ address: server.address, mac: "AA:BB:CC:DD:EE:FF" }]));
    await expect.poll(() => metalApi.reports[0]?.mac, eventually).toBe("aa:bb:cc:dd:ee:ff");
  });
});

describe("the agent", () => {
  it("names the setting that is wrong and ends with 2", async () => {
    start([], { METAL_BMC_REPORT_INTERVAL: "soon" });
    expect((await once(agent!, "exit"))[0]).toBe(2);
    await expect.poll(() => log).toContain("METAL_BMC_REPORT_INTERVAL");
  });

  it("ends quickly and cleanly when told so", async () => {
    start([{ address: server.address }]);
    await expect.poll(() => metalApi.reports.length, eventually).toBeGreaterThan(0);
    const ended = once(agent!, "exit");
    agent!.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  });
});
