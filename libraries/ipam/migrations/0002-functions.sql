-- Every operation as one statement: a function that locks the prefix, decides, and keeps the tables in step.
-- A refusal is a result, not an error: it does not break the caller's transaction. (libraries/ipam/src/errors.ts has the words.)
--
-- New here, too: a prefix that has handed out no address has no rows in free_ranges, and one without children none in
-- free_blocks. All of it is free then; most prefixes stay that way for one of the two.

delete from ipam.free_ranges range using ipam.prefixes prefix
where prefix.namespace = range.namespace and prefix.cidr = range.prefix and prefix.addresses = 0;
delete from ipam.free_blocks block using ipam.prefixes prefix
where prefix.namespace = block.namespace and prefix.cidr = block.parent and prefix.children = 0;

-- What is left is derived from what was handed out, by the functions below alone.
alter table ipam.free_ranges drop constraint free_ranges_namespace_prefix_fkey;
alter table ipam.free_blocks drop constraint free_blocks_namespace_parent_fkey;
-- Whoever inserts an address has just locked and changed its prefix's row; looking there again costs a fifth of the time.
alter table ipam.addresses drop constraint addresses_namespace_prefix_fkey;

-- The other half of the block one bit shorter.
create function ipam.sibling(block cidr) returns cidr language sql immutable
return case set_masklen(set_masklen(block, masklen(block) - 1), masklen(block))
  when block then network(set_masklen(broadcast(set_masklen(block, masklen(block) - 1)), masklen(block)))
  else set_masklen(set_masklen(block, masklen(block) - 1), masklen(block))
end;

-- The word for a prefix that is not there.
create function ipam.missing(ns text) returns text language sql stable
return case when exists (select from ipam.namespaces where name = ns) then 'not-found' else 'no-namespace' end;

create function ipam.create_prefix(ns text, wanted cidr, out refusal text, out obstacle text) language plpgsql as $$
begin
  perform from ipam.namespaces where name = ns for key share;
  if not found then refusal := 'no-namespace'; return; end if;
  -- Waits for whoever creates an overlapping one at this moment.
  insert into ipam.prefixes (namespace, cidr) values (ns, wanted) on conflict do nothing;
  if found then return; end if;
  refusal := 'overlap';
  select cidr into obstacle from ipam.prefixes
  where namespace = ns and parent is null and cidr && wanted order by cidr limit 1;
end $$;

-- The lowest free address, or exactly `wanted`. `taken`: how many were handed out before.
create function ipam.acquire_address(ns text, within cidr, wanted inet, out ip text, out refusal text, out taken bigint)
language plpgsql as $$
declare
  low inet;   -- the free range that the address comes from
  high inet;
  chosen inet;
begin
  -- Counted before it is found: that locks the prefix and looks for it in one go. Refused, it is taken back below.
  update ipam.prefixes set addresses = addresses + 1
  where namespace = ns and cidr = within and children = 0 returning addresses - 1 into taken;
  if not found then
    perform from ipam.prefixes where namespace = ns and cidr = within;
    if found then refusal := 'in-use'; else refusal := ipam.missing(ns); end if;
    return;
  end if;
  if taken > 0 and wanted is null then
    select first, last into low, high from ipam.free_ranges
    where namespace = ns and prefix = within order by last limit 1;
  elsif taken > 0 then
    select first, last into low, high from ipam.free_ranges
    where namespace = ns and prefix = within and last >= wanted order by last limit 1;
  elsif masklen(within) < (case family(within) when 4 then 31 else 128 end) then
    -- Reserved are the first address and in IPv4 the last; a /31, /32 or /128 has no other.
    low := host(within)::inet + 1;
    high := host(broadcast(within))::inet - case family(within) when 4 then 1 else 0 end;
  end if;
  if low is null or wanted < low or wanted > high then
    refusal := case when wanted is null then 'no-address-left' else 'already-allocated' end;
    update ipam.prefixes set addresses = taken where namespace = ns and cidr = within;
    return;
  end if;
  chosen := coalesce(wanted, low);

  if taken = 0 then
    if chosen < high then insert into ipam.free_ranges values (ns, within, chosen + 1, high); end if;
    if low < chosen then insert into ipam.free_ranges values (ns, within, low, chosen - 1); end if;
  elsif chosen < high then
    update ipam.free_ranges set first = chosen + 1 where namespace = ns and prefix = within and last = high;
    if low < chosen then insert into ipam.free_ranges values (ns, within, low, chosen - 1); end if;
  elsif low < chosen then
    update ipam.free_ranges set last = chosen - 1 where namespace = ns and prefix = within and last = high;
  else
    delete from ipam.free_ranges where namespace = ns and prefix = within and last = high;
  end if;
  insert into ipam.addresses values (ns, within, chosen);
  ip := host(chosen);
end $$;

create function ipam.release_address(ns text, within cidr, released inet, out refusal text) language plpgsql as $$
declare
  taken bigint;
  before record;
  behind record;
begin
  select addresses into taken from ipam.prefixes where namespace = ns and cidr = within for no key update;
  if not found then refusal := ipam.missing(ns); return; end if;
  delete from ipam.addresses where namespace = ns and prefix = within and ip = released;
  if not found then refusal := 'not-allocated'; return; end if;
  update ipam.prefixes set addresses = addresses - 1 where namespace = ns and cidr = within;
  if taken = 1 then
    delete from ipam.free_ranges where namespace = ns and prefix = within;
    return;
  end if;
  -- It joins the range that ends before it, the one that begins behind it, or both.
  select first, last into before from ipam.free_ranges
  where namespace = ns and prefix = within and last = released - 1;
  select first, last into behind from ipam.free_ranges
  where namespace = ns and prefix = within and last > released order by last limit 1;
  if behind.first - 1 = released then
    if before.last is not null then
      delete from ipam.free_ranges where namespace = ns and prefix = within and last = before.last;
    end if;
    update ipam.free_ranges set first = coalesce(before.first, released)
    where namespace = ns and prefix = within and last = behind.last;
  elsif before.last is not null then
    update ipam.free_ranges set last = released where namespace = ns and prefix = within and last = before.last;
  else
    insert into ipam.free_ranges values (ns, within, released, released);
  end if;
