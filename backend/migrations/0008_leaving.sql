-- Leaving: legal holds, exports, members who are forgotten, clients who go. Needs the role tend_eraser
-- (infra/postgres/eraser.sql).

alter table app.members add column erased_at timestamptz;  -- what is left is that somebody was there
alter table app.workspaces
  add column deletes_at timestamptz,  -- closed; until then it can be opened again
  add column deleted_at timestamptz;  -- what is left is what the journal points at
create index reports_of_member on app.reports (agency_id, workspace_id, member_id) where member_id is not null;

create table app.holds (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  subject_kind text not null check (subject_kind in ('member', 'workspace')),
  subject_id uuid not null,
  reason text not null,
  placed_by_id uuid,
  placed_at timestamptz not null default now(),
  lifted_at timestamptz,
  lifted_by_id uuid,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, placed_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, lifted_by_id) references app.memberships (agency_id, id)
);
create unique index holds_one_live on app.holds (agency_id, workspace_id, subject_kind, subject_id)
  where lifted_at is null;
create index holds_in_order on app.holds (agency_id, workspace_id, placed_at, id);

create table app.exports (
  agency_id uuid not null default app.agency() references app.agencies (id),
  workspace_id uuid,  -- null: of the whole agency
  id uuid not null,
  what text not null check (what in ('agency', 'workspace', 'member', 'journal')),
  format text not null check (format in ('zip', 'ndjson', 'csv')),
  subject_id uuid not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'expired')),
  requested_by_id uuid not null,
  requested_at timestamptz not null default now(),
  row_count bigint not null default 0,
  counts jsonb not null default '{}',  -- rows by table
  path text,
  byte_count bigint,
  problem text,
  finished_at timestamptz,
  expires_at timestamptz,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, requested_by_id) references app.memberships (agency_id, id)
);
create index exports_in_order on app.exports (agency_id, workspace_id, requested_at, id);
create index exports_anywhere on app.exports (agency_id, requested_at, id);

create table app.erasures (
  agency_id uuid not null default app.agency() references app.agencies (id),
  workspace_id uuid not null,
  id uuid not null,
  subject_kind text not null check (subject_kind in ('member', 'workspace')),
  subject_hash bytea not null check (length(subject_hash) = 32),
  counts jsonb not null,  -- rows by table
  grounds text not null,
  requested_by_id uuid,
  erased_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, requested_by_id) references app.memberships (agency_id, id)
);
create index erasures_in_order on app.erasures (agency_id, workspace_id, erased_at, id);

-- Who must not come back with the next import: a hash under a key of the agency, since names can be guessed.
create table app.erased_identities (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  identity_hash bytea not null check (length(identity_hash) = 32),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, community_id, identity_hash),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id)
);
create table app.erasure_keys (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  secret bytea not null,  -- sealed
  primary key (agency_id, id),
  unique (agency_id)
);

-- Admission rests on one thing more: who was let in before a client closed must be let in anew. Counted in the agency,
-- which every scope sees; the clients themselves are not all there in a scope that is narrowed. A function of its own,
-- so that app.admission can be replaced without it.
alter table app.agencies add column closings integer not null default 0;
create function app.admission_mark(kind text, key bytea, workspace uuid, slug text) returns text
language sql stable parallel safe as $$
  select app.admission(kind, key, workspace, slug) || '|'
         || (select a.closings from app.agencies a where a.id = app.agency())
$$;
create or replace function app.admit(kind text, key bytea, workspace uuid, slug text, mark text) returns void
language plpgsql stable parallel safe as $$
begin
  if app.admission_mark(kind, key, workspace, slug) is distinct from mark then
    raise exception 'no longer admitted' using errcode = 'TN001';
  end if;
end $$;
