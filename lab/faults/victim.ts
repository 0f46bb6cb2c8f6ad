// A process of the product that is killed and comes back at once.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface VictimPlan {
  readonly name: string;
  readonly program: string;
  /** Words in front of the command, to run it elsewhere. */
  readonly inside?: readonly string[];
  readonly env: () => Readonly<Record<string, string>>;
  /** Called for every line of its log; true when with this line the process serves. */
  readonly isReady: (line: Readonly<Record<string, unknown>>) => boolean;
  readonly logFolder: string;
  /** Module with the program's code: read by the next process while this one serves, so that a start takes no second. */
  readonly code?: string | undefined;
}

/** A cold start on a loaded machine, with a database that recovers. */
const START_PATIENCE_MS = 90_000;
const STOP_PATIENCE_MS = 10_000;
/** Before a process that ended by itself is started again. */
const RESTART_MS = 500;
const COMPILE_CACHE = join(tmpdir(), `metal-faults-compiled-${process.getuid?.() ?? 0}`);
const REPOSITORY = new URL("../..", import.meta.url).pathname;
const STANDBY = "lab/faults/standby.ts";

export class Victim {
  readonly name: string;
  readonly #plan: VictimPlan;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  /** Has read its code and waits for its turn. */
  #next: ChildProcessWithoutNullStreams | undefined;
  #ready: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Ends that nobody asked for. */
  readonly crashes: string[] = [];

  constructor(plan: VictimPlan) {
    this.name = plan.name;
    this.#plan = plan;
    this.#log = createWriteStream(join(plan.logFolder, `${plan.name}.log`), { flags: "a" });
  }

  /** Resolves when it serves. */
  start(): Promise<void> {
    const child = this.#next ?? this.#spawn();
    this.#next = undefined;
    // To the one that stands by; others read nothing.
    child.stdin.on("error", () => undefined).end("go\n");
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const patience = setTimeout(() => reject(new Error(`${this.name} does not come up`)), START_PATIENCE_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#log.write(`${line}\n`);
      if (!this.#plan.isReady(parse(line))) return;
      resolve();
      if (this.#plan.code && !this.#stopped) this.#next ??= this.#spawn();
    });
    child.stderr.on("data", (bytes: Buffer) => this.#log.write(bytes));
    child.once("exit", (code, signal) => {
      clearTimeout(patience);
      resolve();
      if (this.#stopped || this.#child !== child) return;
      this.crashes.push(signal ?? `exit code ${code}`);
      // As systemd would.
      setTimeout(() => this.#stopped || void this.start(), RESTART_MS);
    });
    this.#ready = promise.finally(() => clearTimeout(patience));
    this.#ready.catch(() => undefined);
    return this.#ready;
  }

  #spawn(): ChildProcessWithoutNullStreams {
    const { program, code, inside = [] } = this.#plan;
    const words =
      code === undefined ? [REPOSITORY + program] : [STANDBY, code, program].map((file) => REPOSITORY + file);
    // It dies with us, however we end.
    const [command, ...parameters] = [...inside, "setpriv", "--pdeathsig", "KILL", process.execPath, ...words];
    return spawn(command!, parameters, {
      cwd: REPOSITORY,
      stdio: ["pipe", "pipe", "pipe"],
      // A shared compile cache makes hundreds of starts a third cheaper.
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: COMPILE_CACHE, LOG_LEVEL: "info", ...this.#plan.env() },
    });
  }

  /** Without a chance to say goodbye. The next one is starting when this returns. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    await end(child);
    void this.start();
  }

  /** Resolves when it serves again. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** In good order: that also fills the compile cache. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#next?.kill("SIGKILL");
    if (this.#child) await end(this.#child, "SIGTERM");
    this.#log.end();
  }
}

async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const patience = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  await exited;
  clearTimeout(patience);
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { msg: line };
  }
}
