// Somebody plugged into the boot network: a namespace with a cable to each leaf, and a process inside that acts.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ip } from "../fabric/commands.ts";
import type { Actions } from "./station/actions.ts";

type Order<Action extends keyof Actions> = Parameters<Actions[Action]>[0];
type Result<Action extends keyof Actions> = Awaited<ReturnType<Actions[Action]>>;

const ANSWER_TIMEOUT_MS = 60_000;
/** The boot network's: see lab/fabric/topology.ts. */
const PREFIX_LENGTH = 24;
const ROUTER = "10.255.0.1";

export class Station {
  readonly name: string;
  /** Of eth0 at the first leaf and eth1 at the second. */
  readonly macs: readonly [string, string];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #orders = 0;

  private constructor(name: string, macs: readonly [string, string], child: ChildProcessWithoutNullStreams) {
    this.name = name;
    this.macs = macs;
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
  }

  /** Into the cables of these taps (lab/fabric), in the place of a virtual machine. */
  static async plugIn(
    name: string,
    taps: readonly [string, string],
    macs: readonly [string, string],
  ): Promise<Station> {
    await ip(undefined, [`netns add ${name}`]);
    for (const [index, tap] of taps.entries()) {
      await ip(undefined, [
        `link add s-${tap} mtu 9000 master c-${tap} type veth peer name eth${index} mtu 9000 address ${macs[index]} netns ${name}`,
        `link set s-${tap} up`,
      ]);
    }
    await ip(name, [
      "link set lo up",
      "link set eth0 up",
      "link set eth1 up",
      // Where broadcasts leave while there is no address yet.
      "route add 255.255.255.255 dev eth0",
    ]);
    const program = new URL("station/main.ts", import.meta.url).pathname;
    const child = spawn("ip", ["netns", "exec", name, process.execPath, program], { stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.pipe(process.stderr);
    return new Station(name, macs, child);
  }

  async do<Action extends keyof Actions>(action: Action, order: Order<Action>): Promise<Result<Action>> {
    const id = (this.#orders += 1);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#child.stdin.write(`${JSON.stringify({ id, action, order })}\n`);
    const timer = setTimeout(
      () => waiting.reject(new Error(`${this.name} did not answer: ${action}`)),
      ANSWER_TIMEOUT_MS,
    );
    try {
      return (await waiting.promise) as Result<Action>;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The only address of eth0 from now on, and the way out of the boot network. */
  async useAddress(address: string): Promise<void> {
    await ip(this.name, [
      "addr flush dev eth0",
      `addr add ${address}/${PREFIX_LENGTH} dev eth0`,
      `route replace default via ${ROUTER}`,
      "route replace 255.255.255.255 dev eth0",
    ]);
  }

  /** Takes another hardware address, or its own again. */
  async useMac(mac = this.macs[0]): Promise<void> {
    await ip(this.name, [`link set eth0 address ${mac}`]);
  }

  async close(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }
}
