// What must hold of the database at every moment, whatever was killed: one query an invariant, a row for each breach.
import { type Kysely, sql } from "kysely";

/** Name → a query whose rows are breaches, each with a column `breach` that says what is wrong. */
const INVARIANTS: Readonly<Record<string, string>> = {
  "a machine has at most one allocation":
    "select machine_id || ' has ' || count(*) as breach from allocations group by machine_id having count(*) > 1",

  "a name was allocated once":
    "select name || ' has ' || count(*) as breach from allocations group by name having count(*) > 1",

  "the disks of exactly the allocated machines are in use": `
    select m.id || ' is ' || disks || (case when a.uuid is null then ' without' else ' with' end) || ' allocation' as breach
    from machines m left join allocations a on a.machine_id = m.id where (disks = 'in-use') <> (a.uuid is not null)`,

  "an allocated machine is not being taken back": `
    select r.machine_id || ' is released and allocated' as breach
    from releases r join allocations a on a.machine_id = r.machine_id where r.finished is null`,

  "exactly the machines that are being erased have an open release": `
    select m.id || ' is ' || disks || (case when r.id is null then ' without' else ' with' end) || ' release' as breach
    from machines m left join releases r on r.machine_id = m.id and r.finished is null
    where (disks = 'erasing') <> (r.id is not null)`,

  "a release that is not over has a reason, and a deadline or a next try, unless it gave up and says so": `
    select machine_id || ' ' || phase || ': ' || reason as breach from releases
    where finished is null and (reason = '' or since is null
      or (deadline is null and next_try is null and reason not like '%gave up%'))`,

  "erased is proven, by the newest verdict, which is younger than the last tenant": `
    select m.id || ' is erased without proof: ' || m.disks_reason as breach from machines m
    where disks = 'erased' and not exists (
      select from {verdicts} v join releases r on r.id = v.release_id and r.machine_id = m.id
      where v.machine_id = m.id and v.accepted and r.phase = 'done' and r.finished is not null
        and not exists (select from releases later where later.machine_id = m.id and later.created > r.created))`,

  "a disk counts as erased only when it kept all marks until its erase": `
    select machine_id || ' ' || (document -> 'disk' ->> 'name') || ' was erased without marks' as breach from erase_records
    where good and coalesce((document ->> 'marksproven')::int, 0) = 0`,

  "only erased machines without tenant wait": `
    select id || ' waits, ' || disks as breach from machines where waiting_until > now() and disks <> 'erased'`,

  "an address of an allocation exists and belongs to its machine": `
    select a.name || ': ' || address as breach
    from allocations a, jsonb_array_elements(a.networks) network, jsonb_array_elements_text(network -> 'ips') address
    where not exists (select from ips where ip = address::inet and network_id = network ->> 'networkid'
      and 'machine.metal-stack.io/id=' || a.machine_id = any(tags))`,

  "an address that a machine was given has a machine that was given it": `
    select host(ip) || ' is tagged ' || tags::text as breach from ips
    where description = 'autoassigned' and not exists (
      select from allocations a, jsonb_array_elements(a.networks) network
      where 'machine.metal-stack.io/id=' || a.machine_id = any(tags) and network -> 'ips' ? host(ip))`,

  "an address has one owner": `
    select address || ' belongs to ' || count(*) as breach
    from allocations a, jsonb_array_elements(a.networks) network, jsonb_array_elements_text(network -> 'ips') address
    group by address having count(*) > 1`,

  "addresses and IPAM agree": `
    select coalesce(host(one.ip), host(other.ip)) || (case when one.ip is null then ' leaked' else ' is not in IPAM' end) as breach
    from ips one full join ipam.addresses other on other.ip = one.ip and other.prefix = one.prefix
    where one.ip is null or other.ip is null`,

  "IPAM counts the addresses it handed out": `
    select cidr || ' counts ' || addresses as breach from ipam.prefixes p
    where addresses <> (select count(*) from ipam.addresses a where a.prefix = p.cidr and a.namespace = p.namespace)`,

  "IPAM counts the prefixes it handed out": `
    select cidr || ' counts ' || children as breach from ipam.prefixes p
    where children <> (select count(*) from ipam.prefixes c where c.parent = p.cidr and c.namespace = p.namespace)`,

  "a free address is free": `
    select host(ip) || ' is handed out and free' as breach from ipam.addresses a
    join ipam.free_ranges f on f.prefix = a.prefix and a.ip between f.first and f.last`,

  "no address is lost": `
    select cidr || ' has ' || below || ' free below ' || host(reached) || ' and ' || addresses || ' taken' as breach
    from (select p.*, (select coalesce(sum(f.last - f.first + 1), 0) from ipam.free_ranges f
                       where f.prefix = p.cidr and f.namespace = p.namespace) as below
          from ipam.prefixes p where family(p.cidr) = 4 and children = 0) p
    where below + addresses <> reached - ipam.first_address(cidr)`,

  "no prefix is lost": `
    select p.cidr::text || ' has free and handed out prefixes that are not all of it' as breach from ipam.prefixes p
    where family(p.cidr) = 4 and p.children > 0 and 2 ^ (32 - masklen(p.cidr)) <>
      (select coalesce(sum(2 ^ (32 - masklen(c.cidr))), 0) from ipam.prefixes c where c.parent = p.cidr) +
      (select coalesce(sum(2 ^ (32 - masklen(block))), 0) from ipam.free_blocks_of(p) block)`,

  "networks and IPAM agree": `
    select coalesce(one.cidr::text, other.cidr::text) || (case when one.cidr is null then ' leaked' else ' is not in IPAM' end) as breach
    from (select unnest(prefixes)::cidr as cidr from networks) one full join ipam.prefixes other on other.cidr = one.cidr
    where one.cidr is null or other.cidr is null`,

  "a number is free or has one owner": `
    with owned as (
      select 'vrf' as pool, vrf::bigint as number from networks where vrf is not null
      union all select 'asn', asn from allocations)
    select pool || ' ' || number || ' is owned ' || count(*) || ' times' as breach from owned
      group by pool, number having count(*) > 1
    union all select pool || ' ' || number || ' is owned and free' from owned join free_numbers using (pool, number)
    union all select p.pool || ': ' || p.next - p.first || ' were made, ' || (
        (select count(*) from owned o where o.pool = p.pool and o.number >= p.first and o.number < p.next)
        + (select count(*) from free_numbers f where f.pool = p.pool)) || ' are known' from number_pools p
      where p.next - p.first <> (select count(*) from owned o where o.pool = p.pool and o.number >= p.first and o.number < p.next)
        + (select count(*) from free_numbers f where f.pool = p.pool)`,

  "a port in a tenant's network belongs to a machine of that tenant": `
    select switch_id || ' ' || p.name || ' is in ' || vrf as breach from switch_ports p
    where vrf <> '' and not exists (
      select from allocations a, jsonb_array_elements(a.networks) network
      where a.machine_id = p.machine_id and a.installed is not null and p.vrf = 'vrf' || (network ->> 'vrf'))`,

  "the ports of a machine are in its tenant's network exactly while its system is installed": `
    select switch_id || ' ' || p.name || ' is in "' || vrf || '", ' || (case when a.reinstall then 'reinstalled' else 'installed' end) as breach
    from switch_ports p join allocations a on a.machine_id = p.machine_id
    where a.installed is not null and (vrf = '') <> a.reinstall`,

  "what a machine runs is what it is to run": `
    select name || ' is ' || image_id || ' and was installed with ' || coalesce(boot_info ->> 'image_id', 'nothing') as breach
    from allocations where installed is not null and not reinstall and boot_info ->> 'image_id' is distinct from image_id`,

  "a machine that nobody has carries no tags": `
    select id || ' is tagged ' || tags::text as breach from machines m
    where tags <> '{}' and not exists (select from allocations a where a.machine_id = m.id)`,

  "a machine's tag names the ASN that it has": `
    select m.id || ' has ' || a.asn || ' and is tagged ' || tags::text as breach
    from machines m join allocations a on a.machine_id = m.id
    where 'machine.metal-stack.io/network.primary.asn=' || a.asn <> all(tags)
      or (select count(*) from unnest(tags) tag where tag like 'machine.metal-stack.io/network.primary.asn=%') <> 1`,

  "the BMC of a machine that is reinstalled was told": `
    select machine_id || ' is reinstalled without a command' as breach from allocations a
    where reinstall and not exists (
      select from bmc_commands c where c.machine_id = a.machine_id and command = 'REINSTALL')`,

  "a system that was overwritten is not booted": `
    select name || ' keeps a system whose disk was touched' as breach from allocations where old_system_lost and not reinstall`,

  "the ports of a freed machine are in the boot network": `
    select switch_id || ' ' || p.name || ' is in ' || vrf as breach from switch_ports p
    where vrf <> '' and not exists (select from allocations a where a.machine_id = p.machine_id)`,

  "no BMC command is forgotten": `
    select machine_id || ' ' || command || ' since ' || created as breach from bmc_commands
    where done is null and expires < now() - interval '20 seconds'`,
};

