-- Who answers for a service, what they have to file, and what was filed: statements to the transparency database of the EU,
-- and the harmonised transparency report.

alter table app.doors drop constraint doors_kind_check;
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation', 'connection', 'statement', 'report', 'question',
                  'report_page', 'transparency'));

alter table app.statements_of_reasons
  add column content_types text[] not null default '{CONTENT_TYPE_TEXT}',
  add column content_language text,
  add column automation text not null default 'not_automated'
    check (automation in ('not_automated', 'partially', 'fully'));
create index statements_in_order on app.statements_of_reasons (agency_id, workspace_id, created_at, id);
-- Whether a text that is to be filed names a member is asked by every word of it.
create index members_called on app.members (agency_id, workspace_id, lower(handle));

create table app.providers (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  statutory_name text not null,
  is_client boolean not null,  -- or else a platform that is somebody else's
  establishment_country text not null check (establishment_country ~ '^[A-Z]{2}$'),
  size_class text not null check (size_class in ('micro', 'small', 'medium', 'large')),
  size_class_since text not null check (size_class_since ~ '^\d{4}-\d{2}-\d{2}$'),
  size_class_lost_on text check (size_class_lost_on ~ '^\d{4}-\d{2}-\d{2}$'),
  coordinator_country text check (coordinator_country ~ '^[A-Z]{2}$'),
  legal_representative text not null default '',
  authority_contact text not null default '',
  recipient_contact text not null default '',
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, statutory_name),
  check (size_class_lost_on is null or size_class in ('medium', 'large')),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.services (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  provider_id uuid not null,
  name text not null,
  kind text not null check (kind in ('intermediary', 'hosting', 'online_platform', 'vlop')),
  is_public boolean not null,
  agency_role text not null default 'processor' check (agency_role in ('processor', 'joint', 'controller')),
  sor_platform_name text,
  can_restrict_money boolean not null default false,
  spam_is_commercial boolean not null default true,
  terms_url text,
  complaints_url text,
  misuse_url text,
  database_address text,
  token bytea,
  files_itself boolean not null default false,
  public_path text,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, name),
  check (files_itself = (token is not null)),
  foreign key (agency_id, workspace_id, provider_id) references app.providers (agency_id, workspace_id, id)
);
create index services_of_provider on app.services (agency_id, workspace_id, provider_id);
create index services_in_order on app.services (agency_id, workspace_id, created_at, id);
create index providers_in_order on app.providers (agency_id, workspace_id, created_at, id);

create table app.service_communities (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  service_id uuid not null,
  community_id uuid not null,
  is_public boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, community_id),  -- a community is of one service
  foreign key (agency_id, workspace_id, service_id) references app.services (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id)
);
create index communities_of_service on app.service_communities (agency_id, workspace_id, service_id, created_at, id);

create table app.filing_batches (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  service_id uuid not null,
  statement_count integer not null check (statement_count between 1 and 100),
  state text not null default 'ready' check (state in ('ready', 'accepted', 'refused')),
  path text not null,
  byte_count integer not null,
  problem text,
  made_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'ready') = (settled_at is null)),
  foreign key (agency_id, workspace_id, service_id) references app.services (agency_id, workspace_id, id)
);
create index batches_of_service on app.filing_batches (agency_id, workspace_id, service_id, made_at, id);

create table app.filings (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  service_id uuid not null,
  statement_id uuid not null,
  batch_id uuid,
  state text not null check (state in ('waiting', 'exempt', 'blocked', 'ready', 'accepted', 'refused')),
  because text,
  problems jsonb not null default '[]',
  explanation text,  -- somebody's own words in the place of the statement's, without personal data
  permalink text,
  settled_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, statement_id),
  check ((state = 'exempt') = (because is not null)),
  foreign key (agency_id, workspace_id, service_id) references app.services (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, statement_id)
    references app.statements_of_reasons (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, batch_id) references app.filing_batches (agency_id, workspace_id, id)
);
create index filings_of_service on app.filings (agency_id, workspace_id, service_id, settled_at, id);
create index filings_by_state
  on app.filings (agency_id, workspace_id, service_id, state, settled_at, id);
create index filings_of_batch on app.filings (agency_id, workspace_id, batch_id, settled_at, id);

create table app.report_entries (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  service_id uuid not null,
  period_start text not null check (period_start ~ '^\d{4}-\d{2}-\d{2}$'),
  period_end text not null check (period_end ~ '^\d{4}-\d{2}-\d{2}$'),
  part integer not null check (part between 2 and 11),
  line text not null,
  field text not null,
  value text not null check (length(value) <= 5000),
  entered_by_id uuid,
  entered_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, service_id, period_start, period_end, part, line, field),
  foreign key (agency_id, workspace_id, service_id) references app.services (agency_id, workspace_id, id),
  foreign key (agency_id, entered_by_id) references app.memberships (agency_id, id)
);
create index report_entries_in_order on app.report_entries (agency_id, workspace_id, service_id, entered_at, id);

create table app.transparency_reports (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  service_id uuid not null,
  period_start text not null check (period_start ~ '^\d{4}-\d{2}-\d{2}$'),
  period_end text not null check (period_end ~ '^\d{4}-\d{2}-\d{2}$'),
  version integer not null check (version > 0),
  state text not null default 'queued' check (state in ('queued', 'done', 'failed')),
  problem text,
  checks jsonb not null default '[]',
  changes jsonb not null default '[]',
  reason text not null default '',
  asked_by_id uuid,
  asked_at timestamptz not null default now(),
  finished_at timestamptz,
  published_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, service_id, period_start, period_end, version),
  check (published_at is null or state = 'done'),
  foreign key (agency_id, workspace_id, service_id) references app.services (agency_id, workspace_id, id),
  foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id)
);
create index transparency_reports_in_order
  on app.transparency_reports (agency_id, workspace_id, service_id, asked_at, id);

create table app.transparency_parts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  part integer not null check (part between 1 and 11),
  name text not null,
  row_count integer not null,
  content text not null,  -- CSV; never changed
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, report_id, part),
  foreign key (agency_id, workspace_id, report_id) references app.transparency_reports (agency_id, workspace_id, id)
);
