// For tests of rules: a kernel that understands the commands of this driver, and those that its tests do damage with.
import type { Kernel, Link } from "./rules-kernel.ts";

const NEW_LINK = {
  mac: "",
  master: undefined,
  mtu: 1500,
  up: false,
  running: false,
  addressed: false,
  isolated: false,
} as const;
const ACTIONS: Readonly<Record<string, string>> = { "1": "pass/0", "2": "discard/0", "3": "discard/fffffff0" };

export class SimulatedKernel {
  readonly #links = new Map<string, Link>();
  readonly #floods = new Map<string, Set<string>>();
  readonly #filters = new Map<string, Set<string>>();

  get state(): Kernel {
    const filters = [...this.#filters].map(
      ([device, priorities]) => [device, [...priorities].sort().map((priority) => ACTIONS[priority]!)] as const,
    );
    return { links: this.#links, floods: this.#floods, pins: new Map(), filters: new Map(filters) };
  }

  addPort(name: string): void {
    this.#add({ ...NEW_LINK, name, kind: undefined, addressMode: "eui64", options: {} });
  }

  /** Does a port pass frames of its server on? */
  carries(port: string): boolean {
    const link = this.#links.get(port)!;
    return link.up && link.master !== undefined && !this.#filters.get(port)!.has("2");
  }

  /** As {@link run}, but what cannot be done is not done. */
  attempt(command: readonly string[]): void {
    try {
      this.run(command);
    } catch {
      // The damage was impossible.
    }
  }

  /** @throws Error when the kernel would refuse */
  run(command: readonly string[]): void {
    const words = command.join(" ");
    const device = /(?:dev|name) (\S+)/.exec(words)![1]!;
    if (words.startsWith("ip link add")) return this.#addLink(device, words);
    const link = this.#links.get(device);
    if (!link) throw new Error(`Cannot find device "${device}": ${words}`);
    if (words.startsWith("ip link del")) return this.#remove(device);
    if (words.startsWith("ip link set")) return this.#set(link, command.slice(5));
    if (words.startsWith("ip addr flush")) return void this.#links.set(device, { ...link, addressed: false });
    if (words.startsWith("bridge link set")) {
      if (link.master === undefined) throw new Error(`not a bridge port: ${words}`);
      return void this.#links.set(device, { ...link, isolated: words.endsWith("on") });
    }
    if (words.startsWith("tc")) return this.#filter(device, words);
    return this.#flood(device, words);
  }

  #add(link: Link): void {
    if (this.#links.has(link.name)) throw new Error(`File exists: ${link.name}`);
    this.#links.set(link.name, link);
    this.#filters.set(link.name, new Set());
    this.#floods.set(link.name, new Set());
  }

  #addLink(name: string, words: string): void {
    const [, kind, rest = ""] = /type (\S+) ?(.*)$/.exec(words)!;
    const vxlan = /id (\d+) local (\S+) dstport (\d+)/.exec(rest);
    const options = vxlan
      ? { id: Number(vxlan[1]), local: vxlan[2], port: Number(vxlan[3]), learning: !rest.includes("nolearning") }
      : Object.fromEntries([...rest.matchAll(/(\S+) (\d+)/g)].map((pair) => [pair[1], Number(pair[2])]));
    this.#add({ ...NEW_LINK, name, kind, addressMode: "eui64", options });
  }

  #remove(name: string): void {
    for (const [other, link] of this.#links) {
      if (link.master === name) this.#links.set(other, { ...link, master: undefined, isolated: false });
    }
    for (const table of [this.#links, this.#filters, this.#floods]) table.delete(name);
  }

  #set(link: Link, [option, value, ...rest]: readonly string[]): void {
    if (option === "master" && this.#links.get(value!)?.kind !== "bridge") throw new Error(`${value} is no bridge`);
    if (option === "master" && link.kind === "bridge") throw new Error("a bridge is no port");
    const options = Object.fromEntries(
      Array.from({ length: rest.length / 2 }, (_, index) => [rest[index * 2]!, Number(rest[index * 2 + 1])]),
    );
    const changes: Partial<Link> = {
      ...(option === "up" || rest.includes("up") ? { up: true } : {}),
      ...(option === "down" ? { up: false } : {}),
      // A port begins anew in every bridge.
      ...(option === "master" ? { master: value, isolated: link.isolated && link.master === value } : {}),
      ...(option === "nomaster" ? { master: undefined, isolated: false } : {}),
      ...(option === "mtu" ? { mtu: Number(value) } : {}),
      ...(option === "addrgenmode" ? { addressMode: value } : {}),
      ...(option === "type" ? { options: { ...link.options, ...options } } : {}),
    };
    this.#links.set(link.name, { ...link, ...changes });
  }

  #filter(device: string, words: string): void {
    const filters = this.#filters.get(device)!;
    const priority = / prio (\d+)/.exec(words)?.[1];
    if (words.startsWith("tc filter add")) {
      if (words.includes("dev discard") && !this.#links.has("discard")) throw new Error("no discard");
      filters.add(priority!);
    } else if (words.startsWith("tc filter del")) {
      if (priority === undefined) filters.clear();
      else if (!filters.delete(priority)) throw new Error(`no such filter: ${words}`);
    }
  }

  #flood(device: string, words: string): void {
    const [, verb, destination] = /fdb (\S+) .* dst (\S+)/.exec(words)!;
    const floods = this.#floods.get(device)!;
    if (verb === "append") floods.add(destination!);
    else if (!floods.delete(destination!)) throw new Error(`no such entry: ${words}`);
  }
}
