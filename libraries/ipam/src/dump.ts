// The content of a namespace in go-ipam's JSON: a backup, and the way over from a go-ipam.
import { sql } from "kysely";
import { formatAddress, formatPrefix, type Prefix, usableRange } from "./address.ts";
import type { Database, Transaction } from "./database.ts";
import { IpamError } from "./errors.ts";
import { blocksOf, gaps, rangeOf } from "./gaps.ts";
import { type DumpedPrefix, readDump } from "./read-dump.ts";
import { prefixOf, ROOT_NAMESPACE } from "./prefixes.ts";

/** All prefixes and addresses of a namespace at one moment, as go-ipam's `Dump` writes them: JSON text. */
export async function dump(db: Database, namespace = ROOT_NAMESPACE): Promise<string> {
  const { rows } = await sql<{ cidr: string; parent: string | null; ips: string[] | null; children: string[] | null }>`
    select cidr, parent,
      (select array_agg(host(ip) order by ip) from ipam.addresses
       where namespace = prefix.namespace and prefix = prefix.cidr) as ips,
      (select array_agg(cidr::text order by cidr) from ipam.prefixes child
       where child.namespace = prefix.namespace and child.parent = prefix.cidr) as children
    from ipam.prefixes prefix where namespace = ${namespace} order by cidr`.execute(db);
  return JSON.stringify(
    rows.map(({ cidr, parent, ips, children }) => ({
      Cidr: cidr,
      ParentCidr: parent ?? "",
      Namespace: "",
      AvailableChildPrefixes: entries(children ?? [], false),
      ChildPrefixLength: 0,
      IsParent: children !== null,
      IPs: entries([...reserved(prefixOf(cidr)), ...(ips ?? [])], true),
      Version: 0,
    })),
  );
}

function entries(keys: readonly string[], value: boolean): Record<string, boolean> {
  return Object.fromEntries(keys.map((key) => [key, value]));
}

/** go-ipam lists the reserved addresses among the taken ones. */
function reserved(prefix: Prefix): string[] {
  const { first, last } = rangeOf(prefix);
  const values = prefix.family === "IPv4" ? [first, last] : [first];
  return values.map((value) => formatAddress({ family: prefix.family, value }));
}

/**
 * Fills an empty namespace with what {@link dump}, or a go-ipam, wrote. Children that only their parent knows (go-ipam
 * loses some) are free afterwards. Throws `invalid` (unreadable, contradicts itself), `no-namespace`, `in-use` (it has
 * prefixes already).
 */
export async function load(tx: Transaction, text: string, namespace = ROOT_NAMESPACE): Promise<void> {
  const prefixes = readDump(text);
  // Nobody creates a prefix meanwhile: that takes a lock on the namespace, too.
  const { rows } = await sql`select from ipam.namespaces where name = ${namespace} for update`.execute(tx);
  if (rows.length === 0) throw new IpamError("no-namespace", `unable to find namespace:${namespace}`);
  const present = await sql`select from ipam.prefixes where namespace = ${namespace} limit 1`.execute(tx);
  if (present.rows.length > 0)
    throw new IpamError("in-use", "prefixes exist, please drop existing data before loading");

  await sql`insert into ipam.prefixes (namespace, cidr, parent, addresses, children, reached, holes)
    select ${namespace}, cidr, parent, addresses, children, coalesce(reached, ipam.first_address(cidr)), holes from unnest(
      ${prefixes.map(({ cidr }) => cidr)}::cidr[],
      ${prefixes.map(({ parent }) => parent?.cidr ?? null)}::cidr[],
      ${prefixes.map(({ addresses }) => addresses.length)}::bigint[],
      ${prefixes.map(({ children }) => children.length)}::bigint[],
      ${prefixes.map(reachedBy)}::inet[],
      ${prefixes.map((prefix) => freeRanges(prefix).length + freeBlocks(prefix).length)}::bigint[]
    ) dumped (cidr, parent, addresses, children, reached, holes)`.execute(tx);
  const taken = prefixes.flatMap(({ cidr, prefix, addresses }) =>
    addresses.map((value) => ({ cidr, ip: formatAddress({ family: prefix.family, value }) })),
  );
  await sql`insert into ipam.addresses select ${namespace}, * from unnest(
    ${taken.map(({ cidr }) => cidr)}::cidr[], ${taken.map(({ ip }) => ip)}::inet[])`.execute(tx);
  const ranges = prefixes.flatMap(freeRanges);
  await sql`insert into ipam.free_ranges select ${namespace}, * from unnest(
    ${ranges.map(({ cidr }) => cidr)}::cidr[], ${ranges.map(({ first }) => first)}::inet[],
    ${ranges.map(({ last }) => last)}::inet[])`.execute(tx);
  const blocks = prefixes.flatMap(freeBlocks);
  await sql`insert into ipam.free_blocks select ${namespace}, * from unnest(
    ${blocks.map(({ cidr }) => cidr)}::cidr[], ${blocks.map(({ block }) => block)}::cidr[])`.execute(tx);
}

/** The highest address in use, itself or in a child; null when there is none. */
function reachedBy({ prefix, addresses, children }: DumpedPrefix): string | null {
  const highestChild = children.at(-1);
  const highest = highestChild ? rangeOf(highestChild).last : addresses.at(-1);
  return highest === undefined ? null : formatAddress({ family: prefix.family, value: highest });
}

/** What is free below the highest address in use. */
function freeRanges({ cidr, prefix, addresses }: DumpedPrefix): { cidr: string; first: string; last: string }[] {
  const usable = usableRange(prefix);
  const highest = addresses.at(-1);
  if (!usable || highest === undefined) return [];
  const text = (value: bigint) => formatAddress({ family: prefix.family, value });
  const taken = addresses.map((value) => ({ first: value, last: value }));
  return gaps({ first: usable.first, last: highest }, taken).map(({ first, last }) => ({
    cidr,
    first: text(first),
    last: text(last),
  }));
}

/** What is free below the highest child. */
function freeBlocks({ cidr, prefix, children }: DumpedPrefix): { cidr: string; block: string }[] {
  const highest = children.at(-1);
  if (!highest) return [];
  return gaps({ first: prefix.value, last: rangeOf(highest).last }, children.map(rangeOf))
    .flatMap((gap) => blocksOf(prefix.family, gap))
    .map((block) => ({ cidr, block: formatPrefix(block) }));
}
