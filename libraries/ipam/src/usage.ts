import { sql } from "kysely";
import { formatPrefix, reservedAddresses, sizeOf } from "./address.ts";
import type { Database } from "./database.ts";
import { prefixOf, ROOT_NAMESPACE } from "./prefixes.ts";

/** How full a prefix is; the four numbers of go-ipam, each at most 2 147 483 647. */
export interface PrefixUsage {
  /** All addresses of the prefix, reserved and taken ones included. */
  readonly availableIps: number;
  /** Taken addresses, reserved ones included: a fresh IPv4 prefix has 2. */
  readonly usedIps: number;
  /** How many /30 (IPv4) or /126 (IPv6) fit into what no child has; smaller rests do not count. */
  readonly availablePrefixes: number;
  /** Children handed out. */
  readonly usedPrefixes: number;
}

const MOST = 2_147_483_647;

/**
 * What of a prefix belongs to no child, as aligned blocks in address order; of blocks smaller than a /30 (IPv6: /126)
 * none, as in go-ipam. Empty, too, when there is no such prefix.
 */
export async function freeBlocksOf(db: Database, cidr: string, namespace = ROOT_NAMESPACE): Promise<string[]> {
  const { rows } = await sql<{ block: string }>`
    select block from ipam.prefixes prefix, ipam.free_blocks_of(prefix) block
    where namespace = ${namespace} and cidr = ${formatPrefix(prefixOf(cidr))}
      and masklen(block) <= case family(block) when 4 then 30 else 126 end
    order by block`.execute(db);
  return rows.map((row) => row.block);
}

/** The usage of many prefixes in one query, by canonical CIDR. A prefix that does not exist is not in the map. */
export async function usageOf(
  db: Database,
  cidrs: readonly string[],
  namespace = ROOT_NAMESPACE,
): Promise<Map<string, PrefixUsage>> {
  if (cidrs.length === 0) return new Map();
  const canonical = cidrs.map((cidr) => formatPrefix(prefixOf(cidr)));
  const { rows } = await sql<{ cidr: string; addresses: string; children: string; free: number }>`
    select cidr, addresses, children, coalesce((
      select sum(2::float8 ^ (smallest - masklen(block)))
      from ipam.free_blocks_of(prefix) block
      where masklen(block) <= smallest
    ), 0) as free
    from ipam.prefixes prefix, lateral (select case family(cidr) when 4 then 30 else 126 end as smallest) unit
    where namespace = ${namespace} and cidr = any(${canonical}::cidr[])`.execute(db);
  return new Map(rows.map((row) => [row.cidr, usage(row)]));
}

function usage(row: { cidr: string; addresses: string; children: string; free: number }): PrefixUsage {
  const prefix = prefixOf(row.cidr);
  const size = sizeOf(prefix);
  return {
    availableIps: size > BigInt(MOST) ? MOST : Number(size),
    usedIps: Math.min(Number(row.addresses) + reservedAddresses(prefix), MOST),
    availablePrefixes: Math.min(row.free, MOST),
    usedPrefixes: Math.min(Number(row.children), MOST),
  };
}
