-- Finding machines by what an allocation holds, and by place and state, without reading all of them. Not by what BMCs
-- report: that is written every minute.
create index allocations_networks on allocations using gin (networks jsonb_path_ops);
create index allocations_image on allocations (image_id);
create index allocations_name on allocations (name);
create index allocations_hostname on allocations (hostname);
create index machines_partition on machines (partition_id, id);
create index machines_rack on machines (rack_id, id);
create index machines_state on machines (state_value, id) where state_value <> '';
