// Leaves for real metal-cores: network namespaces whose ports are cables to a third one, where the servers' LLDP comes from.
// Works as root, and as an ordinary user where user namespaces are allowed.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, connect, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../fabric/commands.ts";
import type { Leaf } from "./leaf.ts";
import type { SimulatedMachine } from "./machine.ts";

const UNSHARE = ["unshare", "--net", "--mount", ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"])];
const BOOT_BRIDGE = "brpxe";
const LOOK_EVERY_MS = 100;
/** metal-api, as seen from a leaf. */
export const GRPC_PORT = 50_051;

export function canMakeLeaves(): boolean {
  return spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), "true"]).status === 0;
}

/** A cable's end at the server: "s<leaf><port number>". */
const cable = (leaf: number, port: string) => `s${leaf}${port.slice("swp".length)}`;

export class KernelLeaves {
  readonly #holder: ChildProcess;
  readonly #names: readonly string[];
  readonly #door: Server;
  readonly #speaker: ChildProcess;
  readonly #helpers: ChildProcess[] = [];
  readonly #bridges = new Map<string, Map<string, string>>();
  readonly #stop = new AbortController();

  private constructor(holder: ChildProcess, names: readonly string[], door: Server) {
    this.#holder = holder;
    this.#names = names;
    this.#door = door;
    this.#speaker = this.#spawn(undefined, [process.execPath, new URL("lldp-speaker.ts", import.meta.url).pathname]);
  }

  /**
   * @param ports how many, from swp1
   * @param socket a UNIX socket that will lead to metal-api
   * @param metalApi "host:port" of it
   */
  static async make(names: readonly string[], ports: number, socket: string, metalApi: string): Promise<KernelLeaves> {
    const numbers = Array.from({ length: ports }, (_, at) => at + 1);
    const script = names.flatMap((leaf, at) => [
      `ip netns add ${leaf}; ip -n ${leaf} link set lo up; ip -n ${leaf} addr add 10.1.0.${at + 1}/32 dev lo`,
      ...numbers.map((number) => {
        const end = cable(at, `swp${number}`);
        return `ip link add ${end} type veth peer name swp${number} netns ${leaf}; ip link set ${end} up; ip -n ${leaf} link set swp${number} up`;
      }),
    ]);
    const setUp = `set -e; mount -t tmpfs none /run; mkdir /run/netns; ip link set lo up; ${script.join("; ")}; echo ready; exec cat`;
    const holder = spawn(UNSHARE[0]!, [...UNSHARE.slice(1), "sh", "-c", setUp], { stdio: ["pipe", "pipe", "inherit"] });
    const [first] = (await Promise.race([once(holder.stdout, "data"), once(holder, "exit")])) as [unknown];
    if (!String(first).includes("ready")) throw new Error("the namespaces of the leaves could not be made");
    const [host, port] = metalApi.split(":");
    const door = createServer((leaf) => {
      const api = connect(Number(port), host);
      for (const [from, to] of [
        [leaf, api],
        [api, leaf],
      ] as const)
        from.on("error", () => undefined).on("close", () => to.destroy());
      leaf.pipe(api).pipe(leaf);
    });
    door.listen(socket);
    await once(door, "listening");
    const leaves = new KernelLeaves(holder, names, door);
    for (const leaf of names)
      leaves.#spawn(leaf, ["socat", `TCP-LISTEN:${GRPC_PORT},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${socket}`]);
    return leaves;
  }

  /** Words that run what follows on a leaf. */
  inside(leaf: string | undefined): string[] {
    const enter = ["nsenter", "--target", String(this.#holder.pid), "--net", "--mount"];
    if (process.getuid?.() !== 0) enter.push("--user", "--preserve-credentials");
    return leaf === undefined ? enter : [...enter, "ip", "netns", "exec", leaf];
  }

  /** What the fleet needs to know of them; watches the ports and speaks for the machines that are on. */
  leaves(machines: () => readonly SimulatedMachine[]): Leaf[] {
    void this.#watch(machines);
    return this.#names.map((id) => ({ id, vrfOf: (port) => this.#bridges.get(id)?.get(port) ?? "" }));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const helper of this.#helpers.filter((each) => each.exitCode === null && each.signalCode === null)) {
      helper.kill("SIGKILL");
      await once(helper, "exit");
    }
    this.#holder.stdin?.end();
    await once(this.#holder, "exit");
    this.#door.close();
  }

  #spawn(leaf: string | undefined, command: readonly string[]): ChildProcess {
    const [program, ...parameters] = [...this.inside(leaf), "setpriv", "--pdeathsig", "KILL", ...command];
    const child = spawn(program!, parameters, { stdio: ["pipe", "ignore", "inherit"] });
    this.#helpers.push(child);
    return child;
  }

  async #watch(machines: () => readonly SimulatedMachine[]): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const leaf of this.#names) {
        const links = await run([...this.inside(leaf), "ip", "-json", "link", "show"]).catch(() => "[]");
        const ports = (JSON.parse(links) as { ifname: string; master?: string }[]).filter(({ ifname }) =>
          ifname.startsWith("swp"),
        );
        // A port without bridge carries nothing; before metal-core came the first time it is as good as the boot network.
        for (const { ifname, master } of ports) this.#ports(leaf).set(ifname, networkOf(master));
      }
      const speakers = machines().flatMap(({ uuid, port, macs, running }) =>
        running.kind === "off"
          ? []
          : this.#names.map((_, leaf) => ({
              link: cable(leaf, port),
              mac: macs[leaf],
              machine: uuid,
              doing: running.kind === "os" ? `provisioned since ${running.since.toISOString()}` : running.kind,
            })),
      );
      this.#speaker.stdin?.write(`${JSON.stringify(speakers)}\n`);
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  #ports(leaf: string): Map<string, string> {
    let ports = this.#bridges.get(leaf);
    if (!ports) this.#bridges.set(leaf, (ports = new Map<string, string>()));
    return ports;
  }
}

/** As metal-api names it, from the bridge that metal-core made. */
function networkOf(bridge: string | undefined): string {
  if (bridge === undefined || bridge === BOOT_BRIDGE) return "";
  return bridge.replace(/^br/, "vrf");
}
