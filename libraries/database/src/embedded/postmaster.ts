// What PostgreSQL's own lock file says of a running server. https://www.postgresql.org/docs/current/storage-file-layout.html
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Postmaster {
  readonly pid: number;
  readonly stopping: boolean;
}

const FILE = "postmaster.pid";
const STATUS_LINE = 7;

/** What the lock file of a data directory says; undefined when there is none. The process may be gone. */
export function readPostmaster(dataDirectory: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, FILE), "utf8").split("\n");
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    return { pid, stopping: lines[STATUS_LINE]?.trim() === "stopping" };
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True when that process is PostgreSQL on this data directory (and not somebody who got the number after a reboot). */
function isPostmasterOf(pid: number, dataDirectory: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return command.includes(dataDirectory) && command[0]!.endsWith("postgres");
  } catch {
    return false;
  }
}

/**
 * Clears what a killed keeper or a reboot left behind: a server nobody holds is asked to stop, and a lock file that is
 * empty or names somebody else's process, which PostgreSQL would respect, is removed. Call only while no keeper runs.
 */
export function clearStale(dataDirectory: string): void {
  const postmaster = readPostmaster(dataDirectory);
  const itsOwn = postmaster && isPostmasterOf(postmaster.pid, dataDirectory);
  if (!itsOwn) rmSync(join(dataDirectory, FILE), { force: true });
  else if (!postmaster.stopping) process.kill(postmaster.pid, "SIGINT");
}
