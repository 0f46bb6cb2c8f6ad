// A real firmware boots from this server: QEMU in a network namespace, SeaBIOS with its iPXE, and OVMF with its own PXE.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const UUID = "4c4c4544-0051-4a10-8044-c7c04f443732";
const REASON = "this is only a test";
const OVMF = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const possible =
  process.getuid?.() === 0 &&
  ["qemu-system-x86_64", "radvd", "ip"].every((tool) => spawnSync("which", [tool]).status === 0);
if (!possible) console.warn("SKIPPED: booting real firmware needs root, qemu-system-x86_64, radvd and iproute2");

const namespace = `pixiecore-${process.pid}`;
let folder: string;
let log = "";
const children: ChildProcess[] = [];

function inNamespace(command: string, ...args: string[]): ChildProcess {
  const child = spawn("ip", ["netns", "exec", namespace, command, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: folder },
  });
  children.push(child);
  return child;
}

/** Starts a machine; its console. */
function powerOn(name: string, ...args: string[]): { console: () => string; off: () => void } {
  const path = join(folder, `${name}.console`);
  writeFileSync(path, "");
  const common =
    "-accel tcg,tb-size=128 -m 512 -display none -no-reboot -netdev tap,id=n0,ifname=tap0,script=no,downscript=no";
  const own = ["-serial", `file:${path}`, "-uuid", UUID, ...args];
  const machine = inNamespace("qemu-system-x86_64", ...common.split(" "), ...own);
  return { console: () => readFileSync(path, "latin1"), off: () => machine.kill("SIGKILL") };
}

/** What the server did for the machine, each kind of step once (firmware repeats itself on a slow host). */
function steps(): string[] {
  const lines = log.split("\n").filter((line) => line.includes('"step"'));
  const told = lines.map(
    (line) => JSON.parse(line) as { step: string; machine: string; client?: string; message?: string },
  );
  expect(told.every(({ machine }) => machine === UUID)).toBe(true);
  return [...new Set(told.map(({ step, client, message }) => (message ? `${message} to ${client}` : step)))];
}

describe.skipIf(!possible)("real firmware", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pixiecore-lab-"));
    const ip = (...args: string[]) => execFileSync("ip", args);
    ip("netns", "add", namespace);
    const inside = (...args: string[]) => ip("-n", namespace, ...args);
    inside("link", "set", "lo", "up");
    inside("link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0");
    inside("addr", "add", "10.255.0.2/24", "dev", "br0");
    inside("link", "set", "br0", "up");
    inside("tuntap", "add", "dev", "tap0", "mode", "tap");
    inside("link", "set", "tap0", "master", "br0", "up");
    inside("route", "add", "255.255.255.255", "dev", "br0");
    // iPXE waits 16 s for a router advertisement before it goes on without.
    const radvd =
      "interface br0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 0; };";
    writeFileSync(join(folder, "radvd.conf"), radvd);
    execFileSync("ip", ["netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"]);
    inNamespace("radvd", "-n", "-C", join(folder, "radvd.conf"), "-p", join(folder, "radvd.pid"), "-m", "none");
    const server = inNamespace(process.execPath, fileURLToPath(import.meta.resolve("./testing/lab-server.ts")), REASON);
    server.stdout!.on("data", (piece: Buffer) => (log += piece.toString()));
    await vi.waitFor(() => expect(log).toContain("boot server is ready"), { timeout: 50_000, interval: 100 });
  }, 60_000);

  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    const left = execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).split("\n").filter(Boolean);
    for (const pid of left) process.kill(Number(pid), "SIGKILL");
    execFileSync("ip", ["netns", "del", namespace]);
    rmSync(folder, { recursive: true });
  });

  it("with BIOS comes to the script that was made for it", { timeout: 120_000 }, async () => {
    const nic = "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,bootindex=1";
    const machine = powerOn("bios", "-machine", "q35,graphics=off", "-device", nic);
    await expect.poll(machine.console, { timeout: 100_000, interval: 200 }).toContain(REASON);
    machine.off();
    expect(steps()).toEqual(["OFFER to ipxe", "ACK to ipxe", "ipxe"]);
  });

  it.skipIf(!existsSync(OVMF))("with UEFI loads iPXE by TFTP first", { timeout: 200_000 }, async () => {
    log = "";
    const variables = join(folder, "vars.fd");
    copyFileSync("/usr/share/OVMF/OVMF_VARS_4M.fd", variables);
    const code = `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF}`;
    const flash = `if=pflash,format=raw,unit=1,file=${variables}`;
    // Without a ROM of its own the NIC is driven by OVMF.
    const nic = "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:02,bootindex=1,romfile=";
    const machine = powerOn("uefi", "-machine", "q35", "-drive", code, "-drive", flash, "-device", nic);
    await expect.poll(machine.console, { timeout: 180_000, interval: 200 }).toContain(REASON);
    machine.off();
    expect(steps()).toEqual(["OFFER to pxe-efi", "ACK to pxe-efi", "tftp", "OFFER to ipxe", "ACK to ipxe", "ipxe"]);
  });
});
