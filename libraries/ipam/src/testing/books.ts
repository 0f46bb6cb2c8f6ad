// What the tables say, for tests.
import { type Kysely, sql } from "kysely";

/** Every prefix of a namespace with its parent and its addresses, sorted; as the model says it. */
export async function stateOf(db: Kysely<object>, namespace: string): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    select cidr || ' of ' || coalesce(parent::text, 'nobody') || ': ' || coalesce((
      select string_agg(host(ip), ' ' order by ip) from ipam.addresses
      where namespace = prefix.namespace and prefix = prefix.cidr), '') as line
    from ipam.prefixes prefix where namespace = ${namespace}`.execute(db);
  return rows.map((row) => row.line).toSorted();
}

/**
 * Where the tables of a namespace contradict each other: counters that are not the number of rows, overlapping
 * children, and free space that is not exactly what nobody has. Empty when the books are right.
 */
export async function contradictions(db: Kysely<object>, namespace: string): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    select 'addresses counted in ' || cidr as what from ipam.prefixes p where namespace = ${namespace}
      and addresses <> (select count(*) from ipam.addresses a where a.namespace = p.namespace and a.prefix = p.cidr)
    union all
    select 'children counted in ' || cidr from ipam.prefixes p where namespace = ${namespace}
      and children <> (select count(*) from ipam.prefixes c where c.namespace = p.namespace and c.parent = p.cidr)
    union all
    select one.cidr || ' overlaps ' || other.cidr from ipam.prefixes one join ipam.prefixes other using (namespace)
    where namespace = ${namespace} and one.cidr < other.cidr and one.cidr && other.cidr
      and one.parent is not distinct from other.parent
    union all
    select 'free ranges meet in ' || prefix from ipam.free_ranges one join ipam.free_ranges other using (namespace, prefix)
    where namespace = ${namespace} and one.last < other.last and one.last + 1 >= other.first
    union all
    select 'free and taken: ' || ip from ipam.free_ranges f join ipam.addresses a using (namespace, prefix)
    where namespace = ${namespace} and a.ip between f.first and f.last
    union all
    select 'addresses lost in ' || cidr from ipam.prefixes p where namespace = ${namespace} and children = 0
      and addresses + (select coalesce(sum(last - first + 1), 0) from ipam.free_ranges f
                       where f.namespace = p.namespace and f.prefix = p.cidr) <> reached - ipam.first_address(cidr)
    union all
    select 'reached but free: ' || host(reached) from ipam.prefixes p where namespace = ${namespace} and addresses > 0
      and not exists (select from ipam.addresses a where a.namespace = p.namespace and a.prefix = p.cidr and ip = reached)
    union all
    select 'reached but no child: ' || host(reached) from ipam.prefixes p where namespace = ${namespace} and children > 0
      and reached <> (select max(ipam.end_address(cidr)) from ipam.prefixes c
                      where c.namespace = p.namespace and c.parent = p.cidr)
    union all
    select 'holes counted in ' || cidr from ipam.prefixes p where namespace = ${namespace}
      and holes <> (select count(*) from ipam.free_ranges f where f.namespace = p.namespace and f.prefix = p.cidr)
                 + (select count(*) from ipam.free_blocks f where f.namespace = p.namespace and f.parent = p.cidr)
    union all
    select 'behind the highest child of ' || cidr from ipam.prefixes p
    join ipam.free_blocks f on f.namespace = p.namespace and f.parent = p.cidr
    where p.namespace = ${namespace} and f.block > reached
    union all
    select 'parent gone of ' || cidr from ipam.prefixes p where namespace = ${namespace} and parent is not null
      and not exists (select from ipam.prefixes q where q.namespace = p.namespace and q.cidr = p.parent)
    union all
    select 'space lost in ' || cidr from ipam.prefixes p where namespace = ${namespace} and children > 0
      and (select sum(2::numeric ^ (128 - masklen(block))) from (
             select block from ipam.free_blocks_of(p) block
             union all select cidr from ipam.prefixes c where c.namespace = p.namespace and c.parent = p.cidr) part)
        <> 2::numeric ^ (128 - masklen(cidr))
    union all
    select 'free blocks overlap: ' || block || ' ' || c.cidr from ipam.free_blocks f
    join ipam.prefixes c on c.namespace = f.namespace and c.parent = f.parent and c.cidr && f.block
    where f.namespace = ${namespace}
    union all
    select 'left behind in ' || left_over.cidr from (
      select namespace, prefix as cidr from ipam.free_ranges
      union all select namespace, parent from ipam.free_blocks) left_over
    where namespace = ${namespace} and not exists (
      select from ipam.prefixes p where p.namespace = left_over.namespace and p.cidr = left_over.cidr
        and (addresses > 0 or children > 0))`.execute(db);
  return rows.map((row) => row.what);
}
