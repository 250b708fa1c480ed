-- The house: settings of a scope, global tables, agencies and clients, communities, moderation, journal, jobs.
-- Row-level security and grants are not here: tenants/wall.py writes them for every tenant table after each migration.

create schema app;

-- NULLIF: once a transaction-local value ends, the setting is '' and not NULL, and the cast would raise.
create function app.agency() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.agency_id', true), '')::uuid $$;
create function app.sees_all() returns boolean language sql stable parallel safe
  as $$ select coalesce(current_setting('app.sees_all', true), '') = 'on' $$;
create function app.workspaces() returns uuid[] language sql stable parallel safe
  as $$ select coalesce(nullif(current_setting('app.workspaces', true), ''), '{}')::uuid[] $$;

-- Global: no tenant data ------------------------------------------------------------------------------------------

create table app.persons (
  id uuid primary key,
  email text not null unique,  -- lower case
  name text not null,
  created_at timestamptz not null default now()
);

create table app.sessions (
  id uuid primary key,
  person_id uuid not null references app.persons (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_of_person on app.sessions (person_id);

create table app.doors (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('session', 'api_key', 'agency')),
  key_hash bytea not null check (length(key_hash) = 32),
  agency_id uuid,
  target_id uuid not null,
  unique (kind, key_hash)
);

create table app.person_agency (
  id bigint generated always as identity primary key,
  person_id uuid not null references app.persons (id),
  agency_id uuid not null,
  agency_slug text not null,
  unique (person_id, agency_id)
);

-- Agencies with work to look at: written with every job, emptied by the relay. Rows are only ever inserted and
-- deleted, so that no two transactions of one agency wait for each other.
create table app.ready_agency (
  id bigint generated always as identity primary key,
  agency_id uuid not null,
  ready_at timestamptz not null default now()
);
create index ready_agency_at on app.ready_agency (ready_at);

-- Agencies and their clients --------------------------------------------------------------------------------------

create table app.agencies (
  id uuid primary key,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  name text not null,
  created_at timestamptz not null default now()
);

create table app.workspaces (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  name text not null,
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, slug)
);

create table app.memberships (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  person_id uuid not null references app.persons (id),
  role text not null check (role in ('owner', 'admin', 'lead', 'moderator', 'contractor', 'stakeholder')),
  name text not null,
  email text not null,
  ends_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, person_id),
  check (role <> 'contractor' or ends_at is not null)
);

create table app.assignments (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  workspace_id uuid not null,
  primary key (agency_id, id),
  unique (agency_id, membership_id, workspace_id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.api_keys (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  name text not null,
  workspace_id uuid,
  ends_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

-- Where a table has other indexes that begin with the agency and the workspace, its key (agency_id, workspace_id, id) is
-- added last: without statistics PostgreSQL takes the youngest of equally cheap indexes, and foreign keys of a fresh
-- database were checked through posts_in_reply_to (2.8 ms a row; the first import took ten times as long).
-- The dependencies below keep it from multiplying the selectivities of agency, workspace and community, which are one.

-- Communities and their content -----------------------------------------------------------------------------------

create table app.communities (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  name text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.connections (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  platform text not null check (platform in ('built_in')),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, community_id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id)
);

create table app.members (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  external_id text not null,
  handle text not null,
  kind text not null default 'person' check (kind in ('person', 'bot')),
  identity_key text,
  is_at_risk boolean not null default false,
  first_seen_at timestamptz not null,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id)
);
create index members_in_order on app.members (agency_id, workspace_id, first_seen_at, id);
create index members_by_handle on app.members (agency_id, workspace_id, handle, id);
create index members_by_identity on app.members (agency_id, workspace_id, identity_key);
alter table app.members add unique (agency_id, workspace_id, community_id, external_id);
alter table app.members add unique (agency_id, workspace_id, id);

create table app.posts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  member_id uuid not null,
  external_id text not null,
  reply_to_id uuid,
  text text not null,
  version integer not null default 1 check (version > 0),
  view_count integer not null default 0 check (view_count >= 0),
  posted_at timestamptz not null,
  hidden_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index posts_in_order on app.posts (agency_id, workspace_id, posted_at, id);
create index posts_of_community on app.posts (agency_id, workspace_id, community_id, posted_at, id);
create index posts_of_member on app.posts (agency_id, workspace_id, member_id, posted_at, id);
create index posts_in_reply_to on app.posts (agency_id, workspace_id, reply_to_id, posted_at, id);
alter table app.posts add unique (agency_id, workspace_id, community_id, external_id);
alter table app.posts add unique (agency_id, workspace_id, id);
alter table app.posts add foreign key (agency_id, workspace_id, reply_to_id) references app.posts (agency_id, workspace_id, id);

create statistics app.members_scope (dependencies) on agency_id, workspace_id, community_id from app.members;
create statistics app.posts_scope (dependencies) on agency_id, workspace_id, community_id, member_id from app.posts;

create table app.post_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  post_id uuid not null,
  version integer not null,
  text text not null,
  captured_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, post_id, version),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);

