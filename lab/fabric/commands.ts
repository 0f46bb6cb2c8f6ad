import { spawn } from "node:child_process";

/** Runs a command, with text on its standard input. @throws Error with what it complained about */
export async function run(command: readonly string[], input = ""): Promise<string> {
  const [program, ...parameters] = command;
  const child = spawn(program!, parameters, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${command.join(" ")}: ${complaint.trim() || `exit code ${code}`}`);
  return output;
}

/** Words that run a command in a named namespace; undefined is this one. */
export function inside(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
}

/** Runs many `ip` commands in one process, up to the first that fails. */
export async function ip(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await run(["ip", ...where, "-batch", "-"], `${commands.join("\n")}\n`);
}

export async function sysctl(namespace: string | undefined, settings: Readonly<Record<string, number>>): Promise<void> {
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  await run([...inside(namespace), "sysctl", "-qw", ...assignments]);
}
