-- Masterdata: an entity is a document (the protobuf message as JSON), its id and its version; what other entities point at
-- is a column made from the document, so that the database keeps the pointing true.

create table tenants (
  id text primary key check (id <> ''),
  version bigint not null,
  document jsonb not null
);

create table projects (
  id text primary key check (id <> ''),
  version bigint not null,
  document jsonb not null,
  tenant_id text not null generated always as (document ->> 'tenant_id') stored references tenants (id)
);

create table project_members (
  id text primary key check (id <> ''),
  version bigint not null,
  document jsonb not null,
  project_id text not null generated always as (document ->> 'project_id') stored references projects (id),
  tenant_id text not null generated always as (document ->> 'tenant_id') stored references tenants (id)
);

create table tenant_members (
  id text primary key check (id <> ''),
  version bigint not null,
  document jsonb not null,
  tenant_id text not null generated always as (document ->> 'tenant_id') stored references tenants (id),
  member_id text not null generated always as (document ->> 'member_id') stored references tenants (id)
);

create index projects_tenant on projects (tenant_id);
create index project_members_project on project_members (project_id);
create index project_members_tenant on project_members (tenant_id);
create index tenant_members_tenant on tenant_members (tenant_id);
create index tenant_members_member on tenant_members (member_id);
create index projects_document on projects using gin (document jsonb_path_ops);
create index tenants_document on tenants using gin (document jsonb_path_ops);

-- Every change of every entity, for ever: op is C(reated), U(pdated) or D(eleted), the document as it was then.
create table history (
  sequence bigint generated always as identity primary key,
  kind text not null,
  id text not null,
  op char(1) not null check (op in ('C', 'U', 'D')),
  at timestamptz not null default clock_timestamp(),
  document jsonb not null
);
create index history_entity on history (kind, id, at desc);