-- Policies --------------------------------------------------------------------------------------------------------

create table app.policies (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  title text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index policies_in_order on app.policies (agency_id, workspace_id, title, id);

create table app.policy_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  policy_id uuid not null,
  version integer not null check (version > 0),
  text text not null,
  severity text not null check (severity in ('none', 'low', 'medium', 'high', 'severe')),
  tier text not null check (tier in ('danger', 'severe', 'high', 'medium', 'low')),
  effective_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, policy_id, version),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id)
);

-- Moderation ------------------------------------------------------------------------------------------------------

create table app.rules (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  kind text not null check (kind in ('words', 'pattern')),
  words text[] not null default '{}',
  pattern text,
  policy_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, name),
  check ((kind = 'words') = (cardinality(words) > 0)),
  check ((kind = 'pattern') = (pattern is not null)),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id)
);
create index rules_in_order on app.rules (agency_id, workspace_id, created_at, id);

create table app.queues (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, name),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.cases (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  queue_id uuid not null,
  post_id uuid not null,       -- the subject
  member_id uuid not null,     -- its author
  state text not null default 'queued' check (state in ('queued', 'in_review', 'closed')),
  outcome text check (outcome in ('violation', 'no_violation')),
  tier text not null check (tier in ('danger', 'severe', 'high', 'medium', 'low')),
  severity text not null check (severity in ('none', 'low', 'medium', 'high', 'severe')),
  report_count integer not null default 0 check (report_count >= 0),
  risk double precision not null default 0 check (risk >= 0 and risk < 'Infinity'),
  opened_at timestamptz not null,
  due_at timestamptz not null,
  virtual_deadline timestamptz not null,
  claimed_by_id uuid,
  claimed_until timestamptz,
  closed_at timestamptz,
  version integer not null default 1,
  primary key (agency_id, id),
  check ((state = 'closed') = (outcome is not null)),
  check ((state = 'closed') = (closed_at is not null)),
  check ((state = 'in_review') = (claimed_by_id is not null and claimed_until is not null)),
  foreign key (agency_id, workspace_id, queue_id) references app.queues (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, claimed_by_id) references app.memberships (agency_id, id)
);
-- Reports about one subject merge into its one open case.
create unique index cases_one_open on app.cases (agency_id, workspace_id, post_id) where state <> 'closed';
create index cases_waiting on app.cases (agency_id, workspace_id, virtual_deadline, id) where state = 'queued';
create index cases_waiting_anywhere on app.cases (agency_id, virtual_deadline, id) where state = 'queued';
create index cases_claimed on app.cases (agency_id, workspace_id, claimed_until, id) where state = 'in_review';
create index cases_by_urgency on app.cases (agency_id, workspace_id, virtual_deadline, id);
create index cases_by_opening on app.cases (agency_id, workspace_id, opened_at, id);
create index cases_by_state on app.cases (agency_id, workspace_id, state, virtual_deadline, id);
create index cases_of_member on app.cases (agency_id, workspace_id, member_id, opened_at, id);
create index cases_of_post on app.cases (agency_id, workspace_id, post_id, opened_at, id);
alter table app.cases add unique (agency_id, workspace_id, id);

create table app.reports (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  post_id uuid not null,
  channel text not null check (channel in ('member', 'staff', 'rule', 'api')),
  reporter_key text not null,  -- who complained, whatever the channel: one report per reporter and case
  member_id uuid,
  membership_id uuid,
  rule_id uuid,
  api_key_id uuid,
  policy_id uuid,
  reason text not null,
  credibility double precision not null default 1 check (credibility > 0 and credibility <= 2),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, case_id, reporter_key),
  check (num_nonnulls(member_id, membership_id, rule_id, api_key_id) = 1),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, rule_id) references app.rules (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, api_key_id) references app.api_keys (agency_id, id)
);
create index reports_of_case on app.reports (agency_id, workspace_id, case_id, created_at, id);
create index reports_of_post on app.reports (agency_id, workspace_id, post_id, reporter_key);
alter table app.reports add unique (agency_id, workspace_id, id);

