// Arithmetic of IP addresses and prefixes. Pure: text in, numbers and text out.
import { isIPv4, isIPv6 } from "node:net";

export type AddressFamily = "IPv4" | "IPv6";

export interface Address {
  readonly family: AddressFamily;
  readonly value: bigint;
}

/** A prefix without host bits: `value` is its first address. */
export interface Prefix {
  readonly family: AddressFamily;
  readonly value: bigint;
  /** 0…32 or 0…128. */
  readonly length: number;
}

/** Address bits of each family. */
export const BITS: Readonly<Record<AddressFamily, number>> = { IPv4: 32, IPv6: 128 };

/** Reads an address; undefined when the text is none (also for zones, host names and leading zeros). */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: "IPv4", value: ipv4Value(text) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = "", tail] = text.split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array<bigint>(8 - before.length - after.length).fill(0n);
  const value = [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | group, 0n);
  return { family: "IPv6", value };
}

function ipv4Value(text: string): bigint {
  return text.split(".").reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

function groups(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [BigInt(`0x${group}`)];
    const ipv4 = ipv4Value(group);
    return [ipv4 >> 16n, ipv4 & 0xffffn];
  });
}

/** The canonical text (RFC 5952), as PostgreSQL and Go write it. */
export function formatAddress({ family, value }: Address): string {
  if (family === "IPv4") return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  if (value >> 32n === 0xffffn) return `::ffff:${formatAddress({ family: "IPv4", value: value & 0xffff_ffffn })}`;
  const hex = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const zeros = longestRunOfZeros(hex);
  if (zeros.length < 2) return hex.join(":");
  return `${hex.slice(0, zeros.start).join(":")}::${hex.slice(zeros.start + zeros.length).join(":")}`;
}

function longestRunOfZeros(hex: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of hex.entries()) {
    if (group !== "0") start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** Reads a CIDR and masks host bits away (`192.169.0.1/24` is `192.169.0.0/24`); undefined when the text is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match && parseAddress(match[1]!);
  if (!match || !address) return undefined;
  const length = Number(match[2]);
  if (length > BITS[address.family] || String(length) !== match[2]) return undefined;
  return supernet({ ...address, length: BITS[address.family] }, length);
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** How many addresses the prefix has, reserved ones included. */
export function sizeOf(prefix: Prefix): bigint {
  return 1n << BigInt(BITS[prefix.family] - prefix.length);
}

function lastAddress(prefix: Prefix): bigint {
  return prefix.value + sizeOf(prefix) - 1n;
}

/** The prefix of the given length around `prefix`; `length` is at most its own. */
export function supernet(prefix: Prefix, length: number): Prefix {
  const hostBits = BigInt(BITS[prefix.family] - length);
  return { family: prefix.family, value: (prefix.value >> hostBits) << hostBits, length };
}

/** The other half of the prefix one bit shorter. */
export function sibling(prefix: Prefix): Prefix {
  return { ...prefix, value: prefix.value ^ sizeOf(prefix) };
}

export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.family === address.family && address.value >= prefix.value && address.value <= lastAddress(prefix);
}

/** True when `inner` lies inside `outer` or is the same. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && contains(outer, inner);
}

export function overlaps(one: Prefix, other: Prefix): boolean {
  return covers(one, other) || covers(other, one);
}

/** What is left of `block` when `child` is cut out of it: aligned blocks, the one next to the child first. */
export function remainder(block: Prefix, child: Prefix): Prefix[] {
  const rest: Prefix[] = [];
  for (let length = child.length; length > block.length; length--) rest.push(sibling(supernet(child, length)));
  return rest;
}

/**
 * The addresses of a prefix that can be handed out, undefined when there are none. Reserved are the first address
 * (network, RFC 4291 §2.6.1 subnet-router anycast) and in IPv4 the last (broadcast), as in go-ipam.
 */
export function usableRange(prefix: Prefix): { first: bigint; last: bigint } | undefined {
  const first = prefix.value + 1n;
  const last = lastAddress(prefix) - (prefix.family === "IPv4" ? 1n : 0n);
  return first <= last ? { first, last } : undefined;
}

/** How many addresses of a prefix are reserved: 2 in IPv4 (1 in a /32, where both are the same), 1 in IPv6. */
export function reservedAddresses(prefix: Prefix): number {
  return prefix.family === "IPv4" && prefix.length < BITS.IPv4 ? 2 : 1;
}
