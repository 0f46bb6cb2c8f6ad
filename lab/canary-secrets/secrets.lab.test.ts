// A full run of real processes at debug level, through success and failure: nothing that is secret comes out anywhere.
// What is looked for are the real secrets of the run; the last test shows that they would be found.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get as httpGet } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient as createAgent } from "@connectrpc/connect";
import { type Client, createClient, MetalError } from "@metal-stack/sdk";
import type { MachineIPMIResponse, MachineJob, MachineResponse, NetworkResponse } from "@metal-stack/api-schema";
import { agent, BootService } from "@metal-stack/protocol";
import { createSigningRequest, grpcTransport } from "@metal-stack/service";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OS, PARTITION, PROJECTS, SIZE } from "../faults/catalogue.ts";
import { Region } from "../faults/region.ts";
import { CONSOLE_PASSWORD } from "../fleet/hammer.ts";
import { type Canaries, privateLines, Search } from "./search.ts";

const PATIENCE_MS = 240_000;
const folder = mkdtempSync(join(tmpdir(), "metal-canaries-"));
const USER_DATA = "#!/bin/sh\n# User1Data2Canary3\necho -----BEGIN OPENSSH PRIVATE KEY-----ssh1private2canary3\n";
const planted = new Map<string, string>([
  ["factory password", "Factory5Canary7q"],
  ["database password", "Database5Canary7"],
  ["console password", CONSOLE_PASSWORD],
  ["user data", "User1Data2Canary3"],
  ["user data's ssh key", "ssh1private2canary3"],
  ["a password a tenant set", "Tenant5Canary7q9"],
  ["BMC password that a machine registered", "Claimed5Canary7q"],
]);
/** Settings that are secrets by their name. */
const SECRET_SETTING = /(HMAC|_KEY|PASSWORD|HMACKEY)$/;
const PASSWORD = "Factory5Canary7q";
let region: Region;

function adjust(env: Readonly<Record<string, string>>): Record<string, string> {
  const settings: Record<string, string> = { ...env, LOG_LEVEL: "debug" };
  if (settings["METAL_BMC_IPMI_PASSWORD"]) settings["METAL_BMC_IPMI_PASSWORD"] = PASSWORD;
  for (const name of ["METAL_API_DATABASE_URL", "MASTERDATA_API_DATABASE_URL"])
    if (settings[name]) settings[name] = settings[name].replace("@/", ":Database5Canary7@/");
  for (const [name, value] of Object.entries(settings))
    if (SECRET_SETTING.test(name)) planted.set(`setting ${name}`, value);
  return settings;
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await sleep(200);
  }
}

const machines = () => region.api.get<MachineResponse[]>("/v1/machine");
const waiting = () =>
  eventually("all machines wait", async () => {
    const all = (await machines()).filter(({ id }) => region.fleet.machines.some(({ uuid }) => uuid === id));
    return all.length === 3 && all.every(({ events, allocation }) => !allocation && events.log[0]?.event === "Waiting")
      ? all
      : undefined;
  });
/** Collects what the BMCs accept now, and what metal-api gives to those who may see it. */
async function collectPasswords(when: string): Promise<void> {
  for (const [index, { bmc }] of region.fleet.machines.entries())
    for (const user of bmc.controller.users.list())
      if (user.password.length >= 10)
        planted.set(`BMC password of ${user.name}, machine ${index} ${when}`, user.password);
  for (const { id, ipmi } of await region.api.post<MachineIPMIResponse[]>("/v1/machine/ipmi/find", {}))
    if (ipmi.password) planted.set(`BMC password of ${id} known ${when}`, ipmi.password);
}
const passwordCommands = async (id: string) =>
  (await region.api.get<MachineJob[]>(`/v1/machine/${id}/jobs`)).filter(({ kind }) => kind === "bmc:PASSWORD");
const rotated = (id: string, times: number) =>
  eventually(`the BMC password of ${id} is changed`, async () => {
    const done = (await passwordCommands(id)).filter(({ phase }) => phase === "done");
    return done.length >= times ? done : undefined;
  });
const restPort = () => {
  const log = readFileSync(join(folder, "logs", "metal-api.log"), "utf8");
  return Number([...log.matchAll(/"port":(\d+),[^\n]*"serving REST"/g)].at(-1)![1]);
};
const as = (role: "View" | "Edit" | "Admin") =>
  createClient({
    url: `http://127.0.0.1:${restPort()}/metal`,
    hmac: { type: `Metal-${role}`, key: planted.get(`setting METAL_API_HMAC_${role.toUpperCase()}_KEY`)! },
  });

