// The service as a process: it starts by the original's settings, serves, and ends with a signal.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { testDatabase } from "@metal-stack/database";
import { ipamMigrations } from "@metal-stack/ipam";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

function start(settings: Record<string, string>) {
  const env = { PATH: process.env["PATH"], ...settings };
  return spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "inherit"] });
}

test("it serves until it is told to stop", async () => {
  const database = await testDatabase<object>(ipamMigrations);
  const child = start({
    GOIPAM_GRPC_SERVER_ENDPOINT: "127.0.0.1:0",
    GOIPAM_METRICS_ENDPOINT: "127.0.0.1:0",
    GOIPAM_DATABASE_URL: database.url,
  });
  const ended = once(child, "close");
  let port: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; port?: number };
    if (entry.msg !== "serving") continue;
    port = entry.port;
    break;
  }
  const answer = await fetch(`http://127.0.0.1:${port}/api.v1.IpamService/ListNamespaces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(await answer.json()).toEqual({ namespace: ["root"] });
  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
  await database.drop();
});

test("it says which setting is wrong", async () => {
  const child = start({ GOIPAM_GRPC_SERVER_ENDPOINT: "nowhere" });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  expect((await once(child, "close"))[0]).toBe(2);
  expect(output).toContain('GOIPAM_GRPC_SERVER_ENDPOINT must be host:port, not \\"nowhere\\"');
});
