-- The journal: on whose behalf, what changed and why; chained per agency, so that tampering is found.

alter table app.journal
  add column api_client_id uuid,
  add column on_behalf_of_id uuid,  -- whoever asked for the job that did it
  add column request_id text,
  add column grounds text,
  add column changes jsonb not null default '{}',  -- {"field": [before, after]}
  add foreign key (agency_id, api_client_id) references app.api_clients (agency_id, id),
  add foreign key (agency_id, on_behalf_of_id) references app.memberships (agency_id, id);
-- A list of one client, and a list of the agency with what concerns no client: an index for each filter of each.
create index journal_by_action on app.journal (agency_id, workspace_id, action, at, id);
create index journal_of_staff on app.journal (agency_id, workspace_id, membership_id, at, id);
create index journal_anywhere on app.journal (agency_id, at, id);
create index journal_by_action_anywhere on app.journal (agency_id, action, at, id);
create index journal_of_staff_anywhere on app.journal (agency_id, membership_id, at, id);
create index journal_of_subject_anywhere on app.journal (agency_id, subject_id, at, id);

create table app.journal_links (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  entry_id uuid not null,
  seq bigint not null check (seq > 0),
  hash bytea not null check (length(hash) = 32),
  chained_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, seq),
  unique (agency_id, entry_id),
  foreign key (agency_id, entry_id) references app.journal (agency_id, id)
);

alter table app.jobs
  add column on_behalf_of_id uuid,  -- runs with the rights that this membership has by then
  add foreign key (agency_id, on_behalf_of_id) references app.memberships (agency_id, id);
