import { sql } from "kysely";
import { contains, formatAddress, formatPrefix, parseAddress, type Prefix, reservedAddresses } from "./address.ts";
import type { Database } from "./database.ts";
import { IpamError } from "./errors.ts";
import { missing, prefixOf, ROOT_NAMESPACE } from "./prefixes.ts";

/**
 * Hands out the lowest free address of a prefix, in canonical text. The prefix stays locked until the transaction
 * ends; who acquires from several prefixes in one transaction does so in one order everywhere, or risks a deadlock.
 * Throws `not-found`, `in-use` (the prefix has children), `no-address-left`. None of them breaks the transaction.
 */
export async function acquireAddress(db: Database, prefixCidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  return run(db, acquisition(prefixCidr, undefined, namespace));
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
  return run(db, acquisition(prefixCidr, ip, namespace));
}

/** Gives an address back. Throws `not-found` when it was not handed out (reserved ones never are). */
export async function releaseAddress(
  db: Database,
  prefixCidr: string,
  ip: string,
  namespace = ROOT_NAMESPACE,
): Promise<void> {
  await run(db, releasing(prefixCidr, ip, namespace));
}

/** A checked request: canonical texts that PostgreSQL reads. */
export interface AddressChange {
  readonly release: boolean;
  readonly namespace: string;
  readonly prefix: Prefix;
  readonly cidr: string;
  /** Null: the lowest free one. */
  readonly ip: string | null;
}

/** What `ipam.change_addresses` says of one change. */
export interface AddressOutcome {
  readonly ip: string | null;
  readonly refusal: string | null;
  /** How many addresses of the prefix were handed out before. */
  readonly taken: string | number | null;
}

/** @param ip undefined: the lowest free one */
export function acquisition(prefixCidr: string, ip: string | undefined, namespace: string): AddressChange {
  const prefix = prefixOf(prefixCidr);
  const cidr = formatPrefix(prefix);
  if (ip === undefined) return { release: false, namespace, prefix, cidr, ip: null };
  const address = parseAddress(ip);
  if (!address) throw new IpamError("invalid", `given ip:${ip} in not valid`);
  if (!contains(prefix, address)) throw new IpamError("invalid", `given ip:${ip} is not in ${cidr}`);
  return { release: false, namespace, prefix, cidr, ip: formatAddress(address) };
}

export function releasing(prefixCidr: string, ip: string, namespace: string): AddressChange {
  const prefix = prefixOf(prefixCidr);
  const cidr = formatPrefix(prefix);
  const address = parseAddress(ip);
  if (!address) throw notAllocated(ip, cidr);
  return { release: true, namespace, prefix, cidr, ip: formatAddress(address) };
}

/** Makes several changes in one statement, in this order; a refused one does not hinder the others. */
export async function changeAddresses(db: Database, changes: readonly AddressChange[]): Promise<AddressOutcome[]> {
  const { rows } = await sql<AddressOutcome>`
    select ip, refusal, taken from ipam.change_addresses(
      ${changes.map((change) => change.namespace)}::text[], ${changes.map((change) => change.cidr)}::cidr[],
      ${changes.map((change) => change.ip)}::inet[], ${changes.map((change) => change.release)}::boolean[])`.execute(
    db,
  );
  return rows;
}

/** The address, or the error that tells why not. */
export function resultOf({ release, namespace, prefix, cidr, ip }: AddressChange, outcome: AddressOutcome): string {
  switch (outcome.refusal) {
    case null:
      return release ? ip! : outcome.ip!;
    case "not-allocated":
      throw notAllocated(ip!, cidr);
    case "already-allocated":
      throw new IpamError("already-allocated", `given ip:${ip} is already allocated`);
    case "in-use":
      throw new IpamError("in-use", `prefix ${cidr} has childprefixes, acquire ip not possible`);
    case "no-address-left": {
      const held = Number(outcome.taken) + reservedAddresses(prefix);
      throw new IpamError("no-address-left", `no more ips in prefix: ${cidr} left, length of prefix.ips: ${held}`);
    }
    default:
      throw missing(outcome.refusal, cidr, namespace);
  }
}

function notAllocated(ip: string, cidr: string): IpamError {
  return new IpamError("not-found", `unable to release ip:${ip} because it is not allocated in prefix:${cidr}`);
}

async function run(db: Database, change: AddressChange): Promise<string> {
  const { namespace, cidr, ip } = change;
  const { rows } = await (
    change.release
      ? sql<AddressOutcome>`select null as ip, refusal, null as taken
                            from ipam.release_address(${namespace}, ${cidr}, ${ip})`
      : sql<AddressOutcome>`select ip, refusal, taken from ipam.acquire_address(${namespace}, ${cidr}, ${ip})`
  ).execute(db);
  return resultOf(change, rows[0]!);
}
