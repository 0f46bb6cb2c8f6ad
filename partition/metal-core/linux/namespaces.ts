// For tests: a world of network namespaces of its own, that ends with the test. Works as root, and as an ordinary user
// where user namespaces are allowed.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { runner, type Run } from "./command.ts";

const IS_ROOT = process.getuid?.() === 0;
const UNSHARE = ["unshare", "--net", "--mount", ...(IS_ROOT ? [] : ["--user", "--map-root-user"])];

export function canMakeNamespaces(): boolean {
  return spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), "true"]).status === 0;
}

export class Namespaces {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** @param script shell commands that build the world; the first namespace is theirs, `ip netns add` makes more */
  static async create(script: string): Promise<Namespaces> {
    const setup = `set -e; mount -t tmpfs none /run; mkdir /run/netns; ip link set lo up; ${script}; echo ready; exec cat`;
    const holder = spawn(UNSHARE[0]!, [...UNSHARE.slice(1), "sh", "-c", setup], { stdio: ["pipe", "pipe", "inherit"] });
    const [first] = (await Promise.race([once(holder.stdout, "data"), once(holder, "exit")])) as [unknown];
    if (!String(first).includes("ready")) throw new Error("the namespaces could not be made");
    return new Namespaces(holder);
  }

  /** Words that run what follows in a namespace. */
  inside(namespace?: string): string[] {
    const enter = ["nsenter", "--target", String(this.#holder.pid), "--net", "--mount"];
    if (!IS_ROOT) enter.push("--user", "--preserve-credentials");
    return namespace === undefined ? enter : [...enter, "ip", "netns", "exec", namespace];
  }

  run(namespace?: string): Run {
    return runner(this.inside(namespace));
  }

  async shell(namespace: string | undefined, script: string): Promise<string> {
    return this.run(namespace)(["sh", "-c", script]);
  }

  async succeeds(namespace: string, script: string): Promise<boolean> {
    return this.shell(namespace, script).then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    const ended = once(this.#holder, "exit");
    this.#holder.stdin?.end();
    await ended;
  }
}
