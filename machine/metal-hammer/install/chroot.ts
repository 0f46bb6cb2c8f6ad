// Runs the image's own installer in a chroot of the new system.
import { spawn } from "node:child_process";
import { access, mkdir, readdir, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { ROOT } from "./rules-layout.ts";

/** In the order of mounting; those that the machine does not have are left out. */
const SPECIAL_MOUNTS = [
  { type: "proc", path: "/proc" },
  { type: "sysfs", path: "/sys" },
  { type: "efivarfs", path: "/sys/firmware/efi/efivars", onlyIf: "/sys/firmware/efi/efivars" },
  { type: "tmpfs", path: "/tmp" },
  { type: "bind", path: "/dev" },
] as const;

/** The first one the image has is run (reference/partition-services.md 3.5). */
const INSTALLERS = ["install-go", "install.sh"];

/** The slowest known installer takes under a minute on real hardware. */
const TIME_LIMIT_MS = 15 * 60_000;

/** How much of the installer's output goes into the error when it fails. */
const OUTPUT_TAIL = 4_096;

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export async function mountSpecial(signal: AbortSignal): Promise<void> {
  for (const mount of SPECIAL_MOUNTS) {
    if ("onlyIf" in mount && !(await exists(mount.onlyIf))) continue;
    const target = join(ROOT, mount.path);
    await mkdir(target, { recursive: true });
    await run(
      "mount",
      mount.type === "bind" ? ["--bind", mount.path, target] : ["-t", mount.type, mount.type, target],
      { signal },
    );
  }
}

/** Ends what the installer left running in the chroot: it would keep the disks busy. */
export async function endProcessesInRoot(): Promise<void> {
  for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const root = await readlink(`/proc/${id}/root`).catch(() => "");
    if (root !== ROOT && !root.startsWith(`${ROOT}/`)) continue;
    try {
      process.kill(Number(id), "SIGKILL");
    } catch {
      // Ended by itself.
    }
  }
}

/**
 * Runs `/install-go` or `/install.sh` of the image and removes it. Its output goes to the console, line by line.
 * @throws when there is none, when it fails (with the end of its output), or after 15 minutes
 */
export async function runInstaller(onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  for (const name of INSTALLERS) {
    if (!(await exists(join(ROOT, name)))) continue;
    await runInRoot(`/${name}`, onLine, signal);
    await rm(join(ROOT, name), { force: true });
    return;
  }
  throw new Error(`the image has neither ${INSTALLERS.map((name) => `/${name}`).join(" nor ")}: it is no OS image`);
}

async function runInRoot(program: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
  limit.throwIfAborted();
  // A group of its own, so that what it started can be ended with it.
  const child = spawn("chroot", [ROOT, program], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    cwd: "/",
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
      LANG: "C.UTF-8",
      INSTALL_FROM_CI: "false",
    },
  });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  limit.addEventListener("abort", end, { once: true });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    let line = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-OUTPUT_TAIL);
      const lines = (line + text).split("\n");
      line = lines.pop()!.slice(-OUTPUT_TAIL);
      lines.forEach(onLine);
    });
  }
  try {
    // "exit", not "close": a daemon it started may keep its output open.
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("exit", resolve));
    signal.throwIfAborted();
    if (limit.aborted)
      throw new Error(`${program} of the image did not end within ${TIME_LIMIT_MS / 60_000} minutes: ${tail.trim()}`);
    if (code !== 0) throw new Error(`${program} of the image ended with code ${code}: ${tail.trim()}`);
  } finally {
    limit.removeEventListener("abort", end);
  }
}
