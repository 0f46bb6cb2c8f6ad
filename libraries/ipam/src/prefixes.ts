import { sql } from "kysely";
import { BITS, covers, formatPrefix, parsePrefix, type Prefix } from "./address.ts";
import { type Change, makeChange } from "./changes.ts";
import type { Database } from "./database.ts";
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
  if (!prefix) throw new IpamError("invalid", `unable to parse cidr:${cidr}`);
  return prefix;
}

/**
 * Creates a root prefix; host bits are masked away. Returns the canonical CIDR.
 * Throws `invalid`, `no-namespace`, and `overlap` when it meets another prefix of the namespace at any level.
 */
export async function createPrefix(db: Database, cidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  return makeChange(db, creation(cidr, namespace));
}

export function creation(wanted: string, namespace: string): Change {
  const cidr = formatPrefix(prefixOf(wanted));
  return {
    kind: "create",
    namespace,
    cidr,
    wanted: null,
    bits: null,
    answer({ refusal, detail }) {
      if (refusal === null) return cidr;
      if (refusal === "overlap") throw new IpamError("overlap", `${cidr} overlaps ${detail ?? "another prefix"}`);
      throw missing(refusal, cidr, namespace);
    },
  };
}

/** Which of the namespace's prefixes meets the given one; undefined when none does, and it could be created. */
export async function findOverlap(db: Database, cidr: string, namespace = ROOT_NAMESPACE): Promise<string | undefined> {
  const wanted = formatPrefix(prefixOf(cidr));
  const { rows } = await sql<{ cidr: string }>`
    select cidr from (
      select cidr from ipam.prefixes
      where namespace = ${namespace} and parent is null and cidr <= ipam.end_address(${wanted})
      order by cidr desc limit 1) last
    where cidr && ${wanted}::cidr`.execute(db);
  return rows[0]?.cidr;
}

/** Reads one prefix; undefined when there is none. */
export async function findPrefix(
  db: Database,
  cidr: string,
  namespace = ROOT_NAMESPACE,
): Promise<StoredPrefix | undefined> {
  const { rows } = await sql<Row>`
    select cidr, parent, addresses, children from ipam.prefixes
    where namespace = ${namespace} and cidr = ${formatPrefix(prefixOf(cidr))}`.execute(db);
  return rows[0] && stored(rows[0]);
}

/** All prefixes of a namespace, roots and children, in address order. */
export async function listPrefixes(db: Database, namespace = ROOT_NAMESPACE): Promise<StoredPrefix[]> {
  const { rows } = await sql<Row>`
    select cidr, parent, addresses, children from ipam.prefixes
    where namespace = ${namespace} order by cidr`.execute(db);
  return rows.map(stored);
}

interface Row {
  readonly cidr: string;
  readonly parent: string | null;
  readonly addresses: string | number;
  readonly children: string | number;
}

function stored(row: Row): StoredPrefix {
  return { ...row, addresses: Number(row.addresses), children: Number(row.children) };
}

/**
 * Hands out the child prefix of `length` bits that wastes least: the lowest part of the smallest free block that is
 * large enough. Returns its CIDR. Throws `not-found`, `invalid` (length), `in-use` (the parent has addresses),
 * `no-prefix-left`.
 */
export async function acquireChildPrefix(
  db: Database,
  parentCidr: string,
  length: number,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  return makeChange(db, childAcquisition(parentCidr, length, namespace));
}

/** Hands out exactly `childCidr`; host bits are masked away. Throws as {@link acquireChildPrefix}. */
export async function acquireSpecificChildPrefix(
  db: Database,
  parentCidr: string,
  childCidr: string,
  namespace = ROOT_NAMESPACE,
): Promise<string> {
  return makeChange(db, childAcquisition(parentCidr, childCidr, namespace));
}

