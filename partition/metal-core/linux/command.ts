import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a program with its arguments and answers its standard output. @throws Error with what it complained about */
export type Run = (command: readonly string[]) => Promise<string>;

const execute = promisify(execFile);
const TIMEOUT_MS = 10_000;
/** `bridge fdb show` of a leaf with many servers. */
const LARGEST_OUTPUT = 64 * 1024 * 1024;

/** @param inside words put in front of every command, as `ip netns exec leaf01` */
export function runner(inside: readonly string[] = []): Run {
  return async (command) => {
    const [program, ...parameters] = [...inside, ...command];
    try {
      return (await execute(program!, parameters, { timeout: TIMEOUT_MS, maxBuffer: LARGEST_OUTPUT })).stdout;
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new Error(`${command.join(" ")}: ${stderr?.trim() || message}`, { cause: error });
    }
  };
}
