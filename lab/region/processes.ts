// The region's processes: started, logged, watched, started again when they die, and stopped in reverse order.
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly string[];
  /** Name of the network namespace to run in; the region's own when absent. */
  readonly namespace?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Every line the process writes to standard output; JSON lines arrive parsed. */
  readonly onLine?: (line: Record<string, unknown>) => void;
  /** Milliseconds between SIGTERM and SIGKILL when stopping; 5 000 when absent. */
  readonly patienceMs?: number;
}

/** Waiting time before a process that died is started again. */
const RESTART_MS = 500;

interface Running {
  readonly spec: ProcessSpec;
  readonly log: WriteStream;
  child: ChildProcess;
}

export class Processes {
  readonly #running = new Map<string, Running>();
  readonly #logFolder: string;
  readonly #onDeath: (name: string, how: string) => void;
  #stopping = false;

  constructor(logFolder: string, onDeath: (name: string, how: string) => void) {
    mkdirSync(logFolder, { recursive: true });
    this.#logFolder = logFolder;
    this.#onDeath = onDeath;
  }

  start(spec: ProcessSpec): void {
    const log = createWriteStream(join(this.#logFolder, `${spec.name}.log`), { flags: "a" });
    const running: Running = { spec, log, child: undefined as unknown as ChildProcess };
    this.#running.set(spec.name, running);
    this.#spawn(running);
  }

  /** Pid, as seen in the region's pid namespace, of a process; undefined while it is between two lives. */
  pid(name: string): number | undefined {
    return this.#running.get(name)?.child.pid;
  }

  get names(): string[] {
    return [...this.#running.keys()];
  }

  kill(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)?.child.kill(signal);
  }

  #spawn(running: Running): void {
    const { spec, log } = running;
    const [program, ...args] = spec.namespace ? ["ip", "netns", "exec", spec.namespace, ...spec.command] : spec.command;
    // Detached: Ctrl-C in the terminal goes to the region alone, which then stops everybody in order.
    const child = spawn(program!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ...spec.env },
    });
    running.child = child;
    child.on("error", (error) => log.write(`could not start: ${error.message}\n`));
    createInterface({ input: child.stdout }).on("line", (line) => {
      log.write(`${line}\n`);
      spec.onLine?.(parseLine(line));
    });
    child.stderr.on("data", (chunk: Buffer) => log.write(chunk));
    child.on("close", (code, signal) => {
      if (this.#stopping) return;
      this.#onDeath(spec.name, signal ?? `exit code ${code}`);
      setTimeout(() => this.#stopping || this.#spawn(running), RESTART_MS);
    });
  }

  /** Ends all, newest first. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    for (const { spec, child } of [...this.#running.values()].reverse()) await end(child, spec.patienceMs ?? 5_000);
  }
}

async function end(child: ChildProcess, patienceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await closed;
  clearTimeout(timer);
}

function parseLine(line: string): Record<string, unknown> {
  if (line.startsWith("{")) {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      // A truncated or foreign line; kept as text.
    }
  }
  return { msg: line };
}
