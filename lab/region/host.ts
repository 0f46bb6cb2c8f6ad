// The host's side of a region: starts it in namespaces of its own, lends it a port on loopback, and makes sure that
// nothing of it is left when it ends.
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { forgetMetalctl } from "./metalctl.ts";
import { relayTo } from "./relay.ts";
import { clearState, LAB_FOLDER, runningRegion, writeState } from "./state.ts";

/** Where metalctl finds the API unless it is taken; the original's default port. */
const API_PORT = 8080;

/** Passes TCP connections on a loopback port to the region's UNIX socket. */
async function lendPort(socketPath: string): Promise<{ server: Server; port: number }> {
  const server = relayTo({ path: socketPath });
  const listen = (port: number) =>
    new Promise<void>((done, failed) => {
      server.once("error", failed);
      server.listen(port, "127.0.0.1", () => done());
    });
  await listen(API_PORT).catch(() => listen(0));
  return { server, port: (server.address() as AddressInfo).port };
}

/** Which story a region tells: for watchers until Ctrl-C, the whole one with a verdict, or what `bench/` measures. */
export type Story = "watch" | "once" | "speed";

export interface RegionOptions {
  readonly story: Story;
  /** QEMU starts kernel and initramfs by itself. */
  readonly bare?: boolean;
}

/**
 * Runs a region until it ends or this process is told to stop.
 * @returns the region's exit code
 * @throws Error when one runs already
 */
export async function runRegion(options: RegionOptions): Promise<number> {
  const running = runningRegion();
  if (running)
    throw new Error(
      `a lab runs already (pid ${running.pid}, API ${running.apiUrl}); end it with Ctrl-C in its terminal`,
    );
  rmSync(join(LAB_FOLDER, "logs"), { recursive: true, force: true });
  mkdirSync(join(LAB_FOLDER, "logs"), { recursive: true });
  // Sockets need short paths, and PostgreSQL a folder that another user can reach: not below the checkout.
  const runFolder = mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), "metal-lab-"));
  chmodSync(runFolder, 0o711);
  const { server, port } = await lendPort(join(runFolder, "api.sock"));
  const apiUrl = `http://127.0.0.1:${port}/metal`;
  const userNamespace = process.getuid?.() !== 0;
  clearState();

  const child = spawn(
    "setpriv",
    // Whatever happens to us, the kernel ends the region, and with its first process everything inside.
    ["--pdeathsig", "KILL", "unshare"].concat(
      userNamespace ? ["--user", "--map-root-user"] : [],
      ["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"],
      [process.execPath, resolve("lab/region/main.ts")],
    ),
    {
      stdio: "inherit",
      env: {
        ...process.env,
        LAB_RUN_FOLDER: runFolder,
        LAB_API_URL: apiUrl,
        LAB_STORY: options.story,
        LAB_BARE: options.bare ? "1" : "",
      },
    },
  );
  const ended = new Promise<number>((done) => {
    child.on("error", (error) => {
      console.error(`cannot start the region: ${error.message}`);
      done(1);
    });
    child.on("close", (code, signal) => done(code ?? (signal ? 1 : 0)));
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      // From a terminal the region got Ctrl-C itself; otherwise it is told here.
      const first = firstProcess(child.pid);
      if (first) process.kill(first, "SIGTERM");
    });
  }
  const waitForFirst = setInterval(() => {
    const pid = firstProcess(child.pid);
    if (!pid) return;
    clearInterval(waitForFirst);
    writeState({ pid, userNamespace, apiUrl, runFolder });
  }, 50);
  const code = await ended;
  clearInterval(waitForFirst);
  server.close();
  forgetMetalctl();
  clearState();
  keepConsoles(runFolder);
  rmSync(runFolder, { recursive: true, force: true, maxRetries: 3 });
  return code;
}

/** What the servers said on their serial consoles is worth reading afterwards. */
function keepConsoles(runFolder: string): void {
  for (const file of globSync("*.console", { cwd: runFolder }))
    copyFileSync(join(runFolder, file), join(LAB_FOLDER, "logs", file));
}

/** The region's first process: the only child of `unshare`. */
function firstProcess(unsharePid: number | undefined): number | undefined {
  if (!unsharePid) return undefined;
  try {
    const children = readFileSync(`/proc/${unsharePid}/task/${unsharePid}/children`, "utf8").trim();
    return children ? Number(children.split(" ")[0]) : undefined;
  } catch {
    return undefined;
  }
}