/** @param which the length of any child, or the CIDR of one */
export function childAcquisition(parentCidr: string, which: number | string, namespace: string): Change {
  const parent = prefixOf(parentCidr);
  const cidr = formatPrefix(parent);
  const wanted = typeof which === "string" ? prefixOf(which) : undefined;
  const bits = wanted?.length ?? Number(which);
  if (!wanted && (!Number.isInteger(bits) || bits < 0 || bits > BITS[parent.family]))
    throw new IpamError("invalid", `given length:${bits} must be a whole number up to ${BITS[parent.family]}`);
  // Also when it is shorter than the parent: then the length is what is wrong.
  if (wanted && bits > parent.length && !covers(parent, wanted)) throw unavailable(wanted, parent);
  return {
    kind: "child",
    namespace,
    cidr,
    wanted: wanted ? formatPrefix(wanted) : null,
    bits,
    async answer({ result, refusal }, db) {
      switch (refusal) {
        case null:
          return result!;
        case "too-short":
          throw new IpamError("invalid", `given length:${bits} must be greater than prefix length:${parent.length}`);
        case "in-use":
          throw new IpamError("in-use", `prefix ${cidr} has ips, acquire child prefix not possible`);
        case "no-prefix-left":
          throw wanted ? unavailable(wanted, parent) : await nothingLeft(db, cidr, bits, namespace);
        default:
          throw missing(refusal, cidr, namespace);
      }
    },
  };
}

function unavailable(child: Prefix, parent: Prefix): IpamError {
  return new IpamError(
    "no-prefix-left",
    `specific prefix ${formatPrefix(child)} is not available in prefix ${formatPrefix(parent)}`,
  );
}

async function nothingLeft(db: Database, cidr: string, length: number, namespace: string): Promise<IpamError> {
  const { rows } = await sql<{ block: string }>`
    select block from ipam.prefixes prefix, ipam.free_blocks_of(prefix) block
    where namespace = ${namespace} and cidr = ${cidr} order by block limit ${LISTED_BLOCKS}`.execute(db);
  const message = `no prefix found in ${cidr} with length:${length}`;
  if (rows.length === 0) return new IpamError("no-prefix-left", message);
  const blocks = rows.map((row) => row.block).join(",");
  return new IpamError("no-prefix-left", `${message}, but ${blocks} ${rows.length === 1 ? "is" : "are"} available`);
}

/**
 * Gives a child prefix back to its parent. Throws `not-found`, `invalid` (a root prefix), `in-use` (it has addresses
 * or children). Returns the parent.
 */
export async function releaseChildPrefix(db: Database, cidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
  return (await remove(db, cidr, false, namespace))!;
}

/**
 * Deletes a prefix; a child goes back to its parent, which is returned (null for a root).
 * Throws `not-found`, `in-use` (it has addresses or children).
 */
export async function deletePrefix(db: Database, cidr: string, namespace = ROOT_NAMESPACE): Promise<string | null> {
  return remove(db, cidr, true, namespace);
}

async function remove(db: Database, cidr: string, roots: boolean, namespace: string): Promise<string | null> {
  const canonical = formatPrefix(prefixOf(cidr));
  const { rows } = await sql<{ parent: string | null; refusal: string | null }>`
    select parent_cidr as parent, refusal
    from ipam.delete_prefix(${namespace}, ${canonical}, ${roots})`.execute(db);
  const { parent, refusal } = rows[0]!;
  switch (refusal) {
    case null:
      return parent;
    case "root":
      throw new IpamError("invalid", `prefix:"${canonical}" is no child prefix`);
    case "has-addresses":
      throw new IpamError("in-use", `prefix ${canonical} has ips, deletion not possible`);
    case "has-children":
      throw new IpamError("in-use", `prefix ${canonical} has childprefixes, deletion not possible`);
    default:
      throw missing(refusal, canonical, namespace);
  }
}

/** The error for a prefix that is not there, perhaps because there is no such namespace. */
export function missing(refusal: string, cidr: string, namespace: string): IpamError {
  if (refusal === "no-namespace") return new IpamError("no-namespace", `unable to find namespace:${namespace}`);
  return new IpamError("not-found", `unable to find prefix for cidr:${cidr}`);
}