create statistics app.cases_scope (dependencies) on agency_id, workspace_id, queue_id from app.cases;
create statistics app.reports_scope (dependencies) on agency_id, workspace_id, case_id from app.reports;

create table app.claims (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  membership_id uuid not null,
  token_hash bytea not null,
  claimed_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_by text check (ended_by in ('decided', 'released', 'skipped', 'expired')),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((ended_at is null) = (ended_by is null)),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create unique index claims_one_live on app.claims (agency_id, workspace_id, case_id) where ended_at is null;

create table app.skips (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  membership_id uuid not null,
  reason text not null check (reason in ('conflict_of_interest', 'language', 'skill', 'wellbeing', 'other')),
  note text not null default '',
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, case_id, membership_id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

create table app.decisions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  claim_id uuid not null,
  membership_id uuid not null,
  outcome text not null check (outcome in ('violation', 'no_violation')),
  policy_version_id uuid,
  reason text not null,
  decided_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, case_id),
  check (outcome = 'no_violation' or policy_version_id is not null),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, claim_id) references app.claims (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_version_id)
    references app.policy_versions (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

create table app.actions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  decision_id uuid not null,
  case_id uuid not null,
  kind text not null check (kind in ('hide_post', 'warn_member')),
  state text not null default 'queued' check (state in ('queued', 'confirmed')),
  created_at timestamptz not null default now(),
  confirmed_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, decision_id, kind),
  check ((state = 'confirmed') = (confirmed_at is not null)),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id)
);

-- What the built-in connection tells a member: the warning they see in the community.
create table app.warnings (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  member_id uuid not null,
  action_id uuid not null,
  text text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, action_id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index warnings_of_member on app.warnings (agency_id, workspace_id, member_id, created_at, id);

-- Notices, journal, jobs ------------------------------------------------------------------------------------------

create table app.notices (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null,
  subject_id uuid not null,
  member_id uuid,
  membership_id uuid,
  text text not null,
  created_at timestamptz not null default now(),
  delivered_at timestamptz,
  primary key (agency_id, id),
  check (num_nonnulls(member_id, membership_id) = 1),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create unique index notices_once_member on app.notices (agency_id, workspace_id, kind, subject_id, member_id)
  where member_id is not null;
create unique index notices_once_staff on app.notices (agency_id, workspace_id, kind, subject_id, membership_id)
  where membership_id is not null;
create index notices_of_staff on app.notices (agency_id, membership_id, created_at, id) where membership_id is not null;
create index notices_of_member on app.notices (agency_id, workspace_id, member_id, created_at, id)
  where member_id is not null;
create index notices_undelivered on app.notices (agency_id, workspace_id, subject_id) where delivered_at is null;

create table app.journal (
  agency_id uuid not null default app.agency(),
  workspace_id uuid,  -- null: concerns the whole agency
  id uuid not null,
  at timestamptz not null default now(),
  actor_kind text not null check (actor_kind in ('staff', 'api_client', 'system')),
  membership_id uuid,
  action text not null,
  subject_kind text not null,
  subject_id uuid not null,
  detail jsonb not null default '{}',
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index journal_in_order on app.journal (agency_id, workspace_id, at, id);
create index journal_of_subject on app.journal (agency_id, workspace_id, subject_id, at, id);

create table app.jobs (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  workspace_id uuid,
  kind text not null,
  payload jsonb not null default '{}',
  state text not null default 'ready' check (state in ('ready', 'sent', 'running', 'done', 'dead')),
  run_at timestamptz not null default now(),
  attempt integer not null default 0,
  lease_until timestamptz,
  lease_token uuid,
  dedupe_key text,
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index jobs_ready on app.jobs (agency_id, run_at, id) where state = 'ready';
create index jobs_leased on app.jobs (agency_id, lease_until) where state in ('sent', 'running');
create index jobs_ended on app.jobs (agency_id, ended_at) where state in ('done', 'dead');
-- The relay clears the key when a job leaves `ready`: a job asked for while the last one already runs is a new job.
create unique index jobs_once on app.jobs (agency_id, dedupe_key) where dedupe_key is not null;

-- Scheduled work: one row per slot, so that a missed slot is visible and no slot runs twice.
create table app.slots (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  name text not null,
  slot_at timestamptz not null,
  primary key (agency_id, id),
  unique (agency_id, name, slot_at)
);
