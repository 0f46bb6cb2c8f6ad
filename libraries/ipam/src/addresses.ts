import { sql } from "kysely";
import { contains, formatAddress, formatPrefix, parseAddress, type Prefix } from "./address.ts";
import type { Writer } from "./database.ts";
import { IpamError } from "./errors.ts";
import { lockPrefix, prefixOf, ROOT_NAMESPACE } from "./prefixes.ts";

/**
 * Hands out the lowest free address of a prefix, in canonical text. The prefix stays locked until the transaction
 * ends; who acquires from several prefixes in one transaction does so in one order everywhere, or risks a deadlock.
 * Throws `not-found`, `in-use` (the prefix has children), `no-address-left`. None of them breaks the transaction.
 */
export async function acquireAddress(tx: Writer, prefixCidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  const { cidr, addresses } = await lockForAddresses(tx, prefixOf(prefixCidr), namespace);
  const { rows } = await sql<{ ip: string }>`
    with lowest as (
      select first, last from ipam.free_ranges
      where namespace = ${namespace} and prefix = ${cidr} order by last limit 1
    ), shortened as (
      update ipam.free_ranges range set first = range.first + 1 from lowest
      where range.namespace = ${namespace} and range.prefix = ${cidr} and range.last = lowest.last
        and lowest.first < lowest.last
    ), emptied as (
      delete from ipam.free_ranges range using lowest
      where range.namespace = ${namespace} and range.prefix = ${cidr} and range.last = lowest.last
        and lowest.first = lowest.last
    ), counted as (
      update ipam.prefixes set addresses = addresses + 1
      where namespace = ${namespace} and cidr = ${cidr} and exists (select from lowest)
    )
    insert into ipam.addresses (namespace, prefix, ip)
    select ${namespace}, ${cidr}::cidr, first from lowest returning host(ip) as ip`.execute(tx);
  if (!rows[0])
    throw new IpamError("no-address-left", `no more ips in prefix: ${cidr} left, length of prefix.ips: ${addresses}`);
  return rows[0].ip;
}

/**
 * Hands out exactly this address and returns its canonical text. Reserved addresses count as taken.
 * Throws `invalid` (unreadable, outside the prefix), `not-found`, `in-use`, `already-allocated`.
 */
export async function acquireSpecificAddress(
  tx: Writer,
  prefixCidr: string,
  ip: string,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  const prefix = prefixOf(prefixCidr);
  const address = parseAddress(ip);
  if (!address) throw new IpamError("invalid", `given ip:${ip} in not valid`);
  if (!contains(prefix, address)) throw new IpamError("invalid", `given ip:${ip} is not in ${formatPrefix(prefix)}`);
  const canonical = formatAddress(address);
  const { cidr } = await lockForAddresses(tx, prefix, namespace);
  const { rows } = await sql<{ first: string; last: string }>`
    select host(range.first) as first, host(range.last) as last from ipam.free_ranges range
    where namespace = ${namespace} and prefix = ${cidr} and range.last >= ${canonical}::inet
    order by range.last limit 1`.execute(tx);
  const range = rows[0];
  if (!range || parseAddress(range.first)!.value > address.value)
    throw new IpamError("already-allocated", `given ip:${canonical} is already allocated in ${cidr}`);
  await (range.last === canonical
    ? dropRange(tx, cidr, range.last, namespace)
    : startRangeAt(tx, cidr, range.last, plus(canonical, 1n), namespace));
  if (range.first !== canonical) await insertRange(tx, cidr, range.first, plus(canonical, -1n), namespace);
  await sql`insert into ipam.addresses (namespace, prefix, ip)
            values (${namespace}, ${cidr}, ${canonical})`.execute(tx);
  await count(tx, cidr, 1, namespace);
  return canonical;
}

/** Gives an address back. Throws `not-found` when it was not handed out (reserved ones never are). */
export async function releaseAddress(
  tx: Writer,
  prefixCidr: string,
  ip: string,
  namespace = ROOT_NAMESPACE,
): Promise<void> {
  const address = parseAddress(ip);
  const canonical = address ? formatAddress(address) : ip;
  const { cidr } = await lockPrefix(tx, formatPrefix(prefixOf(prefixCidr)), namespace);
  const notAllocated = `unable to release ip:${canonical} because it is not allocated in prefix:${cidr}`;
  if (!address) throw new IpamError("not-found", notAllocated);
  const { rows } = await sql`
    delete from ipam.addresses
    where namespace = ${namespace} and prefix = ${cidr} and ip = ${canonical} returning ip`.execute(tx);
  if (rows.length === 0) throw new IpamError("not-found", notAllocated);
  await count(tx, cidr, -1, namespace);
  await returnAddress(tx, cidr, canonical, namespace);
}

/** Puts an address back into the free ranges: it joins the range that ends before it, the one that begins behind it, or both. */
async function returnAddress(tx: Writer, cidr: string, ip: string, namespace: string): Promise<void> {
  const { rows } = await sql<{ first: string; last: string }>`
    (select host(range.first) as first, host(range.last) as last from ipam.free_ranges range
     where namespace = ${namespace} and prefix = ${cidr} and range.last < ${ip}::inet
     order by range.last desc limit 1)
    union all
    (select host(range.first), host(range.last) from ipam.free_ranges range
     where namespace = ${namespace} and prefix = ${cidr} and range.last > ${ip}::inet
     order by range.last limit 1)`.execute(tx);
  const before = rows.find((range) => isNext(range.last, ip));
  const behind = rows.find((range) => isNext(ip, range.first));
  if (before) await dropRange(tx, cidr, before.last, namespace);
  if (behind) await startRangeAt(tx, cidr, behind.last, before?.first ?? ip, namespace);
  else await insertRange(tx, cidr, before?.first ?? ip, ip, namespace);
}

async function lockForAddresses(tx: Writer, prefix: Prefix, namespace: string) {
  const stored = await lockPrefix(tx, formatPrefix(prefix), namespace);
  if (stored.children > 0)
    throw new IpamError("in-use", `prefix ${stored.cidr} has childprefixes, acquire ip not possible`);
  return stored;
}

async function count(tx: Writer, cidr: string, change: number, namespace: string): Promise<void> {
  await sql`update ipam.prefixes set addresses = addresses + ${change}::bigint
            where namespace = ${namespace} and cidr = ${cidr}`.execute(tx);
}

async function insertRange(tx: Writer, cidr: string, first: string, last: string, namespace: string): Promise<void> {
  await sql`insert into ipam.free_ranges (namespace, prefix, first, last)
            values (${namespace}, ${cidr}, ${first}, ${last})`.execute(tx);
}

async function startRangeAt(tx: Writer, cidr: string, last: string, first: string, namespace: string): Promise<void> {
  await sql`update ipam.free_ranges set first = ${first}
            where namespace = ${namespace} and prefix = ${cidr} and last = ${last}`.execute(tx);
}

async function dropRange(tx: Writer, cidr: string, last: string, namespace: string): Promise<void> {
  await sql`delete from ipam.free_ranges
            where namespace = ${namespace} and prefix = ${cidr} and last = ${last}`.execute(tx);
}

function plus(ip: string, offset: bigint): string {
  const address = parseAddress(ip)!;
  return formatAddress({ ...address, value: address.value + offset });
}

function isNext(ip: string, next: string): boolean {
  return parseAddress(ip)!.value + 1n === parseAddress(next)!.value;
}
