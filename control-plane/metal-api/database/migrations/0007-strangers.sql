-- What only the real machine has: a port that a leaf sees its NICs at, and a BMC (docs/security.md).
alter table switch_ports add column sightings text[] not null default '{}';  -- MACs learned from frames at this port in the boot network
alter table switches add column tells_sightings boolean not null default false;
alter table machines add column bmc_seen timestamptz;                         -- metal-bmc of its partition reported it
update machines set bmc_seen = now() where coalesce(ipmi ->> 'address', '') <> '';
