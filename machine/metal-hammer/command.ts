// Running the field's own tools (sgdisk, mkfs, nvme, ipmitool, …) from the hammer.
import { spawn } from "node:child_process";

/** A command that could not be started, ended with a non-zero code, was killed, or took too long. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number | null;
  readonly output: string;

  constructor(message: string, exitCode: number | null, output: string) {
    super(message);
    this.exitCode = exitCode;
    this.output = output;
  }
}

export interface CommandOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Killed after this many milliseconds; 10 minutes when unset. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Keeps at most this much of each output stream; tools that talk more are cut, not buffered. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;

/**
 * Runs a program without a shell and returns its standard output.
 * @throws {CommandError} with the last lines the program wrote, when it does not end with code 0
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: "SIGKILL",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout = (stdout + chunk).slice(-OUTPUT_LIMIT)));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr = (stderr + chunk).slice(-OUTPUT_LIMIT)));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
    child.on("error", (error) => reject(new CommandError(`${command}: ${error.message}`, null, stderr)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      const tail = (stderr.trim() || stdout.trim()).split("\n").slice(-5).join("; ");
      reject(
        new CommandError(
          `${command} ${args.join(" ")}: ${signal ? `killed by ${signal}` : `exit code ${code}`}: ${tail}`,
          code,
          stdout + stderr,
        ),
      );
    });
  });
}
