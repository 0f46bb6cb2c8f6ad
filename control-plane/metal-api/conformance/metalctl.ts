// The original's command line as a process: built through Go's module proxy, or the program that ORIGINAL_METALCTL names.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KEYS } from "./control-plane.ts";

const VERSION = "v0.18.8";
const FOLDER = fileURLToPath(new URL(`../../../.cache/metalctl-${VERSION}`, import.meta.url));
const BUILD_TIMEOUT_MS = 300_000;

/** Where the program is, or why it cannot be here. */
export function findMetalctl(): { readonly program: string } | { readonly missing: string } {
  const program = process.env["ORIGINAL_METALCTL"] ?? `${FOLDER}/metalctl`;
  if (existsSync(program)) return { program };
  try {
    execFileSync("go", ["install", `github.com/metal-stack/metalctl@${VERSION}`], {
      env: { ...process.env, GOBIN: FOLDER },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: BUILD_TIMEOUT_MS,
    });
    return { program: `${FOLDER}/metalctl` };
  } catch {
    return {
      missing: `"go install github.com/metal-stack/metalctl@${VERSION}" fails here; ORIGINAL_METALCTL may name a program`,
    };
  }
}

/** Instead of an exit code. */
const TIMED_OUT = -1;
const COMMAND_TIMEOUT_MS = 20_000;

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Metalctl = (args: readonly string[], documents?: readonly object[]) => Promise<Printed>;

/** @param home its configuration is looked for there. The returned function gives documents to standard input as YAML. */
export function metalctlFor(program: string, url: string, home: string): Metalctl {
  return async (args, documents = []) => {
    const env = { HOME: home, METALCTL_API_URL: url, METALCTL_HMAC: KEYS["Metal-Admin"] };
    const child = spawn(program, [...args, "--yes-i-really-mean-it"], { env, cwd: home, timeout: COMMAND_TIMEOUT_MS });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A command that reads nothing may end before anything is written.
    child.stdin.on("error", () => undefined);
    // JSON is YAML.
    child.stdin.end(documents.map((document) => `---\n${JSON.stringify(document)}\n`).join(""));
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? TIMED_OUT, stdout, stderr };
  };
}
