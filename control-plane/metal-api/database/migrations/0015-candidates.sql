-- Where an allocation looks for its machine: rack by rack, from any id on.
drop index machines_candidates;
create index machines_candidates on machines (partition_id, size_id, rack_id, id) where state_value = '' and disks = 'erased';
