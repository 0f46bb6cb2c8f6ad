import { closeSync, openSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, escapeIdentifier } from "pg";
import { type Installation, logTail, prepareDirectory, SUPERUSER } from "./directory.ts";
import { hold, release, startKeeper } from "./keeper.ts";
import { clearStale, isAlive, readPostmaster } from "./postmaster.ts";
import { serverSettings } from "./settings.ts";

export interface EmbeddedOptions {
  /** Where data, socket and log live; made when missing. Several processes may share one. */
  readonly directory: string;
  /** The database to make and to name in `url`. */
  readonly database?: string;
  readonly log?: { info(message: string): void; warn(message: string): void };
  /** False only for tests: faster, and lost at a power failure. */
  readonly durable?: boolean;
}

/** Recovery after a crash may take a while; longer than this is a fault. */
const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 20;
/** How soon a crash of PostgreSQL is noticed. */
const WATCH_INTERVAL_MS = 250;
/** The keeper needs a moment to see that nobody holds the server any more. */
const RELEASE_MS = 300;
const STOP_TIMEOUT_MS = 15_000;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * PostgreSQL as a child of its users: started by the first process that needs the directory, restarted after a crash,
 * stopped when the last one is gone, however it ended. Reached through a unix socket only its owner (and root) may open.
 */
export class EmbeddedPostgres {
  readonly url: string;
  readonly #installation: Installation;
  readonly #options: EmbeddedOptions;
  #held: number | undefined;
  #pid: number | undefined;
  #watch: NodeJS.Timeout | undefined;
  #restarting: Promise<void> | undefined;
  #stopped = false;

  private constructor(installation: Installation, options: EmbeddedOptions) {
    this.#installation = installation;
    this.#options = options;
    this.url = this.urlOf(options.database ?? "metal");
  }

  /** Starts or joins the server of a directory. Throws with the end of PostgreSQL's log when it does not come up. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const server = new EmbeddedPostgres(await prepareDirectory(options.directory, options.durable ?? true), options);
    try {
      await server.#ensureRunning();
      await server.#createDatabase(options.database ?? "metal");
    } catch (error) {
      server.#release();
      throw error;
    }
    server.#watch = setInterval(() => server.#check(), WATCH_INTERVAL_MS);
    server.#watch.unref();
    return server;
  }

  urlOf(database: string): string {
    return `postgres://${SUPERUSER}@/${database}?host=${encodeURIComponent(this.#installation.socket)}`;
  }

  /** The server's process id, for those who watch it. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Lets go of the server; resolves when it has ended, or at once when others still use it. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#watch);
    await this.#restarting?.catch(() => undefined);
    this.#release();
    const { data } = this.#installation;
    const released = Date.now();
    while (Date.now() - released < STOP_TIMEOUT_MS) {
      const postmaster = readPostmaster(data);
      if (!postmaster || !isAlive(postmaster.pid)) return;
      if (!postmaster.stopping && Date.now() - released > RELEASE_MS) return;
      await sleep(RETRY_MS);
    }
  }

  #release(): void {
    if (this.#held !== undefined) release(this.#held);
    this.#held = undefined;
  }

  #check(): void {
    if (this.#restarting || this.#pid === undefined || isAlive(this.#pid)) return;
    this.#options.log?.warn("PostgreSQL ended unexpectedly, starting it again");
    this.#restarting = this.#ensureRunning()
      .catch((error: unknown) => this.#options.log?.warn(`PostgreSQL does not start: ${(error as Error).message}`))
      .finally(() => {
        this.#restarting = undefined;
      });
  }

  /** Until it answers: hold it, and start it when nobody keeps it. Others may be doing the same; PostgreSQL admits one. */
  async #ensureRunning(): Promise<void> {
    const { pipe, data } = this.#installation;
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (let failure: unknown; Date.now() < deadline; await sleep(RETRY_MS)) {
      const probe = hold(pipe);
      if (probe === undefined) {
        clearStale(data);
        if (!isAliveIn(data)) await this.#startKeeper();
        continue;
      }
      if (this.#held === undefined) this.#held = probe;
      else release(probe);
      failure = await this.#query("postgres", "select 1").then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) continue;
      this.#pid = readPostmaster(data)?.pid;
      return;
    }
    throw new Error(`PostgreSQL in ${data} did not start. The end of its log:\n${logTail(this.#installation)}`);
  }

  async #startKeeper(): Promise<void> {
    const { account, pipe, postgres, data, logFile, root, env, major, socket } = this.#installation;
    const settings = serverSettings({ major, socketDirectory: socket, durable: this.#options.durable ?? true });
    const log = openSync(logFile, tooLarge(logFile) ? "w" : "a", 0o600);
    startKeeper(account, pipe, [postgres, "-D", data, ...settings], { cwd: root, logFile: log, env });
    closeSync(log);
    this.#options.log?.info("PostgreSQL is starting");
    // The keeper opens the pipe before anything else; hold it as soon as that is done.
    for (let tries = 0; tries < 100 && this.#held === undefined; tries += 1) {
      this.#held = hold(pipe);
      if (this.#held === undefined) await sleep(RETRY_MS);
    }
  }

  async #createDatabase(database: string): Promise<void> {
    const name = escapeIdentifier(database);
    await this.#query("postgres", `create database ${name}`).catch((error: { code?: string }) => {
      // duplicate_database, or another process's create of it that runs at the same moment (unique_violation).
      if (error.code !== "42P04" && error.code !== "23505") throw error;
    });
  }

  async #query(database: string, text: string): Promise<void> {
    const client = new Client({
      connectionString: this.urlOf(database),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(text);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function isAliveIn(data: string): boolean {
  const postmaster = readPostmaster(data);
  return postmaster !== undefined && isAlive(postmaster.pid);
}

function tooLarge(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES;
}
