// The control plane as a process of its own on the database of an agents' world: clients speak to the process, simulated
// agents to the world, and both see the same store.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

export interface ControlPlane {
  /** With the base path, without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Keys of the three roles. */
export const KEYS = {
  "Metal-View": "key-of-the-viewers",
  "Metal-Edit": "key-of-the-editors",
  "Metal-Admin": "key-of-the-admins",
} as const;

/** What seals secrets in the database is the same for the world and the process. */
const SECRETS_KEY = Buffer.alloc(32, "test").toString("base64");

export async function startControlPlane(
  folder: string,
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<ControlPlane> {
  const keyFile = `${folder}/secrets.keys`;
  writeFileSync(keyFile, SECRETS_KEY, { mode: 0o600 });
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      METAL_API_DATABASE_URL: databaseUrl,
      METAL_API_SECRETS_KEY_FILE: keyFile,
      METAL_API_PORT: "0",
      METAL_API_METRICS_PORT: "0",
      METAL_API_BASE_PATH: "/metal/",
      METAL_API_HMAC_VIEW_KEY: KEYS["Metal-View"],
      METAL_API_HMAC_EDIT_KEY: KEYS["Metal-Edit"],
      METAL_API_HMAC_ADMIN_KEY: KEYS["Metal-Admin"],
      ...env,
    },
  });
  return { url: `http://127.0.0.1:${await portOf(child)}/metal`, stop: () => stop(child) };
}

async function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the control plane ended with ${code}`)));
    createInterface(child.stdout!).on("line", (line) => {
      const entry = JSON.parse(line) as { msg: string; port?: number; level: number };
      if (entry.msg === "serving REST") resolve(entry.port!);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
