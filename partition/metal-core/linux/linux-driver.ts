// A leaf whose data plane is the Linux kernel: one bridge and one VXLAN device a network, joined with the other leaves by
// static flooding. Firewall ports need routing and come with FRR.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Applied, Change, PhysicalPort, PortState, SwitchDriver, WantedPort } from "../driver.ts";
import { runner, type Run } from "./command.ts";
import { readKernel } from "./read-kernel.ts";
import { readLearned, type Kernel } from "./rules-kernel.ts";
import { bootNetwork, managedPorts, networkOf, type LinuxSettings } from "./rules-networks.ts";
import { pinSteps } from "./rules-pins.ts";
import type { Step } from "./rules-step.ts";
import { stepsTowards } from "./rules-steps.ts";

/** A burst of kernel events is one change. */
const SETTLE_MS = 100;

export interface LinuxDriverOptions {
  /** Say what would be done, and do nothing. */
  readonly dry?: boolean;
  /** Words in front of every command, as `ip netns exec leaf01`. */
  readonly inside?: readonly string[];
}

export class LinuxDriver implements SwitchDriver {
  readonly #settings: LinuxSettings;
  readonly #dry: boolean;
  readonly #inside: readonly string[];
  readonly #run: Run;
  #monitor: ChildProcess | undefined;

  constructor(settings: LinuxSettings, options: LinuxDriverOptions = {}) {
    this.#settings = settings;
    this.#dry = options.dry ?? false;
    this.#inside = options.inside ?? [];
    this.#run = runner(this.#inside);
  }

  async ports(): Promise<PhysicalPort[]> {
    const kernel = await this.#read();
    return managedPorts(kernel.links, this.#settings)
      .filter((name) => !this.#settings.bootPorts.includes(name))
      .map((name) => ({ name, mac: kernel.links.get(name)!.mac, identifier: name }));
  }

  async apply(wanted: readonly WantedPort[], elsewhere: readonly string[] = []): Promise<Applied> {
    const networks = await this.#takeAll(stepsTowards(await this.#read(), wanted, this.#settings));
    const pins = await this.#takeAll(pinSteps(await this.#read(), wanted, elsewhere, this.#settings));
    const impossible = wanted
      .filter(({ membership }) => membership.kind !== "isolated" && !networkOf(membership, this.#settings))
      .map(({ name, membership }) => `${name} is isolated: the linux driver has no ${membership.kind} ports`);
    return {
      changes: [...networks.changes, ...pins.changes],
      problems: [...impossible, ...networks.problems, ...pins.problems],
    };
  }

  async sightings(): Promise<Map<string, string[]>> {
    const { bridge } = bootNetwork(this.#settings);
    if (!(await this.#read()).links.has(bridge)) return new Map();
    const entries = (await this.#run(["bridge", "-j", "fdb", "show", "br", bridge])).trim() || "[]";
    const learned = readLearned(JSON.parse(entries));
    const ports = (await this.ports()).map((port) => port.name);
    return new Map(ports.flatMap((port) => (learned.has(port) ? [[port, learned.get(port)!] as const] : [])));
  }

  async #takeAll(steps: readonly Step[]): Promise<Applied> {
    const changes: Change[] = [];
    const problems: string[] = [];
    /** Ports and bridges that must not be touched any more. */
    const broken = new Set<string>();
    for (const step of steps) {
      const { port } = step.change;
      if (broken.has(step.bridge ?? "") || broken.has(port ?? "")) continue;
      const problem = this.#dry ? undefined : await this.#take(step);
      if (problem === undefined) {
        changes.push(this.#dry ? { ...step.change, step: `would be: ${step.change.step}` } : step.change);
        continue;
      }
      problems.push(problem);
      broken.add(port ?? step.bridge ?? "");
    }
    return { changes, problems };
  }

  async portStates(also: readonly string[]): Promise<Map<string, PortState>> {
    const kernel = await this.#read();
    const names = [...also, ...(await this.ports()).map((port) => port.name)];
    return new Map(
      names.map((name) => {
        const link = kernel.links.get(name);
        return [name, link ? (link.running ? "UP" : "DOWN") : "UNKNOWN"];
      }),
    );
  }

  onChange(changed: () => void): void {
    const [program, ...parameters] = [...this.#inside, "ip", "monitor", "link"];
    this.#monitor = spawn("setpriv", ["--pdeathsig", "TERM", program, ...parameters], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let settling: NodeJS.Timeout | undefined;
    this.#monitor.stdout?.on("data", () => {
      settling ??= setTimeout(() => {
        settling = undefined;
        changed();
      }, SETTLE_MS);
    });
    // Without it changes are still found by the periodic comparison.
    this.#monitor.on("error", () => undefined);
  }

  async close(): Promise<void> {
    const monitor = this.#monitor;
    this.#monitor = undefined;
    if (!monitor || monitor.pid === undefined || monitor.exitCode !== null || monitor.signalCode !== null) return;
    const ended = once(monitor, "exit");
    monitor.kill();
    await ended;
  }

  /** Answers what went wrong, in words. */
  async #take(step: Step): Promise<string | undefined> {
    try {
      for (const command of step.commands) await this.#run(command);
      return undefined;
    } catch (error) {
      const { step: name, port, vrf } = step.change;
      return `${[name, port, vrf].filter(Boolean).join(" ")}: ${(error as Error).message}`;
    }
  }

  async #read(): Promise<Kernel> {
    return readKernel(this.#run, (links) => [
      ...managedPorts(links, this.#settings),
      ...[...links.values()].filter((link) => link.kind === "bridge").map((link) => link.name),
    ]);
  }
}