/** Every breach, in one snapshot of the database. */
export async function breaches(db: Kysely<unknown>): Promise<string[]> {
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (tx) => {
      const { rows } = await sql<{ verdicts: string }>`
        select coalesce(to_regclass('erase_verdicts')::text, 'erase_records') as verdicts`.execute(tx);
      const found: string[] = [];
      for (const [name, query] of Object.entries(INVARIANTS)) {
        const text = query.replaceAll("{verdicts}", rows[0]!.verdicts);
        const { rows: broken } = await sql<{ breach: string }>`${sql.raw(text)}`.execute(tx);
        found.push(...broken.map(({ breach }) => `${name}: ${breach}`));
      }
      return found;
    });
}

/** Machines that anybody may get, and so must hold nobody's data. */
export async function freeMachines(db: Kysely<unknown>): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from machines m where disks = 'erased'
      and not exists (select from allocations a where a.machine_id = m.id)`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Whether it was registered with the disk of a twin of the lab's, since it was erased with its own. */
export async function quarantinedByTwin(db: Kysely<unknown>, machine: string): Promise<boolean> {
  const { rows } = await sql`
    select from machines where id = ${machine} and disks = 'quarantined'
      and disks_reason like '%(serial twin of %) was not there when the disks were erased%'`.execute(db);
  return rows.length > 0;
}

/** What is not yet as everybody wants it: empty when the region has come to rest. Each says what is awaited. */
export async function unrest(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    select m.id || ' is allocated, ' || case when a.reinstall then 'to be reinstalled' when a.installed is null then 'not installed' else 'not heard of yet' end as what
      from machines m join allocations a on a.machine_id = m.id where not a.succeeded or a.reinstall
    union all
    select m.id || ' is free, disks ' || disks || ', ' || case when waiting_until > now() then 'waiting' else 'not waiting' end
      from machines m where not exists (select from allocations a where a.machine_id = m.id)
      and not coalesce(disks = 'erased' and waiting_until > now(), false)
    union all
    select machine_id || ' is being taken back: ' || phase || ', ' || reason from releases where finished is null
    union all
    select id || ' has a BMC that is not known yet' from machines where coalesce(ipmi ->> 'address', '') = ''
    union all
    select machine_id || ' awaits ' || command from bmc_commands where done is null
    union all
    select id || ' has not applied generation ' || generation from switches where applied_generation <> generation`.execute(
    db,
  );
  return rows.map(({ what }) => what);
}

/** As if time had passed: every date that something waits for moves into the past. Clocks stay as they are. */
export async function passTime(db: Kysely<unknown>, minutes: number): Promise<void> {
  const ago = sql.raw(`interval '${minutes} minutes'`);
  await db.transaction().execute(async (tx) => {
    // In the order of locks that metal-api keeps: else the deadlocks would be ours.
    await sql`select from machines order by id for update`.execute(tx);
    await sql`update releases set since = since - ${ago}, deadline = deadline - ${ago}, next_try = next_try - ${ago}
      where finished is null`.execute(tx);
    await sql`update bmc_commands set expires = expires - ${ago}, created = created - ${ago}, done = done - ${ago}`.execute(
      tx,
    );
    await sql`update allocations set created = created - ${ago} where installed is null`.execute(tx);
    await sql`update provisioning_events set time = time - ${ago}`.execute(tx);
    await sql`update provisioning_states set last_event_time = last_event_time - ${ago}`.execute(tx);
  });
}

/** Resolves when nothing that ran before `since` can still commit. */
export async function olderTransactions(db: Kysely<unknown>, since: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start < ${since}`.execute(db);
  return rows[0]!.count;
}
