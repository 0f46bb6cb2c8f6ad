// Reads go-ipam's dump format and checks that it is of one piece. Pure.
import {
  type Address,
  contains,
  covers,
  formatPrefix,
  overlaps,
  parseAddress,
  type Prefix,
  usableRange,
} from "./address.ts";
import { IpamError } from "./errors.ts";
import { prefixOf } from "./prefixes.ts";

export interface DumpedPrefix {
  readonly prefix: Prefix;
  /** Canonical text of `prefix`. */
  readonly cidr: string;
  readonly parent: DumpedPrefix | undefined;
  /** In order, without the reserved ones. */
  readonly addresses: readonly bigint[];
  /** In order. */
  readonly children: Prefix[];
}

/** All prefixes of a dump. Throws `invalid` when it is not readable, or has overlaps or things outside their prefix. */
export function readDump(text: string): DumpedPrefix[] {
  const read = new Map<string, DumpedPrefix>();
  // Parents are shorter, so they come first.
  const entries = parse(text).toSorted((one, other) => one.prefix.length - other.prefix.length);
  for (const { prefix, parentCidr, ips } of entries) {
    const cidr = formatPrefix(prefix);
    if (read.has(cidr)) throw invalid(`has ${cidr} twice`);
    // go-ipam deletes parents without asking for their children; those have become roots.
    const parent = parentCidr === "" ? undefined : read.get(formatPrefix(prefixOf(parentCidr)));
    if (parent && !(covers(parent.prefix, prefix) && parent.prefix.length < prefix.length))
      throw invalid(`has ${cidr} as a child of ${parent.cidr}`);
    parent?.children.push(prefix);
    read.set(cidr, { prefix, cidr, parent, addresses: addressesOf(prefix, ips), children: [] });
  }
  const prefixes = [...read.values()];
  checkApart(prefixes.filter(({ parent }) => !parent).map(({ prefix }) => prefix));
  for (const { cidr, children, addresses } of prefixes) {
    checkApart(children);
    if (children.length > 0 && addresses.length > 0) throw invalid(`has addresses and children in ${cidr}`);
  }
  return prefixes;
}

interface Entry {
  readonly prefix: Prefix;
  readonly parentCidr: string;
  readonly ips: readonly string[];
}

function parse(text: string): Entry[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(`is not JSON: ${(error as Error).message}`);
  }
  // What go-ipam writes when it has no prefixes.
  if (document === null) return [];
  if (!Array.isArray(document)) throw invalid("is not a list of prefixes");
  return document.map((entry: unknown) => {
    const { Cidr, ParentCidr, IPs } = (entry ?? {}) as Record<string, unknown>;
    if (typeof Cidr !== "string") throw invalid("has a prefix without Cidr");
    const parentCidr = typeof ParentCidr === "string" ? ParentCidr : "";
    return { prefix: prefixOf(Cidr), parentCidr, ips: Object.keys(IPs ?? {}) };
  });
}

function addressesOf(prefix: Prefix, ips: readonly string[]): bigint[] {
  const usable = usableRange(prefix);
  return ips
    .map((ip) => inside(prefix, ip).value)
    .filter((value) => usable && value >= usable.first && value <= usable.last)
    .toSorted(ascending);
}

function inside(prefix: Prefix, ip: string): Address {
  const address = parseAddress(ip);
  if (!address || !contains(prefix, address)) throw invalid(`has the address ${ip} in ${formatPrefix(prefix)}`);
  return address;
}

/** Sorts in place, and throws when two overlap. */
function checkApart(prefixes: Prefix[]): void {
  prefixes.sort((one, other) => one.family.localeCompare(other.family) || ascending(one.value, other.value));
  for (const [index, prefix] of prefixes.entries()) {
    const before = prefixes[index - 1];
    if (before && overlaps(before, prefix))
      throw invalid(`has ${formatPrefix(prefix)} overlap ${formatPrefix(before)}`);
  }
}

function ascending(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function invalid(what: string): IpamError {
  return new IpamError("invalid", `the dump ${what}`);
}
