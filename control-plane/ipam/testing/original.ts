// The real go-ipam: its server and its command line client, built by Go from the module proxy.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A Go module that names version and checksums; the benchmark's peer is built from it, too. */
const MODULE = fileURLToPath(new URL("../../../bench/go-ipam", import.meta.url));
const COMMANDS = "github.com/metal-stack/go-ipam/cmd";
const FOLDER = fileURLToPath(new URL("../../../.cache/go-ipam", import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** Without a cache: some hundred modules to fetch and to compile. */
export const BUILD_TIMEOUT_MS = 600_000;

export interface Original {
  readonly server: string;
  readonly client: string;
}

/** Paths of the binaries; undefined, and a loud line why, where they cannot be built. */
export async function buildOriginal(): Promise<Original | undefined> {
  const pins = createHash("sha256")
    .update(readFileSync(`${MODULE}/go.sum`))
    .digest("hex")
    .slice(0, 12);
  const folder = `${FOLDER}/${pins}`;
  const original = { server: `${folder}/server`, client: `${folder}/client` };
  if (existsSync(original.server) && existsSync(original.client)) return original;
  try {
    mkdirSync(folder, { recursive: true });
    const packages = [`${COMMANDS}/server`, `${COMMANDS}/client`];
    await promisify(execFile)("go", ["build", "-trimpath", "-o", `${folder}/`, ...packages], {
      cwd: MODULE,
      timeout: BUILD_TIMEOUT_MS,
    });
    return original;
  } catch (error) {
    console.warn(`SKIPPED: the real go-ipam is not built here: ${(error as Error).message.slice(0, 500)}`);
    return undefined;
  }
}

/** Starts the real server with its memory backend on a free port. */
export async function startOriginal({ server }: Original): Promise<{ url: string; stop(): Promise<void> }> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(server, ["--grpc-server-endpoint", `127.0.0.1:${port}`, "memory"], {
    // Its third port, for profiles, is fixed; it goes on without when that is taken.
    env: { ...process.env, GOIPAM_METRICS_ENDPOINT: `127.0.0.1:${metricsPort}`, GOIPAM_LOG_LEVEL: "error" },
    stdio: "ignore",
  });
  const ended = once(child, "close");
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    const answered = await fetch(`${url}/api.v1.IpamService/Version`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    }).catch(() => undefined);
    if (answered?.ok) break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("the real go-ipam does not start");
  }
  return {
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
