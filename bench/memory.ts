// The control plane's resident memory, idle, in one process with its embedded PostgreSQL; beside a bare Node process.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const SETTLE_MS = 15_000;
const ISSUE = "control-plane/metal-api/identity/issue.ts";

/** Resident set size, bytes (proc(5), VmRSS). */
function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
}

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`.padStart(8);

/** Starts a Node process, lets it settle, tells its resident memory, and ends it. */
async function measure(args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: "ignore", env: { ...process.env, ...env } });
  try {
    await sleep(SETTLE_MS);
    if (child.exitCode !== null) throw new Error(`node ${args.join(" ")} ended with code ${child.exitCode}`);
    return residentBytes(child.pid!);
  } finally {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

export async function benchMemory(): Promise<void> {
  const folder = mkdtempSync("/var/tmp/metal-bench-");
  try {
    const ca = ["--ca-cert", join(folder, "ca.pem"), "--ca-key", join(folder, "ca-key.pem")];
    execFileSync(process.execPath, [ISSUE, "--init", ...ca]);
    execFileSync(process.execPath, [
      ISSUE,
      ...ca,
      "--component",
      "metal-api",
      "--id",
      "metal-api",
      "--ip",
      "127.0.0.1",
      "--out",
      join(folder, "server"),
    ]);
    const bare = await measure(["-e", "setInterval(() => {}, 1000)"]);
    const controlPlane = await measure(["--max-semi-space-size=2", "control-plane/main.ts"], {
      METAL_API_PORT: "0",
      METAL_API_GRPC_PORT: "0",
      METAL_API_METRICS_PORT: "0",
      METAL_API_ALLOW_DEFAULT_KEYS: "true",
      METAL_API_EMBEDDED_POSTGRES_DIR: join(folder, "postgres"),
      METAL_API_GRPC_SERVER_CERT_FILE: join(folder, "server", "cert.pem"),
      METAL_API_GRPC_SERVER_KEY_FILE: join(folder, "server", "key.pem"),
      METAL_API_GRPC_CA_CERT_FILE: join(folder, "ca.pem"),
      METAL_API_GRPC_CA_KEY_FILE: join(folder, "ca-key.pem"),
    });
    console.log(`control plane, one process, idle ${mega(controlPlane)}`);
    console.log(`a Node process that does nothing ${mega(bare)}   ratio ${(controlPlane / bare).toFixed(1)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
