-- Which stream gets the BMC commands of a partition: one at a time, whichever replica serves it.
create table bmc_streams (
  partition_id text primary key references partitions (id) on delete cascade,
  holder text not null,
  certificate text not null,                         -- serial; the same agent may take over from itself
  until timestamptz not null
);
