import { type RawBuilder, sql } from "kysely";
import {
  covers,
  formatAddress,
  formatPrefix,
  parsePrefix,
  type Prefix,
  remainder,
  sibling,
  supernet,
  usableRange,
} from "./address.ts";
import { BITS } from "./address.ts";
import type { Reader, Writer } from "./database.ts";
import { IpamError } from "./errors.ts";

/** The namespace that is meant when none is named. Prefixes of different namespaces may overlap. */
export const ROOT_NAMESPACE = "root";

/** A prefix as stored. */
export interface StoredPrefix {
  readonly cidr: string;
  /** Null for a root prefix. */
  readonly parent: string | null;
  /** Handed out, without the reserved ones. */
  readonly addresses: number;
  readonly children: number;
}

/** How many free blocks an error lists at most. */
const LISTED_BLOCKS = 64;

/** Reads a CIDR or throws `invalid`. */
export function prefixOf(cidr: string): Prefix {
  const prefix = parsePrefix(cidr);
  if (!prefix) throw new IpamError("invalid", `unable to parse prefix:"${cidr}"`);
  return prefix;
}

/**
 * Creates a root prefix; host bits are masked away. Returns the canonical CIDR.
 * Throws `invalid`, and `overlap` when it meets another prefix of the namespace at any level.
 */
export async function createPrefix(tx: Writer, cidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  const prefix = prefixOf(cidr);
  const canonical = formatPrefix(prefix);
  // Two that create at the same time must see each other: they queue up at their namespace.
  const { rows } = await sql`select from ipam.namespaces where name = ${namespace} for no key update`.execute(tx);
  if (rows.length === 0) throw new IpamError("not-found", `unable to find namespace:${namespace}`);
  const overlap = await sql<{ cidr: string }>`
    select cidr from ipam.prefixes
    where namespace = ${namespace} and parent is null and cidr && ${canonical}::cidr limit 1`.execute(tx);
  if (overlap.rows[0]) throw new IpamError("overlap", `${canonical} overlaps ${overlap.rows[0].cidr}`);
  await insertPrefix(tx, prefix, null, namespace);
  return canonical;
}

/** Reads one prefix; undefined when there is none. */
export async function findPrefix(
  db: Reader,
  cidr: string,
  namespace = ROOT_NAMESPACE,
): Promise<StoredPrefix | undefined> {
  return readPrefix(db, formatPrefix(prefixOf(cidr)), namespace, sql``);
}

/**
 * Hands out the child prefix of `length` bits that wastes least: the lowest part of the smallest free block that is
 * large enough. Returns its CIDR. Throws `not-found`, `invalid` (length), `in-use` (the parent has addresses),
 * `no-prefix-left`.
 */
export async function acquireChildPrefix(
  tx: Writer,
  parentCidr: string,
  length: number,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  const { parent, cidr } = await lockParent(tx, parentCidr, length, namespace);
  const { rows } = await sql<{ block: string }>`
    select block from ipam.free_blocks
    where namespace = ${namespace} and parent = ${cidr} and masklen(block) <= ${length}
    order by masklen(block) desc, block limit 1`.execute(tx);
  const block = rows[0] && prefixOf(rows[0].block);
  if (!block) throw new IpamError("no-prefix-left", await nothingLeft(tx, cidr, length, namespace));
  return cutChild(tx, parent, block, { ...block, length }, namespace);
}

/** Hands out exactly `childCidr`. Throws as {@link acquireChildPrefix}. */
export async function acquireSpecificChildPrefix(
  tx: Writer,
  parentCidr: string,
  childCidr: string,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  const child = prefixOf(childCidr);
  const { parent, cidr } = await lockParent(tx, parentCidr, child.length, namespace);
  const unavailable = `specific prefix ${formatPrefix(child)} is not available in prefix ${cidr}`;
  if (!covers(parent, child)) throw new IpamError("no-prefix-left", unavailable);
  const around = [];
  for (let length = parent.length; length <= child.length; length++) around.push(formatPrefix(supernet(child, length)));
  const { rows } = await sql<{ block: string }>`
    select block from ipam.free_blocks
    where namespace = ${namespace} and parent = ${cidr} and block = any(${around}::cidr[])`.execute(tx);
  if (!rows[0]) throw new IpamError("no-prefix-left", unavailable);
  return cutChild(tx, parent, prefixOf(rows[0].block), child, namespace);
}

/**
 * Gives a child prefix back to its parent. Throws `not-found`, `invalid` (a root prefix), `in-use` (it has addresses
 * or children).
 */
export async function releaseChildPrefix(tx: Writer, cidr: string, namespace = ROOT_NAMESPACE): Promise<void> {
  const child = prefixOf(cidr);
  // The parent is locked before the child, in the order of acquiring; a prefix never changes its parent.
  const parentCidr = (await readPrefix(tx, formatPrefix(child), namespace, sql``))?.parent;
  if (parentCidr === undefined) throw prefixNotFound(cidr);
  if (parentCidr === null) throw new IpamError("invalid", `prefix:"${cidr}" is no child prefix`);
  await lockPrefix(tx, parentCidr, namespace);
  await removePrefix(tx, formatPrefix(child), namespace);
  await sql`update ipam.prefixes set children = children - 1
            where namespace = ${namespace} and cidr = ${parentCidr}`.execute(tx);
  await returnBlock(tx, prefixOf(parentCidr), child, namespace);
}

/** Deletes a prefix; a child goes back to its parent. Throws `not-found`, `in-use` (it has addresses or children). */
export async function deletePrefix(tx: Writer, cidr: string, namespace = ROOT_NAMESPACE): Promise<void> {
  const canonical = formatPrefix(prefixOf(cidr));
  const stored = await readPrefix(tx, canonical, namespace, sql``);
  if (!stored) throw prefixNotFound(cidr);
  if (stored.parent === null) await removePrefix(tx, canonical, namespace);
  else await releaseChildPrefix(tx, canonical, namespace);
}

