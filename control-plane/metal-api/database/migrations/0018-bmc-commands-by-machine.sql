-- Who looks after a machine reads what its BMC was told lately.
create index bmc_commands_machine on bmc_commands (machine_id, sequence);
