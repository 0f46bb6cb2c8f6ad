-- Only a machine whose disks are proven erased can be allocated: the database sees to it, whatever the code does.
-- A verdict is metal-api's judgement of one report (or an operator's waiver); a record is what it signed of one disk.

alter table erase_records rename to erase_verdicts;
alter index erase_records_pkey rename to erase_verdicts_pkey;
alter index erase_records_machine rename to erase_verdicts_machine;
alter table erase_verdicts add column waived_by text;   -- who let the machine go without proof; null for a report

-- Keys that signed records, newest first in use. Private keys are never here.
create table record_keys (
  id text primary key,
  public_key text not null,                              -- PEM
  created timestamptz not null default now()
);

create table erase_records (
  id text primary key,
  verdict_id text not null references erase_verdicts (id),
  machine_id text not null,                              -- no reference: records outlive their machine
  good boolean not null,
  document jsonb not null,                               -- what is signed, docs/erase.md
  key_id text not null references record_keys (id),
  signature text not null,                               -- Ed25519, base64
  created timestamptz not null default now()
);
create index erase_records_machine on erase_records (machine_id, created desc);
create index erase_records_verdict on erase_records (verdict_id);

-- Who did what to what; columns as the original's audit entries.
create table audit (
  id bigint generated always as identity primary key,
  time timestamptz not null default now(),
  component text not null default 'metal-api',
  rqid text not null,
  type text not null,                                    -- http, grpc, event
  "user" text not null,
  tenant text not null,
  detail text not null,                                  -- HTTP method
  phase text not null,                                   -- request, response, single
  path text not null,
  forwarded_for text not null default '',
  remote_addr text not null default '',
  machine_id text not null default '',
  body jsonb,                                            -- secrets redacted
  status_code integer not null default 0,
  error text not null default ''
);
create index audit_time on audit (time);
create index audit_machine on audit (machine_id, time);

create function keep() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are kept as they are', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger keep before update or delete on erase_verdicts for each row execute function keep();
create trigger keep before update or delete on erase_records for each row execute function keep();
create trigger keep before update or delete on record_keys for each row execute function keep();
create trigger keep before update on audit for each row execute function keep();
create trigger keep_all before truncate on erase_verdicts execute function keep();
create trigger keep_all before truncate on erase_records execute function keep();

alter table machines
  add column ended_allocation text,                      -- the last one
  add column allocation_ended timestamptz;

create function note_end_of_allocation() returns trigger language plpgsql as $$
begin
  update machines set ended_allocation = old.uuid, allocation_ended = clock_timestamp() where id = old.machine_id;
  return null;
end $$;
create trigger note_end_of_allocation after delete on allocations
  for each row execute function note_end_of_allocation();

-- Why the disks of this machine do not count as erased; null when they do: the newest verdict accepts all of them, it was
-- given after the last allocation ended, and the machine has the same disks since. A disk is known by its serial, without
-- one by its name; namespaces of one NVMe controller share a serial, so equal ones are counted.
create function erase_objection(machine machines) returns text language plpgsql stable as $$
declare
  verdict erase_verdicts;
  differences text;
begin
  select * into verdict from erase_verdicts where machine_id = machine.id order by created desc limit 1;
  if not found then
    return 'no erase is on record';
  end if;
  if not verdict.accepted then
    return 'the newest erase was refused: ' || verdict.reason;
  end if;
  if verdict.created < greatest(machine.created, machine.allocation_ended) then
    return 'the newest erase is older than the end of the last allocation';
  end if;
  if verdict.waived_by is null and jsonb_array_length(verdict.disks)
      <> (select count(*) from erase_records where verdict_id = verdict.id and good) then
    return 'a disk has no signed record of a good erase';
  end if;
  with disks as (
    select origin, disk ->> 'name' as name, coalesce(disk ->> 'serial', '') as serial,
      coalesce(nullif(disk ->> 'serial', ''), disk ->> 'name') as key, (disk ->> 'size')::numeric as size
    from (
      select 'there', jsonb_array_elements(coalesce(machine.hardware -> 'disks', '[]'))
      union all
      select 'erased', jsonb_array_elements(verdict.disks)
    ) as listed (origin, disk)
  ), counted as (
    select *, row_number() over (partition by origin, key order by size) as twin from disks where size > 0
  ), there as (select * from counted where origin = 'there'),
    erased as (select * from counted where origin = 'erased')
  select string_agg(
      coalesce(there.name, erased.name)
      || case when coalesce(there.serial, erased.serial) = '' then ''
              else ' (serial ' || coalesce(there.serial, erased.serial) || ')' end
      || case when erased.key is null then ' was not there when the disks were erased'
              when there.key is null then ' is gone since the disks were erased'
              else ' is larger than what was erased' end,
      '; ' order by coalesce(there.name, erased.name))
    into differences
    from there full join erased using (key, twin)
    where there.key is null or erased.key is null or there.size > erased.size;
  return differences;
end $$;

-- Nothing counts as erased without proof. Other disks in a machine that waits put it into quarantine.
create function guard_erased() returns trigger language plpgsql as $$
declare
  objection text := erase_objection(new);
begin
  if objection is null then
    return new;
  end if;
  if tg_op = 'UPDATE' and old.disks = 'erased' then
    new.disks := 'quarantined';
    new.disks_reason := 'other disks than were erased: ' || objection;
    new.disks_since := now();
    new.waiting_until := null;
    return new;
  end if;
  raise exception 'the disks of machine % are not proven erased: %', new.id, objection
    using errcode = 'check_violation', constraint = 'machines_proven_erased';
end $$;
create trigger guard_erased_insert before insert on machines
  for each row when (new.disks = 'erased') execute function guard_erased();
create trigger guard_erased_update before update of disks, hardware on machines
  for each row when (new.disks = 'erased' and (old.disks <> 'erased' or old.hardware is distinct from new.hardware))
  execute function guard_erased();

-- The last look, in the transaction that gives the machine away.
create function guard_allocation() returns trigger language plpgsql as $$
declare
  machine machines;
  objection text;
begin
  select * into machine from machines where id = new.machine_id;
  objection := case when machine.disks = 'erased' then erase_objection(machine)
                    else 'they are ' || machine.disks end;
  if objection is not null then
    raise exception 'the disks of machine % are not proven erased: %', machine.id, objection
      using errcode = 'check_violation', constraint = 'allocations_proven_erased';
  end if;
  return new;
end $$;
create trigger guard_allocation before insert on allocations for each row execute function guard_allocation();

-- What was erased before there were signed records is erased again.
update machines set disks = 'unknown', disks_reason = 'erased before records were signed', disks_since = now(),
  waiting_until = null where disks = 'erased';
