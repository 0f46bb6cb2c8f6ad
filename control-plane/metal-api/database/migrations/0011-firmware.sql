-- What a command UPDATE-FIRMWARE is about: {kind, url}. The url opens the file to whoever has it, so it goes with the answer.
alter table bmc_commands
  add column firmware jsonb,
  add constraint bmc_commands_firmware check ((command = 'UPDATE-FIRMWARE' and done is null) = (firmware is not null));
