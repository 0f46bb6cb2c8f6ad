-- Numbers that have one owner at a time: VRFs of networks, ASNs of machines (the original's ranges).
-- Free numbers are rows, so that transactions which take one at the same time take different ones without waiting.
-- Rows are made in small lots when they are needed; from `next` on no lot was made yet.

create table number_pools (
  pool text primary key,
  first bigint not null,
  next bigint not null,
  last bigint not null,
  check (next <= last + 1)
);
insert into number_pools values ('vrf', 1, 1, 131072), ('asn', 4210000001, 4210000001, 4210131072);

create table free_numbers (
  pool text not null references number_pools,
  number bigint not null,
  primary key (pool, number)
);
