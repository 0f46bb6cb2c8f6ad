-- A BMC keeps its password when its machine is deleted, and nobody else knows it. So the logins stay, sealed as they are, until
-- the machine is back or an admin has them forgotten: DELETE /v1/machine/{id}/bmc/login.
alter table bmc_logins drop constraint bmc_logins_machine_id_fkey;
