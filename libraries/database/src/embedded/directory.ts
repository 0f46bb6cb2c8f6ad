// The folder of an embedded server: data/, socket/, the holders' pipe and the log.
import { createHash, randomUUID } from "node:crypto";
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Account, chooseAccount, spawnAs } from "./account.ts";
import { findBinaries, libraryPath } from "./binaries.ts";

export interface Installation {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  readonly pipe: string;
  readonly logFile: string;
  readonly account: Account;
  readonly postgres: string;
  readonly major: number;
  readonly env: NodeJS.ProcessEnv;
}

/** A unix socket's path has at most 107 bytes (sockaddr_un); PostgreSQL appends this and, for the lock file, ".lock". */
const SOCKET_FILE = "/.s.PGSQL.5432.lock";
const MAX_SOCKET_PATH = 107;
/** The only account of the server; the socket's folder says who may use it. */
export const SUPERUSER = "metal";

/** Prepares the folder: makes what is missing, decides who runs the server, and initialises the data once. */
export async function prepareDirectory(directory: string, durable: boolean): Promise<Installation> {
  const root = resolve(directory);
  const data = join(root, "data");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const binaries = findBinaries(data);
  const account = chooseAccount(root, join(binaries.bin, "postgres"));
  const libraries = libraryPath(binaries, join(root, "libraries"));
  const installation: Installation = {
    root,
    data,
    socket: socketDirectory(root, account),
    pipe: join(root, "holders"),
    logFile: join(root, "log"),
    account,
    postgres: join(binaries.bin, "postgres"),
    major: binaries.major,
    env: {
      PATH: process.env["PATH"],
      LC_ALL: "C",
      ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
    },
  };
  if (!existsSync(data)) {
    await initialise(installation, [join(binaries.bin, "initdb"), ...(durable ? [] : ["--no-sync"])]);
  }
  return installation;
}

function socketDirectory(root: string, account: Account): string {
  const inside = join(root, "socket");
  const tooLong = Buffer.byteLength(inside + SOCKET_FILE) > MAX_SOCKET_PATH;
  const name = `metal-pg-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`;
  const folder = tooLong ? join(tmpdir(), name) : inside;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid!);
  const { uid } = lstatSync(folder);
  const expected = account.uid ?? process.getuid?.();
  if (uid !== expected)
    throw new Error(`${folder} belongs to user ${uid}, not ${expected}: remove it or use another directory`);
  return folder;
}

/** `initdb` into a folder of its own, renamed when complete: a crash leaves no half-made data, and a second one loses. */
async function initialise(installation: Installation, initdb: readonly string[]): Promise<void> {
  const fresh = join(installation.root, `data.${randomUUID()}`);
  const output: string[] = [];
  const command = [...initdb, "-D", fresh, "-U", SUPERUSER, "--auth=trust", "-E", "UTF8", "--no-locale"];
  const child = spawnAs(installation.account, command, {
    cwd: installation.root,
    env: installation.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const status = await new Promise((done, failed) => child.once("error", failed).once("close", done));
  if (status !== 0) throw new Error(`initdb failed with status ${String(status)}:\n${output.join("")}`);
  try {
    renameSync(fresh, installation.data);
  } catch (error) {
    rmSync(fresh, { recursive: true });
    if (!existsSync(join(installation.data, "PG_VERSION"))) throw error;
  }
}

/** The last lines of the server's log, for an error message. */
export function logTail(installation: Installation): string {
  try {
    return readFileSync(installation.logFile, "utf8").split("\n").slice(-15).join("\n");
  } catch {
    return "(no log)";
  }
}
