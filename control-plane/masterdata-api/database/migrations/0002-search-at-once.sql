-- Queries by label and annotation come right after what they look for was written, and more often: no list of pending
-- entries that every query would have to read through.
alter index projects_document set (fastupdate = off);
alter index tenants_document set (fastupdate = off);
select gin_clean_pending_list('projects_document'), gin_clean_pending_list('tenants_document');
