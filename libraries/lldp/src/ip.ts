import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 5_000;

/** Runs iproute2's `ip`. @throws Error with what `ip` printed */
export async function ip(...parameters: string[]): Promise<string> {
  try {
    return (await run("ip", parameters, { timeout: TIMEOUT_MS })).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`ip ${parameters.join(" ")}: ${stderr?.trim() || message}`, { cause: error });
  }
}

/** The kernel's number of an interface. (Not from /sys, which may be mounted for another network namespace.) */
export async function interfaceIndex(name: string): Promise<number> {
  const links = JSON.parse(await ip("-j", "link", "show", "dev", name)) as { ifindex: number }[];
  return links[0]!.ifindex;
}
