-- Lists of machines are made of kept text: making the JSON of a machine from its rows costs more than all else a list does.
-- A text counts only while its version is that of the machine (machines/texts.ts). Unlogged: it can be made again.
create unlogged table machine_texts (
  machine_id text primary key,
  version text not null,
  machine text not null,                             -- members of a JSON object: no braces
  allocation text,                                   -- the same
  log text not null                                  -- a JSON array
) with (toast_tuple_target = 8160);                  -- as it is, in one piece, when a page holds it
-- No reference to machines: its check would wait for whoever changes the machine.
alter table machine_texts alter machine set storage external, alter allocation set storage external,
  alter log set storage external;

-- What a tenant gave is gone with the allocation.
create function forget_machine_text() returns trigger language plpgsql as $$
begin
  execute format('delete from machine_texts where machine_id = ($1).%I', tg_argv[0]) using old;
  return null;
end $$;
create trigger forget_machine_text after delete on machines for each row execute function forget_machine_text('id');
create trigger forget_machine_text after delete on allocations
  for each row execute function forget_machine_text('machine_id');
