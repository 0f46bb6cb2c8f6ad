// Our process on a free port, for those who compare it with the original.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { serverSettings } from "./original.ts";

/** @param folder with the certificates @param url of an embedded PostgreSQL */
export async function startOurs(
  folder: string,
  url: string,
): Promise<{ address: string; metricsUrl: string; stop(): Promise<number | null> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      ...serverSettings(folder, url),
      MASTERDATA_API_PORT: "0",
      MASTERDATA_API_METRICS_PORT: "0",
    },
  });
  const { port, metricsPort } = await new Promise<{ port: number; metricsPort: number }>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`masterdata-api ended with ${code}`)));
    createInterface(child.stdout).on("line", (line) => {
      const entry = JSON.parse(line) as { msg: string; address?: { port: number }; metricsPort?: number };
      if (entry.msg === "serving") resolve({ port: entry.address!.port, metricsPort: entry.metricsPort! });
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    stop: async () => {
      const exited = once(child, "exit") as Promise<[number | null]>;
      child.kill("SIGTERM");
      return (await exited)[0];
    },
  };
}
