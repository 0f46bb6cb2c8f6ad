-- The logins of BMCs, sealed (see secrets/keyring.ts): this database alone lets nobody into a BMC.
-- A password is written down here before any BMC hears of it, and the older ones are forgotten only when the BMC has let
-- metal-bmc in with a newer one: so the one that works is always among the rows of its machine.
create table bmc_logins (
  id text primary key,
  sequence bigint generated always as identity,      -- the newest is the highest
  machine_id text not null references machines (id) on delete cascade,
  user_name text not null,
  password text not null check (password like 'sealed:%'),
  created timestamptz not null default now(),
  applied timestamptz,                               -- the machine itself says that it set it
  accepted timestamptz                               -- the BMC let metal-bmc in with it
);
create index bmc_logins_machine on bmc_logins (machine_id, sequence);

-- The change of a machine's BMC password that is under way, or the last one. One row a machine.
create table bmc_rotations (
  machine_id text primary key references machines (id) on delete cascade,
  login_id text,                                     -- what the BMC shall accept; null until it is made
  requested_by text not null,
  reason text not null,
  since timestamptz not null,
  attempts integer not null default 0,
  last_error text not null default '',
  next_try timestamptz,                              -- null: waits for the machine to boot the discovery image
  finished timestamptz
);
create index bmc_rotations_open on bmc_rotations (next_try) where finished is null;

alter table bmc_commands
  add column login_id text,                          -- of PASSWORD: what the BMC shall accept
  add column started timestamptz;                    -- metal-bmc was about to act, so it may have happened