async function useMachines(): Promise<string> {
  const { api } = region;
  for (const machine of region.fleet.machines) machine.bmc.controller.users.change(2, { password: PASSWORD });
  const [{ id }] = (await waiting()) as [MachineResponse, ...MachineResponse[]];
  for (const machine of await machines())
    // Refused until metal-bmc, which had a wrong password at first, has told where the BMC is.
    await eventually("a BMC is known", async () => api.post<MachineResponse>(`/v1/machine/${machine.id}/bmc/rotate`));
  for (const machine of await machines()) await rotated(machine.id, 1);
  await collectPasswords("at first");
  const network = { name: "home", projectid: PROJECTS[0], partitionid: PARTITION };
  const { id: networkid } = await api.post<NetworkResponse>("/v1/network/allocate", network);
  const order = {
    uuid: id,
    name: "canary",
    projectid: PROJECTS[0],
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: OS,
    networks: [{ networkid }],
    user_data: USER_DATA,
  };
  await refused(() => api.post("/v1/machine/allocate", { ...order, networks: [{ networkid: "nowhere" }] }));
  await refused(() => api.post("/v1/machine/allocate", { ...order, networks: USER_DATA }));
  await api.post("/v1/machine/allocate", order);
  await eventually("it phones home", async () =>
    (await api.get<MachineResponse>(`/v1/machine/${id}`)).allocation?.succeeded ? true : undefined,
  );
  return id;
}

async function refused(call: () => Promise<unknown>): Promise<void> {
  await expect(call()).rejects.toThrow(MetalError);
}

/** What goes wrong on purpose while secrets are about. */
async function provokeFailures(id: string): Promise<void> {
  const { api, fleet } = region;
  const machine = fleet.machines.find(({ uuid }) => uuid === id)!;
  const { users } = machine.bmc.controller;
  // A tenant changes the password of our user, and the factory's: nothing lets metal-bmc in.
  const before = users.list();
  for (const user of before) users.change(user.id, { password: "Tenant5Canary7q9" });
  await api.post(`/v1/machine/${id}/power/reset`);
  await eventually("the reset fails", async () => {
    const jobs = await api.get<MachineJob[]>(`/v1/machine/${id}/jobs`);
    return jobs.find(({ kind, lasterror }) => kind === "bmc:RESET" && lasterror?.includes("refused"));
  });
  for (const user of before) users.change(user.id, { password: user.password });
  const wrong = createClient({
    url: `http://127.0.0.1:${restPort()}/metal`,
    hmac: { type: "Metal-View", key: "wrong" },
  });
  await refused(() => wrong.get("/v1/machine"));
  await refused(() => as("View").post(`/v1/machine/${id}/bmc/rotate`));
  await refused(() => as("View").request("GET", "/v1/machine/consolepassword", { body: { id, reason: "curious" } }));
  await useTickets();
  // Who dies tells nothing either.
  for (const name of ["metal-bmc", "metal-api"]) await region.victims.get(name)!.kill();
  await region.ready();
  expect(
    await region.api.request("GET", "/v1/machine/consolepassword", { body: { id, reason: "debugging" } }),
  ).toMatchObject({
    console_password: CONSOLE_PASSWORD,
  });
}

/** A ticket that is used and replayed, an identity that registers nonsense. */
async function useTickets(): Promise<void> {
  const uuid = "5ea00000-0000-4000-8000-0000000000ff";
  const plan = await region.fleet.network.plan({ uuid, mac: "02:aa:00:00:00:ff" }, AbortSignal.timeout(10_000));
  if (plan.kind !== "discovery") throw new Error(`no ticket: ${plan.kind}`);
  planted.set("a ticket", plan.ticket);
  const address = region.link.address;
  const { csr, privateKey: key } = await createSigningRequest(uuid);
  for (const line of privateLines(key)) planted.set(`key of a machine ${line.slice(0, 4)}`, line);
  const exchange = () =>
    createAgent(agent.IdentityService, grpcTransport(address, { ca: plan.ca })).exchange({
      machineId: uuid,
      ticket: plan.ticket,
      csr: new Uint8Array(csr),
    });
  const { certificate: cert } = await exchange();
  await expect(exchange()).rejects.toThrow();
  const boot = createAgent(BootService, grpcTransport(address, { ca: plan.ca, cert, key }));
  const ipmi = { address: "127.0.0.1:9", user: "metal", password: "Claimed5Canary7q", interface: "lanplus" };
  await expect(
    boot.register({ uuid, partitionId: PARTITION, hardware: {}, bios: {}, ipmi }, { timeoutMs: 10_000 }),
  ).rejects.toThrow();
  const login = createAgent(agent.BmcLoginService, grpcTransport(address, { ca: plan.ca, cert, key }));
  await expect(login.wanted({ machineId: region.fleet.machines[0]!.uuid })).rejects.toThrow();
  const own = await login.wanted({ machineId: uuid });
  planted.set("BMC password that a machine is told for itself", own.login!.password);
}

async function answersOf(api: Client, id: string): Promise<string> {
  const answers: unknown[] = [];
  const ask = (call: Promise<unknown>) =>
    call.catch((error: Error) => error.message).then((answer) => answers.push(answer));
  for (const path of [
    "machine",
    "partition",
    "size",
    "image",
    "network",
    "ip",
    "project",
    "tenant",
    "switch",
    "version",
  ])
    await ask(api.get(`/v1/${path}`));
  for (const path of ["", "/ipmi", "/why", "/jobs", "/erase-records", "/event"])
    await ask(api.get(`/v1/machine/${id}${path}`));
  for (const path of ["machine/find", "machine/ipmi/find", "machine/issues/evaluate", "audit/find"])
    await ask(api.post(`/v1/${path}`, {}));
  return JSON.stringify(answers);
}

