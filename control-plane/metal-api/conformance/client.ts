// The original's Go client as a process: calls go in, what the client understood of the answers comes out.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { KEYS } from "./control-plane.ts";

export type Role = keyof typeof KEYS;

export interface Call {
  /** The original's operationId, as metal-go names it. */
  readonly operation: string;
  readonly role: Role;
  /** A key other than the role's own. */
  readonly key?: string;
  /** Fields of the client's parameters, `body` among them. */
  readonly parameters?: object;
}

/** What the generated client made of an answer. */
export interface Understood {
  /** The Go type: CreatePartitionCreated, CreatePartitionConflict, CreatePartitionDefault … */
  readonly type: string;
  readonly payload?: unknown;
  /** The message of an error, and its status as the body tells it. */
  readonly error?: string;
  readonly statuscode?: number;
}

export interface GoClient {
  call(call: Call): Promise<Understood>;
  close(): Promise<void>;
}

/** @param url with the base path */
export function startGoClient(program: string, url: string): GoClient {
  const child = spawn(program, ["calls", url, ...Object.values(KEYS)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async call(call) {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the Go client ended with ${child.exitCode}`);
      return JSON.parse(value) as Understood;
    },
    async close() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}
