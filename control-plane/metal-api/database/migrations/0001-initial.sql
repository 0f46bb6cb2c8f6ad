-- The store of metal-api. Rules that must never break are constraints here, not code:
-- a machine has at most one allocation, an address at most one owner, a VRF and an ASN at most one user.
-- `version` grows by one with every write (ETag); `changed` is its time.

create table partitions (
  id text primary key,
  name text not null default '',
  description text not null default '',
  labels jsonb not null default '{}',
  mgmt_service_address text not null default '',
  boot_configuration jsonb not null default '{}',   -- {imageurl, kernelurl, commandline}
  dns_servers jsonb not null default '[]',           -- [{ip}]
  ntp_servers jsonb not null default '[]',           -- [{address}]
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create table sizes (
  id text primary key,
  name text not null default '',
  description text not null default '',
  labels jsonb not null default '{}',
  constraints jsonb not null default '[]',           -- [{type, min, max, identifier}]
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create table images (
  id text primary key,                               -- "debian-12.0.20261101"
  name text not null default '',
  description text not null default '',
  url text not null,
  features text[] not null default '{}',             -- machine, firewall
  classification text not null default 'preview',
  expiration_date timestamptz not null,
  os text not null,
  version_text text not null,                        -- semantic version, as in the id
  sha256 text,                                       -- of the file at url; ours
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create table filesystem_layouts (
  id text primary key,
  name text not null default '',
  description text not null default '',
  constraints jsonb not null default '{}',           -- {sizes[], images{os: range}}
  filesystems jsonb not null default '[]',
  disks jsonb not null default '[]',
  raid jsonb not null default '[]',
  volume_groups jsonb not null default '[]',
  logical_volumes jsonb not null default '[]',
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create table networks (
  id text primary key,
  name text not null default '',
  description text not null default '',
  labels jsonb not null default '{}',
  partition_id text references partitions (id),
  project_id text,
  parent_network_id text references networks (id),
  prefixes text[] not null default '{}',
  destination_prefixes text[] not null default '{}',
  default_child_prefix_length jsonb not null default '{}',  -- {"IPv4": 22, "IPv6": 64}
  additional_announcable_cidrs text[] not null default '{}',
  vrf integer check (vrf between 1 and 16777215),
  vrf_shared boolean not null default false,
  nat boolean not null default false,
  private_super boolean not null default false,
  underlay boolean not null default false,
  shared boolean not null default false,
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);
create unique index networks_vrf on networks (vrf) where vrf is not null and not vrf_shared;
create index networks_parent on networks (parent_network_id);
create index networks_project on networks (project_id);

create table ips (
  ip inet primary key,
  prefix cidr not null,                              -- the IPAM prefix it was acquired from
  network_id text not null references networks (id),
  project_id text not null,
  name text not null default '',
  description text not null default '',
  type text not null check (type in ('static', 'ephemeral')),
  tags text[] not null default '{}',
  allocation_uuid text not null,                     -- of the address itself
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);
create index ips_network on ips (network_id);
create index ips_project on ips (project_id);
create index ips_tags on ips using gin (tags);

create table machines (
  id text primary key check (id <> ''),              -- SMBIOS uuid, lower case
  name text not null default '',
  description text not null default '',
  partition_id text references partitions (id),
  rack_id text not null default '',
  size_id text not null default '',
  tags text[] not null default '{}',
  hardware jsonb,                                    -- {memory, cpus[], gpus[], nics[], disks[]}
  bios jsonb,                                        -- {version, vendor, date}
  ipmi jsonb,                                        -- {address, mac, user, password, interface, fru, bmcversion, powerstate, …}
  led_value text not null default '',
  led_description text not null default '',
  state_value text not null default '' check (state_value in ('', 'TAINTED', 'LOCKED')),
  state_description text not null default '',
  state_issuer text not null default '',
  hammer_version text not null default '',
  -- A machine waits while its instruction stream renews this; a crashed replica's claim runs out by itself.
  waiting_until timestamptz,
  -- Erase is a state: only 'erased' machines are allocatable.
  disks text not null default 'unknown' check (disks in ('unknown', 'erasing', 'erased', 'in-use', 'quarantined')),
  disks_reason text not null default '',
  disks_since timestamptz not null default now(),
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);
create index machines_candidates on machines (partition_id, size_id) where state_value = '' and disks = 'erased';

create table allocations (
  uuid text primary key,
  machine_id text not null unique references machines (id),
  creator text not null,
  created timestamptz not null default now(),
  name text not null default '',
  description text not null default '',
  project_id text not null,
  image_id text not null references images (id),
  filesystem_layout jsonb not null,                  -- a full copy, as the original stores it
  networks jsonb not null,                           -- [{networkid, prefixes, ips, destinationprefixes, vrf, asn, nat, private, …}]
  hostname text not null default 'metal',
  ssh_pub_keys text[] not null default '{}',
  user_data text not null default '',
  console_password text,
  succeeded boolean not null default false,          -- the machine phoned home since it was installed
  reinstall boolean not null default false,
  boot_info jsonb,                                   -- set when the hammer reported the installation
  installed timestamptz,
  role text not null check (role in ('machine', 'firewall')),
  vpn jsonb,
  firewall_rules jsonb,
  dns_servers jsonb not null default '[]',
  ntp_servers jsonb not null default '[]',
  asn bigint not null unique check (asn between 4210000001 and 4210131072),
  idempotency_key text unique,
  idempotency_hash text                              -- of the request that had the key
);
create index allocations_project on allocations (project_id);

create table provisioning_events (
  id bigint generated always as identity primary key,
  machine_id text not null references machines (id) on delete cascade,
  time timestamptz not null default now(),
  event text not null,
  message text not null default ''
);
create index provisioning_events_machine on provisioning_events (machine_id, id desc);

-- What the events of a machine amount to; folded by provisioning/rules, one row lock a machine, rebuildable from the log.
create table provisioning_states (
  machine_id text primary key references machines (id) on delete cascade,
  last_event_time timestamptz,
  last_error_event jsonb,                            -- {time, event, message}
  crash_loop boolean not null default false,
  failed_machine_reclaim boolean not null default false
);

create table switches (
  id text primary key,
  name text not null default '',
  description text not null default '',
  partition_id text not null references partitions (id),
  rack_id text not null default '',
  mode text not null default 'operational',
  os jsonb not null default '{}',                    -- {vendor, version, metal_core_version}
  management_ip text not null default '',
  management_user text not null default '',
  console_command text not null default '',
  generation bigint not null default 1,              -- of the wanted state of all ports
  applied_generation bigint not null default 0,
  last_sync jsonb,                                   -- {time, duration}
  last_sync_error jsonb,                             -- {time, duration, error}
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create table switch_ports (
  switch_id text not null references switches (id) on delete cascade,
  name text not null,
  mac text not null default '',
  identifier text not null default '',
  vrf text not null default '',                      -- '' boot network, 'default' firewall, 'vrf<number>' tenant
  filter jsonb not null default '{}',                -- {cidrs[], vnis[]}
  admin_status text not null default '' check (admin_status in ('', 'UP', 'DOWN')),
  actual text not null default 'UNKNOWN' check (actual in ('UP', 'DOWN', 'UNKNOWN')),
  bgp_state jsonb,                                   -- {Neighbor, PeerGroup, VrfName, BgpState, …}, as reported
  machine_id text references machines (id) on delete set null,  -- who is plugged in, by LLDP at registration
  primary key (switch_id, name)
);
create index switch_ports_machine on switch_ports (machine_id);

-- Only a hash of a ticket is kept.
create table tickets (
  hash bytea primary key,
  machine_id text not null references machines (id) on delete cascade,
  partition_id text not null,
  created timestamptz not null default now(),
  expires timestamptz not null,
  used timestamptz
);
create index tickets_machine on tickets (machine_id);

create table machine_certificates (
  serial text primary key,
  machine_id text not null references machines (id) on delete cascade,
  issued timestamptz not null default now(),
  not_after timestamptz not null,
  revoked timestamptz
);

create table bmc_commands (
  id text primary key,
  sequence bigint generated always as identity,
  partition_id text not null,
  machine_id text not null references machines (id) on delete cascade,
  command text not null,
  requested_by text not null default '',
  created timestamptz not null default now(),
  expires timestamptz not null,                      -- a power command is worthless when it comes an hour late
  sent timestamptz,
  attempts integer not null default 0,
  done timestamptz,
  error text
);
create index bmc_commands_open on bmc_commands (partition_id, sequence) where done is null;

-- One row a release: from the tenant's free to the verified erase.
create table releases (
  id text primary key,                               -- the uuid of the allocation that ended, or a new one for a first erase
  machine_id text not null references machines (id) on delete cascade,
  requested_by text not null default '',
  project_id text,
  phase text not null check (phase in ('reset', 'boot', 'erase', 'done', 'quarantined')),
  reason text not null default '',
  attempts integer not null default 0,
  last_error text not null default '',
  since timestamptz not null default now(),
  deadline timestamptz,
  next_try timestamptz,
  progress jsonb not null default '{}',              -- {disk: {fraction, message}}
  created timestamptz not null default now(),
  finished timestamptz
);
create unique index releases_open on releases (machine_id) where finished is null;

create table erase_records (
  id text primary key,
  machine_id text not null,
  release_id text not null,
  allocation_uuid text,
  disks jsonb not null,
  accepted boolean not null,
  reason text not null default '',
  created timestamptz not null default now()
);
create index erase_records_machine on erase_records (machine_id, created desc);

-- Counts and dates every write, so that no statement can forget to.
create function touch() returns trigger language plpgsql as $$
begin
  new.version := old.version + 1;
  new.changed := now();
  return new;
end $$;
create trigger touch before update on partitions for each row execute function touch();
create trigger touch before update on sizes for each row execute function touch();
create trigger touch before update on images for each row execute function touch();
create trigger touch before update on filesystem_layouts for each row execute function touch();
create trigger touch before update on networks for each row execute function touch();
create trigger touch before update on ips for each row execute function touch();