/** Locks the row of a prefix until the transaction ends and returns what it says now. Throws `not-found`. */
export async function lockPrefix(tx: Writer, canonical: string, namespace: string): Promise<StoredPrefix> {
  const stored = await readPrefix(tx, canonical, namespace, sql`for no key update`);
  if (!stored) throw prefixNotFound(canonical);
  return stored;
}

function prefixNotFound(cidr: string): IpamError {
  return new IpamError("not-found", `unable to find prefix for cidr:${cidr}`);
}

async function readPrefix(
  db: Reader,
  canonical: string,
  namespace: string,
  lock: RawBuilder<unknown>,
): Promise<StoredPrefix | undefined> {
  const { rows } = await sql<{ cidr: string; parent: string | null; addresses: string; children: string }>`
    select cidr, parent, addresses, children from ipam.prefixes
    where namespace = ${namespace} and cidr = ${canonical} ${lock}`.execute(db);
  const row = rows[0];
  return row && { ...row, addresses: Number(row.addresses), children: Number(row.children) };
}

async function lockParent(tx: Writer, parentCidr: string, length: number, namespace: string) {
  const parent = prefixOf(parentCidr);
  const cidr = formatPrefix(parent);
  const { addresses } = await lockPrefix(tx, cidr, namespace);
  if (!Number.isInteger(length) || length > BITS[parent.family])
    throw new IpamError("invalid", `given length:${length} must be a whole number up to ${BITS[parent.family]}`);
  if (length <= parent.length)
    throw new IpamError("invalid", `given length:${length} must be greater than prefix length:${parent.length}`);
  if (addresses > 0) throw new IpamError("in-use", `prefix ${cidr} has ips, acquire child prefix not possible`);
  return { parent, cidr };
}

async function cutChild(tx: Writer, parent: Prefix, block: Prefix, child: Prefix, namespace: string): Promise<string> {
  const parentCidr = formatPrefix(parent);
  await sql`delete from ipam.free_blocks
            where namespace = ${namespace} and parent = ${parentCidr} and block = ${formatPrefix(block)}`.execute(tx);
  const rest = remainder(block, child).map(formatPrefix);
  await sql`insert into ipam.free_blocks (namespace, parent, block)
            select ${namespace}, ${parentCidr}::cidr, unnest(${rest}::cidr[])`.execute(tx);
  await sql`update ipam.prefixes set children = children + 1
            where namespace = ${namespace} and cidr = ${parentCidr}`.execute(tx);
  await insertPrefix(tx, child, parentCidr, namespace);
  return formatPrefix(child);
}

/** Puts a block back into the free space of its parent, together with the free neighbours that complete larger ones. */
async function returnBlock(tx: Writer, parent: Prefix, block: Prefix, namespace: string): Promise<void> {
  const parentCidr = formatPrefix(parent);
  const siblings = remainder(parent, block).map(formatPrefix);
  const { rows } = await sql<{ block: string }>`
    select block from ipam.free_blocks
    where namespace = ${namespace} and parent = ${parentCidr} and block = any(${siblings}::cidr[])`.execute(tx);
  const free = new Set(rows.map((row) => row.block));
  const merged: string[] = [];
  let whole = block;
  while (whole.length > parent.length && free.has(formatPrefix(sibling(whole)))) {
    merged.push(formatPrefix(sibling(whole)));
    whole = supernet(whole, whole.length - 1);
  }
  await sql`delete from ipam.free_blocks
            where namespace = ${namespace} and parent = ${parentCidr} and block = any(${merged}::cidr[])`.execute(tx);
  await sql`insert into ipam.free_blocks (namespace, parent, block)
            values (${namespace}, ${parentCidr}, ${formatPrefix(whole)})`.execute(tx);
}

async function insertPrefix(tx: Writer, prefix: Prefix, parent: string | null, namespace: string): Promise<void> {
  const cidr = formatPrefix(prefix);
  await sql`insert into ipam.prefixes (namespace, cidr, parent) values (${namespace}, ${cidr}, ${parent})`.execute(tx);
  await sql`insert into ipam.free_blocks (namespace, parent, block)
            values (${namespace}, ${cidr}, ${cidr})`.execute(tx);
  const usable = usableRange(prefix);
  if (!usable) return;
  const [first, last] = [usable.first, usable.last].map((value) => formatAddress({ family: prefix.family, value }));
  await sql`insert into ipam.free_ranges (namespace, prefix, first, last)
            values (${namespace}, ${cidr}, ${first}, ${last})`.execute(tx);
}

async function removePrefix(tx: Writer, canonical: string, namespace: string): Promise<void> {
  const { addresses, children } = await lockPrefix(tx, canonical, namespace);
  if (addresses > 0) throw new IpamError("in-use", `prefix ${canonical} has ips, deletion not possible`);
  if (children > 0) throw new IpamError("in-use", `prefix ${canonical} has childprefixes, deletion not possible`);
  await sql`delete from ipam.prefixes where namespace = ${namespace} and cidr = ${canonical}`.execute(tx);
}

async function nothingLeft(db: Reader, cidr: string, length: number, namespace: string): Promise<string> {
  const { rows } = await sql<{ block: string }>`
    select block from ipam.free_blocks where namespace = ${namespace} and parent = ${cidr}
    order by block limit ${LISTED_BLOCKS}`.execute(db);
  const message = `no prefix found in ${cidr} with length:${length}`;
  if (rows.length === 0) return message;
  const blocks = rows.map((row) => row.block).join(",");
  return `${message}, but ${blocks} ${rows.length === 1 ? "is" : "are"} available`;
}
