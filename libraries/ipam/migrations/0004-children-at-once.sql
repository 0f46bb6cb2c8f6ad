-- Faster: child prefixes are handed out as addresses are since 0003. Behind the highest child all is free, and the next
-- child begins there; `free_blocks` are now only the holes in front of it. In a prefix with children `reached` is the
-- last address of the highest child, and `holes` counts its free_blocks. What many clients want at the same time,
-- children or new prefixes, is made by one statement.
--
-- New prefixes no longer need the exclusion constraint, whose index gets slower with every prefix. Roots of a namespace
-- do not overlap, so when any is in the way of a new one, the last that does not sort behind the new one's end is. Who
-- creates one changes the row of the namespace first: that makes him wait for all others who create, and see what they did.

alter table ipam.prefixes drop constraint prefixes_roots_apart;
create index prefixes_roots on ipam.prefixes (namespace, cidr) where parent is null;

create function ipam.end_address(prefix cidr) returns inet language sql immutable
return set_masklen(broadcast(prefix), case family(prefix) when 4 then 32 else 128 end);

update ipam.prefixes prefix set reached = (
  select max(ipam.end_address(cidr)) from ipam.prefixes child
  where child.namespace = prefix.namespace and child.parent = prefix.cidr)
where children > 0;
delete from ipam.free_blocks free using ipam.prefixes prefix
where prefix.namespace = free.namespace and prefix.cidr = free.parent and free.block > prefix.reached;
update ipam.prefixes prefix set holes = (
  select count(*) from ipam.free_blocks free where free.namespace = prefix.namespace and free.parent = prefix.cidr)
where children > 0;

-- What of a prefix belongs to no child, as the largest aligned blocks: the holes, and what is behind the highest child.
create function ipam.free_blocks_of(prefix ipam.prefixes) returns setof cidr language sql stable
begin atomic
  select prefix.cidr where prefix.children = 0
  union all
  select block from ipam.free_blocks free where free.namespace = prefix.namespace and free.parent = prefix.cidr
  union all
  select ipam.sibling(set_masklen(prefix.reached, length)::cidr)
  from generate_series(masklen(prefix.cidr) + 1, case family(prefix.cidr) when 4 then 32 else 128 end) length
  where prefix.children > 0 and ipam.sibling(set_masklen(prefix.reached, length)::cidr) > prefix.reached;
end;

-- The child of this length that begins right behind the highest one; null when none does.
create function ipam.child_behind(within cidr, children bigint, reached inet, bits int) returns cidr language sql immutable
return case
  when bits <= masklen(within) then null
  when children = 0 then set_masklen(within, bits)
  when reached >= ipam.end_address(within) then null
  when ipam.first_address(set_masklen(reached + 1, bits)::cidr) = reached + 1 then set_masklen(reached + 1, bits)::cidr
end;

-- So many of them, one behind the other; null when there is no room for all.
create function ipam.children_behind(within cidr, children bigint, reached inet, bits int, number bigint)
returns cidr[] language plpgsql immutable as $$
declare
  row_of_children cidr[];
  next cidr := ipam.child_behind(within, children, reached, bits);
begin
  for n in 1 .. number loop
    if next is null then return null; end if;
    row_of_children[n] := next;
    if n < number then next := ipam.child_behind(within, n, ipam.end_address(next), bits); end if;
  end loop;
  return row_of_children;
end $$;

-- The lowest part of the smallest free block that is large enough, or exactly `wanted`.
create or replace function ipam.acquire_child(
  ns text, within cidr, wanted cidr, bits int, out child cidr, out refusal text) language plpgsql as $$
declare
  stored record;
  free cidr;   -- the hole that it is cut out of
  room cidr;   -- the free block that begins with it, when it lies behind all others
  added bigint;
