-- What stakeholders read: which report a client gets, its versions, what was counted for them, what was published, and by
-- which links others read it.

create table app.client_report_definitions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null check (length(name) <= 200),
  sections text[] not null,
  period text not null check (period in ('month', 'quarter')),
  comparison text not null check (comparison in ('period_before', 'year_before', 'none')),
  goals jsonb not null,
  language text not null,
  shows_staff boolean not null,
  is_scheduled boolean not null,
  logo text,                             -- a PNG of ours, in base64
  version integer not null default 1,
  created_by_id uuid,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create index client_report_definitions_in_order
  on app.client_report_definitions (agency_id, workspace_id, created_at, id);

create table app.client_reports (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  definition_id uuid not null,
  period_start text not null,            -- YYYY-MM-DD, where the client is
  period_end text not null,              -- the last day
  version integer not null,
  state text not null default 'making'
    check (state in ('making', 'failed', 'draft', 'in_review', 'published', 'superseded', 'discarded')),
  definition jsonb not null,             -- as it was when this one was asked for
  words jsonb not null default '{}',     -- of the lead, by section
  problem text,
  corrects_id uuid,
  correction text,                       -- what is otherwise than in the version that it corrects
  asked_by_id uuid,
  submitted_by_id uuid,
  published_by_id uuid,
  created_at timestamptz not null default now(),
  made_at timestamptz,
  submitted_at timestamptz,
  published_at timestamptz,
  superseded_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, definition_id, period_start, version),
  check ((corrects_id is null) = (correction is null)),
  check ((published_at is null) = (state not in ('published', 'superseded'))),
  check ((superseded_at is null) = (state <> 'superseded')),
  check (made_at is not null or state in ('making', 'failed', 'discarded')),
  foreign key (agency_id, workspace_id, definition_id)
    references app.client_report_definitions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, corrects_id) references app.client_reports (agency_id, workspace_id, id),
  foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, submitted_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, published_by_id) references app.memberships (agency_id, id)
);
create index client_reports_in_order on app.client_reports (agency_id, workspace_id, created_at, id);
create index client_reports_of_definition
  on app.client_reports (agency_id, workspace_id, definition_id, created_at, id);
create index client_reports_corrected on app.client_reports (agency_id, workspace_id, corrects_id, created_at, id);

create table app.client_report_sections (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  section text not null,
  content jsonb not null,                -- values, those of the comparison, series, charts
  made_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, report_id, section),
  foreign key (agency_id, workspace_id, report_id) references app.client_reports (agency_id, workspace_id, id)
);

create table app.client_report_snapshots (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  document jsonb not null,
  input_hash text not null,
  document_hash text not null,
  made_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, report_id),
  foreign key (agency_id, workspace_id, report_id) references app.client_reports (agency_id, workspace_id, id)
);

create table app.client_report_links (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  label text not null check (length(label) <= 200),
  password_hash text,
  tries integer not null default 0,
  tries_since timestamptz,
  shows_staff boolean not null,
  shows_words boolean not null,
  hidden_sections text[] not null,
  created_by_id uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, report_id) references app.client_reports (agency_id, workspace_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create index client_report_links_of_report on app.client_report_links (agency_id, workspace_id, report_id, created_at, id);

-- Who has read a published report: by a link, or signed in.
create table app.client_report_views (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  link_id uuid,
  membership_id uuid,
  form text not null check (form in ('page', 'pdf', 'csv', 'json')),
  at timestamptz not null default now(),
  primary key (agency_id, id),
  check ((link_id is null) <> (membership_id is null)),
  foreign key (agency_id, workspace_id, report_id) references app.client_reports (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, link_id) references app.client_report_links (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index client_report_views_of_report on app.client_report_views (agency_id, workspace_id, report_id, at, id);
create index client_report_views_of_link on app.client_report_views (agency_id, workspace_id, link_id, at, id);

-- As in 0028: whichever kinds of links are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind = ''shared_report'')', known);
end $$;
