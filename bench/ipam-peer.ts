// The real go-ipam library in a process of its own (bench/go-ipam), told what to do a line at a time.
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MODULE = fileURLToPath(new URL("go-ipam", import.meta.url));
const BINARY = fileURLToPath(new URL("../.cache/go-ipam/peer", import.meta.url));

/** What one measurement does. */
export interface Job {
  readonly op: "address" | "child" | "prefix" | "overlap";
  readonly clients: number;
  /** One for each client: the prefix to acquire from or to check. */
  readonly cidrs: readonly string[];
  /** Of child prefixes. */
  readonly length?: number;
  readonly seconds: number;
}

export interface Measured {
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
  readonly error?: string;
}

/** Builds it through the Go module proxy; false, and a loud line why, where that cannot be done. */
export function buildPeer(): boolean {
  try {
    execFileSync("go", ["build", "-trimpath", "-o", BINARY, "."], { cwd: MODULE, stdio: ["ignore", "ignore", "pipe"] });
    return true;
  } catch (error) {
    console.log(`SKIPPED: the real go-ipam is not built here: ${(error as Error).message.slice(0, 500)}`);
    return false;
  }
}

export class GoIpam {
  readonly #child;
  readonly #answers;

  /** @param url of a database in an embedded PostgreSQL */
  constructor(url: string) {
    const [, user, database, socketDirectory] = /^postgres:\/\/(.*)@\/(.*)\?host=(.*)$/.exec(url)!;
    this.#child = spawn(BINARY, [user!, database!, decodeURIComponent(socketDirectory!)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async run(job: Job): Promise<Measured> {
    this.#child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the real go-ipam ended");
    const {
      Done,
      Failed,
      Seconds,
      Error: error,
    } = JSON.parse(value) as {
      Done: number;
      Failed: number;
      Seconds: number;
      Error: string;
    };
    return { done: Done, failed: Failed, seconds: Seconds, error };
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin.end();
    await ended;
  }
}
