-- A reinstallation has begun to write to the machine's disks: it can only be finished, not given up.
alter table allocations add column old_system_lost boolean not null default false;
