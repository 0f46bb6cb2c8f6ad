-- IP address management: which prefixes exist, which children and addresses were handed out of them, and what is left.
-- A prefix hands out either child prefixes or addresses, never both at a time.
--
-- What was handed out is the truth (prefixes, addresses). What is left is kept beside it, so that finding the next
-- one is one look into an index, however full the prefix is: free_blocks for children, free_ranges for addresses.
-- Every change locks the row of the prefix first; that lock is what makes the four tables agree.

create schema ipam;
create extension if not exists btree_gist;

create table ipam.namespaces (
  name text primary key
);
insert into ipam.namespaces values ('root');

create table ipam.prefixes (
  namespace text not null references ipam.namespaces,
  cidr cidr not null,
  parent cidr,
  addresses bigint not null default 0 check (addresses >= 0),  -- handed out, without the reserved ones
  children bigint not null default 0 check (children >= 0),    -- handed out
  primary key (namespace, cidr),
  foreign key (namespace, parent) references ipam.prefixes,
  constraint prefixes_inside_parent check (cidr << parent),
  constraint prefixes_one_use check (addresses = 0 or children = 0),
  constraint prefixes_roots_apart exclude using gist (namespace with =, cidr inet_ops with &&) where (parent is null)
) with (fillfactor = 70);
create index prefixes_parent on ipam.prefixes (namespace, parent) where parent is not null;

create table ipam.addresses (
  namespace text not null,
  prefix cidr not null,
  ip inet not null,
  primary key (namespace, prefix, ip),
  foreign key (namespace, prefix) references ipam.prefixes on delete cascade,
  constraint addresses_inside_prefix check (ip << prefix or ip = prefix)
);

-- The maximal runs of free addresses. The key is the end of a run, because taking its lowest address does not move that.
create table ipam.free_ranges (
  namespace text not null,
  prefix cidr not null,
  first inet not null,
  last inet not null,
  primary key (namespace, prefix, last),
  foreign key (namespace, prefix) references ipam.prefixes on delete cascade,
  check (first <= last)
) with (fillfactor = 70);

-- The maximal aligned blocks that belong to no child.
create table ipam.free_blocks (
  namespace text not null,
  parent cidr not null,
  block cidr not null,
  primary key (namespace, parent, block),
  foreign key (namespace, parent) references ipam.prefixes on delete cascade,
  check (block <<= parent)
);
create index free_blocks_best_fit on ipam.free_blocks (namespace, parent, masklen(block) desc, block);
