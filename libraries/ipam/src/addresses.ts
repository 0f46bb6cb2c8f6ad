import { contains, formatAddress, formatPrefix, parseAddress, type Prefix, reservedAddresses } from "./address.ts";
import { type Change, makeChange } from "./changes.ts";
import type { Database } from "./database.ts";
import { IpamError } from "./errors.ts";
import { missing, prefixOf, ROOT_NAMESPACE } from "./prefixes.ts";

/**
 * Hands out the lowest free address of a prefix, in canonical text. The prefix stays locked until the transaction
 * ends; who acquires from several prefixes in one transaction does so in one order everywhere, or risks a deadlock.
 * Throws `not-found`, `in-use` (the prefix has children), `no-address-left`. None of them breaks the transaction.
 */
export async function acquireAddress(db: Database, prefixCidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  return makeChange(db, acquisition(prefixCidr, undefined, namespace));
}

/**
 * Hands out exactly this address and returns its canonical text. Reserved addresses count as taken.
 * Throws `invalid` (unreadable, outside the prefix), `not-found`, `in-use`, `already-allocated`.
 */
export async function acquireSpecificAddress(
  db: Database,
  prefixCidr: string,
  ip: string,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  return makeChange(db, acquisition(prefixCidr, ip, namespace));
}

/** Gives an address back. Throws `not-found` when it was not handed out (reserved ones never are). */
export async function releaseAddress(
  db: Database,
  prefixCidr: string,
  ip: string,
  namespace = ROOT_NAMESPACE,
): Promise<void> {
  await makeChange(db, releasing(prefixCidr, ip, namespace));
}

/** @param ip undefined: the lowest free one */
export function acquisition(prefixCidr: string, ip: string | undefined, namespace: string): Change {
  const prefix = prefixOf(prefixCidr);
  const cidr = formatPrefix(prefix);
  const wanted = ip === undefined ? null : inside(prefix, cidr, ip);
  return {
    kind: "acquire",
    namespace,
    cidr,
    wanted,
    bits: null,
    answer({ result, refusal, detail }) {
      switch (refusal) {
        case null:
          return result!;
        case "already-allocated":
          throw new IpamError("already-allocated", `given ip:${wanted} is already allocated`);
        case "in-use":
          throw new IpamError("in-use", `prefix ${cidr} has childprefixes, acquire ip not possible`);
        case "no-address-left": {
          const held = Number(detail) + reservedAddresses(prefix);
          const text = `no more ips in prefix: ${cidr} left, length of prefix.ips: ${held}`;
          throw new IpamError("no-address-left", text);
        }
        default:
          throw missing(refusal, cidr, namespace);
      }
    },
  };
}

/** The canonical text of an address of the prefix, or throws `invalid`. */
function inside(prefix: Prefix, cidr: string, ip: string): string {
  const address = parseAddress(ip);
  if (!address) throw new IpamError("invalid", `given ip:${ip} in not valid`);
  if (!contains(prefix, address)) throw new IpamError("invalid", `given ip:${ip} is not in ${cidr}`);
  return formatAddress(address);
}

export function releasing(prefixCidr: string, ip: string, namespace: string): Change {
  const cidr = formatPrefix(prefixOf(prefixCidr));
  const address = parseAddress(ip);
  const notAllocated = (text: string) =>
    new IpamError("not-found", `unable to release ip:${text} because it is not allocated in prefix:${cidr}`);
  if (!address) throw notAllocated(ip);
  const wanted = formatAddress(address);
  return {
    kind: "release",
    namespace,
    cidr,
    wanted,
    bits: null,
    answer({ refusal }) {
      if (refusal === null) return wanted;
      throw refusal === "not-allocated" ? notAllocated(wanted) : missing(refusal, cidr, namespace);
    },
  };
}