begin
  if wanted is null then
    -- Locks the parent, looks and takes in one go: most have no holes.
    update ipam.prefixes
    set children = children + 1, reached = ipam.end_address(ipam.child_behind(cidr, children, reached, bits))
    where namespace = ns and cidr = within and holes = 0 and addresses = 0
      and ipam.child_behind(cidr, children, reached, bits) is not null
    returning set_masklen(reached, bits)::cidr into child;
    if found then
      insert into ipam.prefixes (namespace, cidr, parent, reached) values (ns, child, within, ipam.first_address(child));
      return;
    end if;
  end if;
  select addresses, children, reached, holes into stored from ipam.prefixes
  where namespace = ns and cidr = within for no key update;
  if not found then refusal := ipam.missing(ns); return; end if;
  if bits <= masklen(within) then refusal := 'too-short'; return; end if;
  if stored.addresses > 0 then refusal := 'in-use'; return; end if;

  if wanted is null then
    select block into free from ipam.free_blocks where namespace = ns and parent = within and masklen(block) <= bits
    order by masklen(block) desc, block limit 1;
    -- The first one behind the highest child, perhaps after a gap.
    if stored.children = 0 then
      child := set_masklen(within, bits);
    elsif stored.reached < ipam.end_address(within) then
      child := set_masklen(stored.reached + 1, bits);
      if child <= stored.reached then
        if ipam.end_address(child) < ipam.end_address(within) then
          child := set_masklen(ipam.end_address(child) + 1, bits);
        else
          child := null;
        end if;
      end if;
    end if;
    if child is not null and free is not null then
      room := child;
      while ipam.first_address(set_masklen(room, masklen(room) - 1)) = ipam.first_address(child) loop
        room := set_masklen(room, masklen(room) - 1);
      end loop;
      if masklen(room) <= masklen(free) then child := null; end if;
    end if;
  elsif stored.children = 0 or wanted > stored.reached then
    if wanted << within then child := wanted; end if;
  else
    -- Free blocks do not overlap, so the one that holds `wanted` is the last that does not sort behind it.
    select block into free from ipam.free_blocks
    where namespace = ns and parent = within and block <= wanted order by block desc limit 1;
    if not free >>= wanted then free := null; end if;
  end if;
  if child is null and free is null then refusal := 'no-prefix-left'; return; end if;

  if child is null then
    child := coalesce(wanted, set_masklen(free, bits));
    delete from ipam.free_blocks where namespace = ns and parent = within and block = free;
    insert into ipam.free_blocks
    select ns, within, ipam.sibling(set_masklen(child, length)) from generate_series(masklen(free) + 1, bits) length;
    update ipam.prefixes set children = children + 1, holes = holes + bits - masklen(free) - 1
    where namespace = ns and cidr = within;
  else
    -- Holes are now the blocks between the two, on the way down to the child and on the way up from the highest one.
    insert into ipam.free_blocks
    select ns, within, block from (
      select ipam.sibling(set_masklen(child, length)) as block from generate_series(masklen(within) + 1, bits) length
      union
      select ipam.sibling(set_masklen(stored.reached, length)::cidr)
      from generate_series(masklen(within) + 1, masklen(stored.reached)) length where stored.children > 0
    ) beside
    where block < child and not block >>= child and (stored.children = 0 or block > stored.reached);
    get diagnostics added = row_count;
    update ipam.prefixes set children = children + 1, holes = holes + added, reached = ipam.end_address(child)
    where namespace = ns and cidr = within;
  end if;
  insert into ipam.prefixes (namespace, cidr, parent, reached) values (ns, child, within, ipam.first_address(child));
end $$;

-- Deletes a prefix that has handed out nothing. A child goes back to its parent, together with the free neighbours that
-- complete larger blocks; a root goes only when `roots` says so.
create or replace function ipam.delete_prefix(
  ns text, wanted cidr, roots boolean, out parent_cidr cidr, out refusal text) language plpgsql as $$
declare
  stored record;
  whole cidr := wanted;
  low inet := ipam.first_address(wanted);
  lower inet;
  joined int := 0;  -- holes that are none any more
begin
  select parent into parent_cidr from ipam.prefixes where namespace = ns and cidr = wanted;
  if not found then refusal := ipam.missing(ns); return; end if;
  if parent_cidr is null and not roots then refusal := 'root'; return; end if;
  -- The parent is locked before the child, in the order of acquiring.
  select children, reached into stored from ipam.prefixes where namespace = ns and cidr = parent_cidr for no key update;
  delete from ipam.prefixes
  where namespace = ns and cidr = wanted and addresses = 0 and children = 0 and parent is not distinct from parent_cidr;
  if not found then
    select case when addresses > 0 then 'has-addresses' when children > 0 then 'has-children' end into refusal
    from ipam.prefixes where namespace = ns and cidr = wanted;
    refusal := coalesce(refusal, 'not-found');
    return;
  end if;
  if parent_cidr is null then return; end if;
  if stored.children = 1 then
    delete from ipam.free_blocks where namespace = ns and parent = parent_cidr;
    update ipam.prefixes set children = 0, holes = 0, reached = ipam.first_address(parent_cidr)
    where namespace = ns and cidr = parent_cidr;
  elsif ipam.end_address(wanted) = stored.reached then
    -- It was the highest; that is now who ends where the holes right before it begin.
    loop
      delete from ipam.free_blocks where namespace = ns and parent = parent_cidr and block = (
        select block from ipam.free_blocks where namespace = ns and parent = parent_cidr and block < low
        order by block desc limit 1)
        and ipam.end_address(block) = low - 1
      returning ipam.first_address(block) into lower;
      exit when not found;
      low := lower;
      joined := joined + 1;
    end loop;
    update ipam.prefixes set children = children - 1, holes = holes - joined, reached = low - 1
    where namespace = ns and cidr = parent_cidr;
  else
    loop
      delete from ipam.free_blocks where namespace = ns and parent = parent_cidr and block = ipam.sibling(whole);
      exit when not found;
      whole := set_masklen(whole, masklen(whole) - 1);
      joined := joined + 1;
    end loop;
    insert into ipam.free_blocks values (ns, parent_cidr, whole);
    update ipam.prefixes set children = children - 1, holes = holes + 1 - joined
    where namespace = ns and cidr = parent_cidr;
  end if;
