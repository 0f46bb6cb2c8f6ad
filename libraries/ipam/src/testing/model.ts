// The IPAM as simple as it can be said: sets in memory, searched from the beginning each time. Tests compare with it.
import {
  type Address,
  BITS,
  covers,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  type Prefix,
  usableRange,
} from "../address.ts";

/** One operation of a history. Prefixes and addresses are canonical. */
export type Step =
  | { readonly do: "acquire"; readonly in: string; readonly ip?: string }
  | { readonly do: "release"; readonly in: string; readonly ip: string }
  | { readonly do: "child"; readonly of: string; readonly length: number }
  | { readonly do: "specific-child"; readonly of: string; readonly cidr: string }
  | { readonly do: "release-child"; readonly cidr: string };

interface Entry {
  readonly prefix: Prefix;
  readonly parent: string | undefined;
  readonly taken: Set<bigint>;
}

export class Model {
  readonly #prefixes = new Map<string, Entry>();

  constructor(roots: readonly string[]) {
    for (const root of roots) this.#add(parsePrefix(root)!, undefined);
  }

  #add(prefix: Prefix, parent: string | undefined): string {
    const cidr = formatPrefix(prefix);
    this.#prefixes.set(cidr, { prefix, parent, taken: new Set() });
    return cidr;
  }

  /** What was handed out, "done", or the code of the refusal. */
  take(step: Step): string {
    const entry = this.#prefixes.get("in" in step ? step.in : "of" in step ? step.of : step.cidr);
    if (!entry) return "not-found";
    switch (step.do) {
      case "acquire":
        return this.#acquire(entry, step.ip === undefined ? undefined : parseAddress(step.ip)!);
      case "release":
        return entry.taken.delete(parseAddress(step.ip)!.value) ? "done" : "not-found";
      case "child":
        return this.#child(entry, step.length, undefined);
      case "specific-child": {
        const child = parsePrefix(step.cidr)!;
        return this.#child(entry, child.length, child);
      }
      case "release-child":
        if (entry.parent === undefined) return "invalid";
        if (entry.taken.size > 0 || this.children(step.cidr).length > 0) return "in-use";
        this.#prefixes.delete(step.cidr);
        return "done";
    }
  }

  #acquire({ prefix, taken }: Entry, wanted: Address | undefined): string {
    if (this.children(formatPrefix(prefix)).length > 0) return "in-use";
    const usable = usableRange(prefix) ?? { first: 1n, last: 0n };
    let value = wanted?.value ?? usable.first;
    if (wanted === undefined) while (taken.has(value)) value += 1n;
    if (value < usable.first || value > usable.last || taken.has(value))
      return wanted === undefined ? "no-address-left" : "already-allocated";
    taken.add(value);
    return formatAddress({ family: prefix.family, value });
  }

  #child({ prefix, taken }: Entry, length: number, wanted: Prefix | undefined): string {
    const parent = formatPrefix(prefix);
    if (length <= prefix.length) return "invalid";
    if (taken.size > 0) return "in-use";
    const fitting = this.freeBlocks(parent)
      .filter((block) => (wanted ? covers(block, wanted) : block.length <= length))
      .toSorted((one, other) => other.length - one.length || Number(one.value - other.value));
    return fitting[0] ? this.#add(wanted ?? { ...fitting[0], length }, parent) : "no-prefix-left";
  }

  /** Of a prefix. */
  children(cidr: string): Prefix[] {
    return [...this.#prefixes.values()].filter(({ parent }) => parent === cidr).map(({ prefix }) => prefix);
  }

  /** What belongs to no child, as maximal aligned blocks in order, found by looking at every half again. */
  freeBlocks(cidr: string): Prefix[] {
    const children = this.children(cidr);
    const halves = (block: Prefix): Prefix[] => {
      if (!children.some((child) => overlaps(child, block))) return [block];
      if (block.length === BITS[block.family] || children.some((child) => covers(child, block))) return [];
      const length = block.length + 1;
      const upper = block.value + (1n << BigInt(BITS[block.family] - length));
      return [...halves({ ...block, length }), ...halves({ ...block, length, value: upper })];
    };
    return halves(parsePrefix(cidr)!);
  }

  /** Every prefix with its parent and its addresses, sorted. */
  state(): string[] {
    return [...this.#prefixes]
      .map(([cidr, { prefix, parent, taken }]) => {
        const ips = [...taken].toSorted((one, other) => (one < other ? -1 : 1));
        const texts = ips.map((value) => formatAddress({ family: prefix.family, value }));
        return `${cidr} of ${parent ?? "nobody"}: ${texts.join(" ")}`;
      })
      .toSorted();
  }
}
