// The original's command line as a process. It is no module of its own on Go's proxy: whoever has built it from its
// repository names the program in ORIGINAL_METALCTL, and these tests run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { KEYS } from "./control-plane.ts";

/** Where the program is, or why it cannot be here. */
export function findMetalctl(): { readonly program: string } | { readonly missing: string } {
  const program = process.env["ORIGINAL_METALCTL"];
  if (program !== undefined) return { program };
  return { missing: "ORIGINAL_METALCTL names no program: build the original's metalctl from its repository" };
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
