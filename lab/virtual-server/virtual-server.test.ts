// A virtual server, started as the lab starts it and operated with ipmitool. QEMU runs SeaBIOS, and iPXE without a cable.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ServerEvent } from "./chassis.ts";
import type { ServerConfiguration } from "./configuration.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "server-"));
const events: ServerEvent[] = [];
let server: ChildProcess;
let port: number;

const configuration: ServerConfiguration = {
  id: "m1",
  uuid: "5ba3e2a0-7d1c-4b6e-9f00-0123456789ab",
  firmware: "bios",
  cpus: 1,
  memoryMiB: 128,
  disks: (["virtio", "nvme", "sata", "scsi"] as const).map((kind) => ({
    path: join(folder, `${kind}.raw`),
    sizeMiB: 64,
    interface: kind,
    serial: `S-${kind}`,
  })),
  nics: [{ mac: "52:54:00:12:34:56" }],
  bmc: { address: "127.0.0.1", port: 0, user: "metal", password: "metalpw", mac: "52:54:00:00:00:01" },
  fru: {
    product: { manufacturer: "Metal", name: "Virtual", partNumber: "V-1", version: "1", serial: "S-1", assetTag: "" },
  },
  smbios: { manufacturer: "Metal", product: "Virtual, with comma", serial: "S-1" },
  runDirectory: folder,
  accelerator: "tcg",
};

async function ipmitool(...command: string[]): Promise<string> {
  const login = ["-I", "lanplus", "-C", "17", "-H", "127.0.0.1", "-p", String(port), "-U", "metal", "-P", "metalpw"];
  return (await run("ipmitool", [...login, ...command])).stdout;
}

const consoleText = () => readFileSync(join(folder, "m1.console"), "latin1");
const count = (text: string) => consoleText().split(text).length - 1;
const eventually = { timeout: 15_000, interval: 50 };

async function start(): Promise<void> {
  events.length = 0;
  server = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), "--config", join(folder, "m1.json")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: server.stdout! }).on("line", (line) => events.push(JSON.parse(line) as ServerEvent));
  await vi.waitFor(() => expect(events[0]?.event).toBe("ready"), eventually);
  port = (events[0] as Extract<ServerEvent, { event: "ready" }>).bmcPort;
}

async function stop(): Promise<void> {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
}

const running = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("a virtual server", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "m1.json"), JSON.stringify(configuration));
    await start();
  });
  afterAll(async () => {
    if (server.exitCode === null) await stop();
    rmSync(folder, { recursive: true });
  });

  it("is off at first, and its disks exist", async () => {
    expect(await ipmitool("power", "status")).toContain("off");
    expect(statSync(join(folder, "nvme.raw")).size).toBe(64 * 1024 * 1024);
    await expect(ipmitool("power", "cycle")).rejects.toThrow();
  });

  it("boots from the network first when it is switched on", async () => {
    await ipmitool("power", "on");
    expect(await ipmitool("power", "status")).toContain("on");
    await expect.poll(consoleText, eventually).toMatch(/SeaBIOS[\s\S]*Booting from ROM[\s\S]*iPXE/);
    expect(events.at(-1)).toMatchObject({ event: "power", state: "on" });
  });

  it("shows its console over SOL and on its socket, and starts anew on reset", async () => {
    const login = ["-I", "lanplus", "-H", "127.0.0.1", "-p", String(port), "-U", "metal", "-P", "metalpw"];
    // ipmitool wants a terminal, which script(1) makes.
    const sol = spawn("script", ["-qec", `ipmitool ${login.join(" ")} sol activate`, "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    let seen = "";
    sol.stdout.on("data", (data: Buffer) => (seen += data.toString("latin1")));
    await expect.poll(() => seen, eventually).toContain("SOL Session operational");
    let attached = "";
    const client = connect(join(folder, "m1.console.sock"));
    client.on("data", (data) => (attached += data.toString("latin1")));
    await once(client, "connect");
    await ipmitool("power", "reset");
    await expect.poll(() => seen, eventually).toContain("SeaBIOS");
    await expect.poll(() => attached, eventually).toContain("SeaBIOS");
    expect(events.at(-1)).toEqual({ event: "reset", id: "m1", by: "host" });
    client.destroy();
    sol.stdin.write("~.");
    await once(sol, "exit");
  });

  it("boots from disk once, when told so, and from the network after that", async () => {
    await ipmitool("chassis", "bootdev", "disk");
    const disk = count("Booting from Hard Disk");
    await ipmitool("power", "reset");
    await expect.poll(() => count("Booting from Hard Disk"), eventually).toBe(disk + 1);
    await expect.poll(() => ipmitool("chassis", "bootparam", "get", "5"), eventually).toContain("No override");
    const network = count("Booting from ROM");
    await ipmitool("power", "reset");
    await expect.poll(() => count("Booting from ROM"), eventually).toBe(network + 1);
  });

  it("boots from disk until told otherwise, over power cycles too", async () => {
    await ipmitool("chassis", "bootdev", "disk", "options=persistent");
    for (const command of ["cycle", "reset"]) {
      const disk = count("Booting from Hard Disk");
      await ipmitool("power", command);
      await expect.poll(() => count("Booting from Hard Disk"), eventually).toBe(disk + 1);
    }
    expect(await ipmitool("chassis", "bootparam", "get", "5")).toContain("apply to all future boots");
    await ipmitool("chassis", "bootdev", "none");
  });

  it("has a name plate, an LED and users", async () => {
    expect(await ipmitool("mc", "guid", "ipmi")).toContain(configuration.uuid);
    expect(await ipmitool("fru", "print")).toMatch(/Product Serial\s+: S-1/);
    await ipmitool("chassis", "identify", "force");
    await expect.poll(() => events.at(-1)).toEqual({ event: "led", id: "m1", state: "on" });
    expect(await ipmitool("user", "list", "1")).toMatch(/2\s+metal/);
  });

  it("goes off with its QEMU, and remembers its users over a restart", async () => {
    const on = events.findLast((event) => event.event === "power") as { pid: number };
    expect(running(on.pid)).toBe(true);
    await ipmitool("power", "off");
    expect(await ipmitool("power", "status")).toContain("off");
    expect(running(on.pid)).toBe(false);
    await ipmitool("user", "set", "name", "3", "hammer");
    await ipmitool("power", "on");
    const again = events.findLast((event) => event.event === "power") as { pid: number };
    await stop();
    expect(running(again.pid)).toBe(false);
    await start();
    expect(await ipmitool("user", "list", "1")).toMatch(/3\s+hammer/);
  });

  it("takes its QEMU with it when it is killed", async () => {
    await ipmitool("power", "on");
    const { pid } = events.findLast((event) => event.event === "power") as { pid: number };
    server.kill("SIGKILL");
    await once(server, "exit");
    await expect.poll(() => running(pid), eventually).toBe(false);
    await start();
  });
});
