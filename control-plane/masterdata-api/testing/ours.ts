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
): Promise<{ address: string; stop(): Promise<number | null> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...serverSettings(folder, url), MASTERDATA_API_PORT: "0" },
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`masterdata-api ended with ${code}`)));
    createInterface(child.stdout).on("line", (line) => {
      const entry = JSON.parse(line) as { msg: string; address?: { port: number } };
      if (entry.msg === "serving") resolve(entry.address!.port);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      const exited = once(child, "exit") as Promise<[number | null]>;
      child.kill("SIGTERM");
      return (await exited)[0];
    },
  };
}
