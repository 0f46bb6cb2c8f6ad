// A real S3 server (gofakes3), built once through the Go module proxy and kept in .cache/.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";

const MODULE = "github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0";
const FOLDER = fileURLToPath(new URL("../../../.cache/gofakes3", import.meta.url));
const BINARY = `${FOLDER}/gofakes3`;
const START_TIMEOUT_MS = 30_000;

/** The path of the server; undefined, and a loud line why, where it cannot be built. */
export async function buildS3Server(): Promise<string | undefined> {
  if (existsSync(BINARY)) return BINARY;
  try {
    await promisify(execFile)("go", ["install", MODULE], { env: { ...process.env, GOBIN: FOLDER } });
    return BINARY;
  } catch (error) {
    console.log(`SKIPPED: firmware against a real S3 server: ${(error as Error).message.slice(0, 300)}`);
    return undefined;
  }
}

/** Starts it with one bucket, everything in memory. */
export async function startS3Server(binary: string, bucket: string) {
  const port = await freePort();
  const args = ["-host", `127.0.0.1:${port}`, "-backend", "memory", "-initialbucket", bucket, "-quiet"];
  const server = spawn(binary, args, { stdio: "ignore" });
  const address = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    if (
      await fetch(address).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    if (Date.now() > until || server.exitCode !== null) throw new Error("the S3 server does not start");
  }
  return {
    address,
    stop: () =>
      new Promise<void>((resolve) => {
        server.once("exit", () => resolve());
        server.kill();
      }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