end $$;

-- Children for many clients, each of any length: as ipam.acquire_many. One by one come those of a parent of which
-- different lengths are wanted, or that has holes, addresses or no room.
create function ipam.acquire_children(namespaces text[], prefixes cidr[], lengths int[])
returns table (result text, refusal text, detail text) language plpgsql as $$
declare
  place bigint;
  outcome record;
begin
  for place, result in
    with asked as (
      select ns, within, bits, ordinality, count(*) over same as wanted, row_number() over same as turn,
        min(bits) over same = max(bits) over same as alike
      from unnest(namespaces, prefixes, lengths) with ordinality request (ns, within, bits)
      window same as (partition by ns, within order by ordinality rows between unbounded preceding and unbounded following)
    ), locked as materialized (
      -- Everybody locks in the same order.
      select prefix.namespace, prefix.cidr,
        case when alike and holes = 0 and addresses = 0 then
          ipam.children_behind(cidr, children, reached, bits, wanted)
        end as given
      from asked join ipam.prefixes prefix on namespace = ns and cidr = within
      where turn = 1 order by namespace, cidr for no key update of prefix
    ), moved as (
      update ipam.prefixes prefix
      set children = children + cardinality(given), reached = ipam.end_address(given[cardinality(given)])
      from locked where given is not null and prefix.namespace = locked.namespace and prefix.cidr = locked.cidr
      returning prefix.namespace, prefix.cidr, given
    ), made as (
      insert into ipam.prefixes (namespace, cidr, parent, reached)
      select namespace, child, cidr, ipam.first_address(child) from moved, unnest(given) child
    )
    select ordinality, given[turn] from asked left join moved on namespace = ns and cidr = within
    order by ordinality
  loop
    refusal := null;
    if result is null then
      outcome := ipam.acquire_child(namespaces[place], prefixes[place], null, lengths[place]);
      result := outcome.child;
      refusal := outcome.refusal;
    end if;
    return next;
  end loop;
end $$;

create or replace function ipam.create_prefix(ns text, wanted cidr, out refusal text, out obstacle text) language plpgsql as $$
declare
  before cidr;
begin
  -- A change that changes nothing: a lock alone would not stop a transaction that sees what was so when it began.
  update ipam.namespaces set name = name where name = ns;
  if not found then refusal := 'no-namespace'; return; end if;
  select cidr into before from ipam.prefixes
  where namespace = ns and parent is null and cidr <= ipam.end_address(wanted) order by cidr desc limit 1;
  if before && wanted then
    refusal := 'overlap';
    obstacle := before;
    return;
  end if;
  insert into ipam.prefixes (namespace, cidr, reached) values (ns, wanted, ipam.first_address(wanted));
end $$;

-- New prefixes for many clients. Those that meet another one, also of this batch, come one by one.
create function ipam.create_many(namespaces text[], prefixes cidr[])
returns table (result text, refusal text, detail text) language plpgsql as $$
declare
  place bigint;
  outcome record;
begin
  -- A statement of its own: the next one sees what those did for whom this one waits. Everybody locks in the same order.
  update ipam.namespaces namespace set name = namespace.name
  from (select name from ipam.namespaces where name = any (create_many.namespaces) order by name for no key update) used
  where namespace.name = used.name;
  for place, result in
    with asked as (
      select ns, wanted, ordinality,
        lead(wanted) over along <<= wanted or max(ipam.end_address(wanted)) over before >= ipam.first_address(wanted)
          as met
      from unnest(namespaces, prefixes) with ordinality request (ns, wanted)
      window along as (partition by ns order by wanted, ordinality),
        before as (along rows between unbounded preceding and 1 preceding)
    ), made as (
      insert into ipam.prefixes (namespace, cidr, reached)
      select ns, wanted, ipam.first_address(wanted) from asked join ipam.namespaces on name = ns
      where met is not true
        and not exists (
          select from (
            select cidr from ipam.prefixes
            where namespace = ns and parent is null and cidr <= ipam.end_address(wanted)
            order by cidr desc limit 1) last
          where cidr && wanted)
      returning namespace, cidr
    )
    select ordinality, cidr from asked left join made on namespace = ns and cidr = wanted and met is not true
    order by ordinality
  loop
    refusal := null;
    detail := null;
    if result is null then
      outcome := ipam.create_prefix(namespaces[place], prefixes[place]);
      refusal := outcome.refusal;
      detail := outcome.obstacle;
    end if;
    return next;
  end loop;
end $$;

-- As in 0003: whoever planned when the tables were still small keeps such a plan.
alter function ipam.delete_prefix set enable_seqscan = off;
alter function ipam.acquire_children set enable_seqscan = off;
alter function ipam.create_prefix set enable_seqscan = off;
alter function ipam.create_many set enable_seqscan = off;
