// The server lives as long as somebody holds it. Holding is an open write end of a named pipe, which the kernel closes
// even when its owner is killed; a shell, the keeper, reads the pipe and stops PostgreSQL at its end. So several
// processes may use one directory, in any order, and none leaves a server behind.
import { closeSync, constants, openSync } from "node:fs";
import { type Account, spawnAs } from "./account.ts";

/** The pipe is opened before PostgreSQL starts: whoever sees a server without a reader of the pipe sees a stale one. */
const KEEPER = `
[ -p "$1" ] || mkfifo -m 600 "$1" 2>/dev/null
exec 3<"$1"
shift
"$@" 3<&- &
postmaster=$!
{ while read -r _; do :; done; kill -INT $postmaster; } <&3 &
watcher=$!
wait $postmaster
kill $watcher 2>/dev/null
`;

/** Starts the keeper and, once it is held, PostgreSQL. Both outlive this process until the pipe is released. */
export function startKeeper(
  account: Account,
  pipe: string,
  command: readonly string[],
  options: { readonly cwd: string; readonly logFile: number; readonly env: NodeJS.ProcessEnv },
): void {
  const keeper = spawnAs(account, ["sh", "-c", KEEPER, "keeper", pipe, ...command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", options.logFile, options.logFile],
    // Not in our process group: a terminal's Ctrl-C must not stop PostgreSQL before its users are done.
    detached: true,
  });
  // What went wrong shows as a server that does not answer; a missing shell is no case worth its own path.
  keeper.on("error", () => undefined);
  keeper.unref();
}

/** Holds the server. Undefined when no keeper runs. Release with {@link release}. */
export function hold(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    // ENXIO: nobody reads the pipe. ENOENT: there never was a keeper.
    if (["ENXIO", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

export function release(held: number): void {
  closeSync(held);
}
