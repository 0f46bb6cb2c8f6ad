-- Machines of a size that are kept for a project, in each of the partitions named.
create table size_reservations (
  id text primary key,
  name text not null default '',
  description text not null default '',
  labels jsonb not null default '{}',
  size_id text not null references sizes (id),
  project_id text not null,
  amount integer not null check (amount > 0),
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);
create index size_reservations_size on size_reservations (size_id);
create index size_reservations_project on size_reservations (project_id);

create table size_reservation_partitions (
  reservation_id text not null references size_reservations (id) on delete cascade,
  partition_id text not null references partitions (id),
  ordinal integer not null,                          -- place in the list, as it was given
  primary key (reservation_id, partition_id)
);
create index size_reservation_partitions_partition on size_reservation_partitions (partition_id);

-- Which versions of an operating system a size can run. The size need not exist yet.
create table size_image_constraints (
  id text primary key,                               -- of the size
  name text not null default '',
  description text not null default '',
  images jsonb not null default '{}',                -- {os: version expression}
  created timestamptz not null default now(),
  changed timestamptz not null default now(),
  version bigint not null default 0
);

create trigger touch before update on size_reservations for each row execute function touch();
create trigger touch before update on size_image_constraints for each row execute function touch();
