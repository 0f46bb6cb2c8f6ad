-- Faster: an address above all that were handed out is taken without a look at the free ranges. Those are now only the
-- holes below the highest address in use; `reached` is that address (the prefix's first one while nothing is in use),
-- `holes` how many there are, `last` the highest address that may be handed out.

-- A /31, /32 or /128 hands out nothing; of others the first address is reserved, in IPv4 the last, too.
create function ipam.first_address(prefix cidr) returns inet language sql immutable
return set_masklen(prefix::inet, case family(prefix) when 4 then 32 else 128 end);
create function ipam.last_address(prefix cidr) returns inet language sql immutable
return case
  when family(prefix) = 6 then set_masklen(broadcast(prefix), 128)
  when masklen(prefix) < 31 then set_masklen(broadcast(prefix), 32) - 1
  else set_masklen(prefix::inet, 32)
end;

alter table ipam.prefixes add column last inet generated always as (ipam.last_address(cidr)) stored;
alter table ipam.prefixes add column reached inet;
alter table ipam.prefixes add column holes bigint not null default 0 check (holes >= 0);
update ipam.prefixes prefix set reached = coalesce((
  select max(ip) from ipam.addresses taken where taken.namespace = prefix.namespace and taken.prefix = prefix.cidr),
  ipam.first_address(cidr));
alter table ipam.prefixes alter column reached set not null;
delete from ipam.free_ranges free using ipam.prefixes prefix
where prefix.namespace = free.namespace and prefix.cidr = free.prefix and free.first > prefix.reached;
update ipam.prefixes prefix set holes = (
  select count(*) from ipam.free_ranges free where free.namespace = prefix.namespace and free.prefix = prefix.cidr);

create or replace function ipam.create_prefix(ns text, wanted cidr, out refusal text, out obstacle text) language plpgsql as $$
begin
  perform from ipam.namespaces where name = ns for key share;
  if not found then refusal := 'no-namespace'; return; end if;
  -- Waits for whoever creates an overlapping one at this moment.
  insert into ipam.prefixes (namespace, cidr, reached) values (ns, wanted, ipam.first_address(wanted))
  on conflict do nothing;
  if found then return; end if;
  refusal := 'overlap';
  select cidr into obstacle from ipam.prefixes
  where namespace = ns and parent is null and cidr && wanted order by cidr limit 1;
end $$;

-- The lowest free address, or exactly `wanted`. `taken`: how many were handed out before, when none is left.
create or replace function ipam.acquire_address(
  ns text, within cidr, wanted inet, out ip text, out refusal text, out taken bigint) language plpgsql as $$
declare
  chosen inet;
  stored record;
  low inet;   -- the hole that the address comes from
  high inet;
begin
  if wanted is null then
    -- Locks the prefix, looks and takes in one go: most prefixes have no holes.
    update ipam.prefixes set addresses = addresses + 1, reached = reached + 1
    where namespace = ns and cidr = within and holes = 0 and reached < last and children = 0
    returning reached into chosen;
    if found then
      insert into ipam.addresses values (ns, within, chosen);
      ip := host(chosen);
      return;
    end if;
  end if;
  select addresses, children, reached, last, holes into stored from ipam.prefixes
  where namespace = ns and cidr = within for no key update;
  if not found then refusal := ipam.missing(ns); return; end if;
  if stored.children > 0 then refusal := 'in-use'; return; end if;
  -- Somebody released what hindered us a moment ago, before we had the lock.
  if wanted is null and stored.holes = 0 and stored.reached < stored.last then wanted := stored.reached + 1; end if;
  if wanted > stored.reached and wanted <= stored.last then
    if wanted > stored.reached + 1 then
      insert into ipam.free_ranges values (ns, within, stored.reached + 1, wanted - 1);
    end if;
    update ipam.prefixes
    set addresses = addresses + 1, reached = wanted, holes = holes + (wanted > reached + 1)::int
    where namespace = ns and cidr = within;
    insert into ipam.addresses values (ns, within, wanted);
    ip := host(wanted);
    return;
  end if;
  if wanted is null then
    select first, last into low, high from ipam.free_ranges
    where namespace = ns and prefix = within order by last limit 1;
  else
    select first, last into low, high from ipam.free_ranges
    where namespace = ns and prefix = within and last >= wanted order by last limit 1;
  end if;
  if low is null or wanted < low then
    refusal := case when wanted is null then 'no-address-left' else 'already-allocated' end;
    taken := stored.addresses;
    return;
  end if;
  chosen := coalesce(wanted, low);
  if chosen < high then
    update ipam.free_ranges set first = chosen + 1 where namespace = ns and prefix = within and last = high;
    if low < chosen then insert into ipam.free_ranges values (ns, within, low, chosen - 1); end if;
  elsif low < chosen then
    update ipam.free_ranges set last = chosen - 1 where namespace = ns and prefix = within and last = high;
  else
    delete from ipam.free_ranges where namespace = ns and prefix = within and last = high;
  end if;
  update ipam.prefixes
  set addresses = addresses + 1, holes = holes + (low < chosen)::int + (chosen < high)::int - 1
  where namespace = ns and cidr = within;
  insert into ipam.addresses values (ns, within, chosen);
  ip := host(chosen);
end $$;

create or replace function ipam.release_address(ns text, within cidr, released inet, out refusal text)
language plpgsql as $$
declare
  stored record;
  low inet := released;  -- the hole that it becomes, together with those that it touches
  behind record;
  change int := 1;       -- of the number of holes
begin
  select addresses, reached into stored from ipam.prefixes where namespace = ns and cidr = within for no key update;
  if not found then refusal := ipam.missing(ns); return; end if;
  delete from ipam.addresses where namespace = ns and prefix = within and ip = released;
  if not found then refusal := 'not-allocated'; return; end if;
  if stored.addresses = 1 then
    delete from ipam.free_ranges where namespace = ns and prefix = within;
    update ipam.prefixes set addresses = 0, holes = 0, reached = ipam.first_address(within)
    where namespace = ns and cidr = within;
    return;
  end if;
  delete from ipam.free_ranges where namespace = ns and prefix = within and last = released - 1 returning first into low;
  if found then change := 0; else low := released; end if;
  if released = stored.reached then
    -- No hole is left above: whoever is below it is the highest now.
    update ipam.prefixes set addresses = addresses - 1, reached = low - 1, holes = holes + change - 1
    where namespace = ns and cidr = within;
    return;
  end if;
  select first, last into behind from ipam.free_ranges
  where namespace = ns and prefix = within and last > released order by last limit 1;
  if behind.first = released + 1 then
    change := change - 1;
    update ipam.free_ranges set first = low where namespace = ns and prefix = within and last = behind.last;
  else
    insert into ipam.free_ranges values (ns, within, low, released);
  end if;
  update ipam.prefixes set addresses = addresses - 1, holes = holes + change where namespace = ns and cidr = within;
end $$;

-- The lowest part of the smallest free block that is large enough, or exactly `wanted`.
create or replace function ipam.acquire_child(
  ns text, within cidr, wanted cidr, bits int, out child cidr, out refusal text) language plpgsql as $$
declare
  others bigint;  -- its children so far
  free cidr;
begin
  -- Counted before it is found, which locks the parent and looks for it in one go. Refused, it is taken back below.
  loop
    update ipam.prefixes set children = children + 1
    where namespace = ns and cidr = within and addresses = 0 and bits > masklen(within)
    returning children - 1 into others;
    exit when found;
    select case when bits <= masklen(within) then 'too-short' when addresses > 0 then 'in-use' end into refusal
    from ipam.prefixes where namespace = ns and cidr = within for no key update;
    if not found then refusal := ipam.missing(ns); end if;
    if refusal is not null then return; end if;
    -- Somebody released the addresses before we had the lock: again.
  end loop;
  if others = 0 then
    free := within;
  elsif wanted is null then
    select block into free from ipam.free_blocks where namespace = ns and parent = within and masklen(block) <= bits
    order by masklen(block) desc, block limit 1;
  else
    -- Free blocks do not overlap, so the one that holds `wanted` is the last that does not sort behind it.
    select block into free from ipam.free_blocks
    where namespace = ns and parent = within and block <= wanted order by block desc limit 1;
  end if;
  if free is null or not free >>= coalesce(wanted, free) then
    refusal := 'no-prefix-left';
    update ipam.prefixes set children = others where namespace = ns and cidr = within;
    return;
  end if;
  child := coalesce(wanted, set_masklen(free, bits));

  if others > 0 then
    delete from ipam.free_blocks where namespace = ns and parent = within and block = free;
  end if;
  if masklen(free) < bits then
    insert into ipam.free_blocks
    select ns, within, ipam.sibling(set_masklen(child, length)) from generate_series(masklen(free) + 1, bits) length;
  end if;
  insert into ipam.prefixes (namespace, cidr, parent, reached) values (ns, child, within, ipam.first_address(child));
end $$;

-- Whether `number` addresses are left above `reached`. The difference of two addresses must fit into a bigint: of the
-- huge prefixes of IPv6 only the lower half counts, which nobody fills.
create function ipam.has_room(prefix cidr, reached inet, last inet, number bigint) returns boolean language sql immutable
return case
  when family(prefix) = 4 or masklen(prefix) > 66 then last - reached >= number
  else reached <<= set_masklen(prefix, masklen(prefix) + 1)
end;

-- The lowest free addresses for many clients: one round trip, one commit, one update for all prefixes; the answers are
-- in the order of the requests. The few whose prefix has holes, is full, has children or is not there come one by one.
create function ipam.acquire_many(namespaces text[], prefixes cidr[])
returns table (result text, refusal text, detail text) language plpgsql as $$
declare
  place bigint;
  outcome record;
begin
  for place, result in
    with asked as (
      select ns, within, ordinality, count(*) over same as wanted, row_number() over same as turn
      from unnest(namespaces, prefixes) with ordinality request (ns, within)
      window same as (partition by ns, within order by ordinality rows between unbounded preceding and unbounded following)
    ), locked as materialized (
      -- Everybody locks in the same order.
      select prefix.namespace, prefix.cidr, wanted,
        holes = 0 and children = 0 and ipam.has_room(cidr, reached, last, wanted) as simple
      from asked join ipam.prefixes prefix on namespace = ns and cidr = within
      where turn = 1 order by namespace, cidr for no key update of prefix
    ), moved as (
      update ipam.prefixes prefix set addresses = addresses + wanted, reached = reached + wanted
      from locked where simple and prefix.namespace = locked.namespace and prefix.cidr = locked.cidr
      returning prefix.namespace, prefix.cidr, reached - wanted as before
    ), given as (
      insert into ipam.addresses
      select namespace, cidr, before + turn from moved join asked on namespace = ns and cidr = within
    )
    select ordinality, host(before + turn) from asked left join moved on namespace = ns and cidr = within
    order by ordinality
  loop
    if result is null then
      outcome := ipam.acquire_address(namespaces[place], prefixes[place], null);
      result := outcome.ip;
      refusal := outcome.refusal;
      detail := outcome.taken;
    else
      refusal := null;
      detail := null;
    end if;
    return next;
  end loop;
end $$;

-- As before, and it never reads a whole table: whoever planned when the tables were still small keeps such a plan.
alter function ipam.change_many set enable_seqscan = off;
alter function ipam.acquire_many set enable_seqscan = off;
alter function ipam.delete_prefix set enable_seqscan = off;

-- Whoever inserts a prefix has just locked its parent or its namespace; looking there again costs a third of the time.
alter table ipam.prefixes drop constraint prefixes_namespace_parent_fkey, drop constraint prefixes_namespace_fkey;
