// PostgreSQL refuses to run as root. This decides who runs it instead, and starts programs in that name.
import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { chownSync, readFileSync, statSync } from "node:fs";

/** How a program is started so that it does not see itself as root. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
  /** Put in front of the command line. */
  readonly prefix: readonly string[];
}

const OURSELVES: Account = { prefix: [] };
/** In a user namespace of its own the program sees itself as nobody, while files still belong to us. */
const AS_NOBODY_IN_A_NAMESPACE: Account = {
  prefix: ["unshare", "--user", "--map-user=65534", "--map-group=65534"],
};
const SYSTEM_USERS = ["postgres", "nobody"];

/** True when uid 0 here is the machine's root: all user ids are mapped, each to itself. */
function isRealRoot(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** uid and gid of the first of these users in a passwd file. */
function systemUser(passwd: string, names: readonly string[] = SYSTEM_USERS): Account | undefined {
  for (const name of names) {
    const fields = passwd
      .split("\n")
      .find((line) => line.startsWith(`${name}:`))
      ?.split(":");
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]), prefix: [] };
  }
  return undefined;
}

/**
 * Who runs PostgreSQL on `directory` (which exists). Ordinary users do it themselves. The machine's root uses the
 * directory's owner or a system user, and hands the directory over, provided that user can reach it and the programs;
 * otherwise, and for the root of a user namespace, a nested user namespace.
 */
export function chooseAccount(directory: string, program: string): Account {
  if (process.getuid?.() !== 0) return OURSELVES;
  if (!isRealRoot(readFileSync("/proc/self/uid_map", "utf8"))) return AS_NOBODY_IN_A_NAMESPACE;
  const owner = statSync(directory);
  const account =
    owner.uid === 0 ? systemUser(readFileSync("/etc/passwd", "utf8")) : { uid: owner.uid, gid: owner.gid, prefix: [] };
  if (!account || !canReach(account, directory, program)) return AS_NOBODY_IN_A_NAMESPACE;
  chownSync(directory, account.uid!, account.gid!);
  return account;
}

function canReach(account: Account, directory: string, program: string): boolean {
  const parent = 'cd "$1/.." && test -x "$2"';
  const { uid, gid } = account;
  return (
    spawnSync("sh", ["-c", parent, "sh", directory, program], { uid: uid!, gid: gid!, stdio: "ignore" }).status === 0
  );
}

/** Starts `command` as that account. */
export function spawnAs(account: Account, command: readonly string[], options: SpawnOptions): ChildProcess {
  const [program, ...rest] = [...account.prefix, ...command];
  return spawn(program!, rest, {
    ...options,
    ...(account.uid === undefined ? {} : { uid: account.uid }),
    ...(account.gid === undefined ? {} : { gid: account.gid }),
  });
}
