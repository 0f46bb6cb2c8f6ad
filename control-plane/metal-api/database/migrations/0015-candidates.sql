-- Where an allocation looks for its machine: rack by rack, from any id on.
drop index machines_candidates;
create index machines_candidates on machines (partition_id, size_id, rack_id, id) where state_value = '' and disks = 'erased';
-- What machines are searched by: tags, and anything of their hardware.
create index machines_tags on machines using gin (tags);
create index machines_hardware on machines using gin (hardware jsonb_path_ops);