end $$;

-- The lowest part of the smallest free block that is large enough, or exactly `wanted`.
create function ipam.acquire_child(ns text, within cidr, wanted cidr, bits int, out child cidr, out refusal text)
language plpgsql as $$
declare
  stored record;
  free cidr;
begin
  select addresses, children into stored from ipam.prefixes where namespace = ns and cidr = within for no key update;
  if not found then refusal := ipam.missing(ns); return; end if;
  if bits <= masklen(within) then refusal := 'too-short'; return; end if;
  if stored.addresses > 0 then refusal := 'in-use'; return; end if;
  if stored.children = 0 then
    free := within;
  elsif wanted is null then
    select block into free from ipam.free_blocks where namespace = ns and parent = within and masklen(block) <= bits
    order by masklen(block) desc, block limit 1;
  else
    -- Free blocks do not overlap, so the one that holds `wanted` is the last that does not sort behind it.
    select block into free from ipam.free_blocks
    where namespace = ns and parent = within and block <= wanted order by block desc limit 1;
  end if;
  if free is null or not free >>= coalesce(wanted, free) then refusal := 'no-prefix-left'; return; end if;
  child := coalesce(wanted, set_masklen(free, bits));

  if stored.children > 0 then
    delete from ipam.free_blocks where namespace = ns and parent = within and block = free;
  end if;
  insert into ipam.free_blocks
  select ns, within, ipam.sibling(set_masklen(child, length)) from generate_series(masklen(free) + 1, bits) length;
  insert into ipam.prefixes (namespace, cidr, parent) values (ns, child, within);
  update ipam.prefixes set children = children + 1 where namespace = ns and cidr = within;
end $$;

-- Deletes a prefix that has handed out nothing. A child goes back to its parent, together with the free neighbours that
-- complete larger blocks; a root goes only when `roots` says so.
create function ipam.delete_prefix(ns text, wanted cidr, roots boolean, out parent_cidr cidr, out refusal text)
language plpgsql as $$
declare
  siblings bigint;
  whole cidr := wanted;
begin
  select parent into parent_cidr from ipam.prefixes where namespace = ns and cidr = wanted;
  if not found then refusal := ipam.missing(ns); return; end if;
  if parent_cidr is null and not roots then refusal := 'root'; return; end if;
  -- The parent is locked before the child, in the order of acquiring.
  select children into siblings from ipam.prefixes where namespace = ns and cidr = parent_cidr for no key update;
  delete from ipam.prefixes
  where namespace = ns and cidr = wanted and addresses = 0 and children = 0 and parent is not distinct from parent_cidr;
  if not found then
    select case when addresses > 0 then 'has-addresses' when children > 0 then 'has-children' end into refusal
    from ipam.prefixes where namespace = ns and cidr = wanted;
    refusal := coalesce(refusal, 'not-found');
    return;
  end if;
  if parent_cidr is null then return; end if;
  update ipam.prefixes set children = children - 1 where namespace = ns and cidr = parent_cidr;
  if siblings = 1 then
    delete from ipam.free_blocks where namespace = ns and parent = parent_cidr;
    return;
  end if;
  loop
    delete from ipam.free_blocks where namespace = ns and parent = parent_cidr and block = ipam.sibling(whole);
    exit when not found;
    whole := set_masklen(whole, masklen(whole) - 1);
  end loop;
  insert into ipam.free_blocks values (ns, parent_cidr, whole);
end $$;

create function ipam.delete_namespace(ns text, out refusal text) language plpgsql as $$
begin
  perform from ipam.namespaces where name = ns for update;
  if not found then refusal := 'no-namespace'; return; end if;
  perform from ipam.prefixes where namespace = ns;
  if found then refusal := 'in-use'; return; end if;
  delete from ipam.namespaces where name = ns;
end $$;

-- Many at once, for a service with many clients: one round trip and one commit. Who calls it sorts by namespace and
-- prefix, so that two batches never wait for each other in a circle.
create function ipam.change_many(kinds text[], namespaces text[], prefixes cidr[], wanted inet[], bits int[])
returns table (result text, refusal text, detail text) language plpgsql as $$
declare
  outcome record;
begin
  for i in 1 .. cardinality(kinds) loop
    result := null;
    detail := null;
    case kinds[i]
      when 'acquire' then
        outcome := ipam.acquire_address(namespaces[i], prefixes[i], wanted[i]);
        result := outcome.ip;
        refusal := outcome.refusal;
        detail := outcome.taken;
      when 'release' then
        refusal := ipam.release_address(namespaces[i], prefixes[i], wanted[i]);
      when 'child' then
        outcome := ipam.acquire_child(namespaces[i], prefixes[i], wanted[i]::cidr, bits[i]);
        result := outcome.child;
        refusal := outcome.refusal;
      when 'create' then
        outcome := ipam.create_prefix(namespaces[i], prefixes[i]);
        refusal := outcome.refusal;
        detail := outcome.obstacle;
    end case;
    return next;
  end loop;
end $$;
