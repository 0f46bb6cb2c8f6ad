-- Lists keep the text of machines that did not change. A machine's text is as old as its answer_version; what changes every
-- minute is not part of that text: reports of BMCs, and until when a machine waits.
create sequence answer_versions;
alter table machines add column answer_version bigint not null default nextval('answer_versions');

create function renew_answer_version() returns trigger language plpgsql as $$
begin
  new.answer_version := nextval('answer_versions');
  return new;
end $$;

create trigger renew_answer_version before update on machines for each row
  when (
    to_jsonb(new) - '{ipmi, bmc_seen, waiting_until, disks, disks_reason, disks_since, answer_version}'::text[]
    is distinct from
    to_jsonb(old) - '{ipmi, bmc_seen, waiting_until, disks, disks_reason, disks_since, answer_version}'::text[])
  execute function renew_answer_version();