async function everyTable(): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`.execute(region.db);
  let dump = "";
  for (const { name } of tables) {
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(region.db);
    dump += rows.map(({ row }) => row).join("\n");
  }
  return dump;
}

function canaries(): Canaries {
  const all = new Map(planted);
  for (const [name, value] of planted) if (value.startsWith("/")) all.delete(name);
  for (const entry of readdirSync(join(folder, "keys"), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const content = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const [at, line] of privateLines(content).entries()) all.set(`private key ${entry.parentPath} ${at}`, line);
    if (entry.name === "secrets.key") all.set("the key of the secrets", content.trim());
  }
  return all;
}

describe("the secrets of a region", { timeout: 400_000 }, () => {
  let id: string;
  let search: Search;

  beforeAll(async () => {
    region = await Region.start({ folder, machines: 3, adjust, say: () => undefined });
    id = await useMachines();
    await provokeFailures(id);
    // While its console password and its user data are there.
    search = new Search(canaries());
    await searchAnswers("in use");
    await region.api.delete(`/v1/machine/${id}/free`);
    await waiting();
    await rotated(id, 2);
    await collectPasswords("after the release");
    search = new Search(canaries());
    await searchAnswers("given back");
    // The last words of all processes are to be read too.
    await region.ready();
  }, 600_000);
  afterAll(async () => {
    await region.close();
    rmSync(folder, { recursive: true });
  });

  async function searchAnswers(when: string): Promise<void> {
    // User data is part of a machine for all who see machines, as in the original (v1.MachineAllocation).
    const open = ["user data"];
    search.text(`answers to viewers, ${when}`, await answersOf(as("View"), id), open);
    search.text(`answers to editors, ${when}`, await answersOf(as("Edit"), id), [...open, "BMC password"]);
    search.text(`answers to admins, ${when}`, await answersOf(as("Admin"), id), [...open, "BMC password"]);
    search.processes();
    expect(search.found).toEqual([]);
  }

  it("change with every release", () => {
    const number = region.fleet.machines.findIndex(({ uuid }) => uuid === id);
    const of = (when: string) => planted.get(`BMC password of metal, machine ${number} ${when}`);
    expect(of("at first")).toMatch(/^[A-Za-z0-9]{16}$/);
    expect(of("after the release")).toMatch(/^[A-Za-z0-9]{16}$/);
    expect(of("after the release")).not.toBe(of("at first"));
    expect(
      new Set(region.fleet.machines.map((_, at) => planted.get(`BMC password of metal, machine ${at} at first`))).size,
    ).toBe(3);
  });

  it("stand in no log", () => {
    search.folder("log", join(folder, "logs"));
    search.text("log/PostgreSQL", readFileSync(join(folder, "postgres", "log"), "utf8"));
    expect(search.found).toEqual([]);
    expect(search.searched.get("log/metal-api.log")).toBeGreaterThan(20_000);
    expect(search.searched.get("log/metal-bmc.log")).toBeGreaterThan(2_000);
    expect(readFileSync(join(folder, "logs", "metal-api.log"), "utf8")).toContain('"level":"debug"');
  });

  it("stand in no answer to anybody who may not see them, in no process table, and in no metrics", async () => {
    const log = readFileSync(join(folder, "logs", "metal-api.log"), "utf8");
    for (const [, port] of log.matchAll(/"port":(\d+),[^\n]*metrics/g))
      search.text("metrics", await fetchText(Number(port)));
    expect(search.found).toEqual([]);
    expect([...search.searched.keys()]).toEqual(
      expect.arrayContaining(["answers to viewers, given back", "process cmdline"]),
    );
  });

  it("stand in no table of the database but the tenant's user data", async () => {
    search.text("database", await everyTable(), ["user data"]);
    expect(search.found).toEqual([]);
  });

  it("would be found: a password in a command line, a key in a log, user data in base64", () => {
    const control = new Search(canaries());
    const secret = planted.get("factory password")!;
    control.text("a log", `{"msg":"login ${secret}"}`);
    control.text(
      "a log",
      Buffer.from(`# ${planted.get("user data")!} `)
        .toString("base64")
        .slice(3),
    );
    const child = `process.stdout.write(require("fs").readFileSync("/proc/self/cmdline","utf8"))`;
    control.text("a process", execFileSync(process.execPath, ["-e", child, secret], { encoding: "utf8" }));
    expect(control.found.map((line) => line.split(":")[0])).toEqual(
      expect.arrayContaining(["factory password in a log", "factory password in a process"]),
    );
  });
});

function fetchText(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  httpGet({ host: "127.0.0.1", port, path: "/metrics" }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    response.on("end", () => resolve(text));
  }).on("error", reject);
  return promise;
}
