-- The client's customers: who they are, what they subscribed to and when that ended, what of the community they used; and
-- studies of whether those who use it stay.

create table app.customer_accounts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  external_id text not null check (length(external_id) between 1 and 200),
  name text not null check (length(name) <= 200),
  size integer check (size > 0),     -- people there; null: unknown
  customer_since timestamptz,        -- of anything of the client's; null: since its first subscription
  assigned_arm text check (assigned_arm in ('offered', 'not_offered')),  -- by lot; null: nobody drew lots
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, external_id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index customer_accounts_in_order on app.customer_accounts (agency_id, workspace_id, created_at, id);
create index customer_accounts_by_name on app.customer_accounts (agency_id, workspace_id, name, id);

create table app.account_contacts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  external_id text not null check (length(external_id) between 1 and 200),
  name text not null check (length(name) <= 200),
  member_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, external_id),
  foreign key (agency_id, workspace_id, account_id) references app.customer_accounts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index account_contacts_of_account on app.account_contacts (agency_id, workspace_id, account_id, created_at, id);
create index account_contacts_of_member on app.account_contacts (agency_id, workspace_id, member_id, created_at, id);

create table app.customer_subscriptions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  external_id text not null check (length(external_id) between 1 and 200),
  plan text not null check (length(plan) <= 100),
  started_at timestamptz not null,
  ended_at timestamptz,
  ending text check (ending in ('voluntary', 'involuntary', 'outside')),
  reason text not null default '' check (length(reason) <= 200),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, external_id),
  check ((ended_at is null) = (ending is null)),
  check (ended_at >= started_at),
  foreign key (agency_id, workspace_id, account_id) references app.customer_accounts (agency_id, workspace_id, id)
);
create index customer_subscriptions_of_account
  on app.customer_subscriptions (agency_id, workspace_id, account_id, started_at, id);

create table app.subscription_changes (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  subscription_id uuid not null,
  kind text not null check (kind in ('started', 'renewed', 'changed', 'ended', 'resumed')),
  at timestamptz not null,
  plan text not null,
  ending text check (ending in ('voluntary', 'involuntary', 'outside')),
  reason text not null default '',
  recorded_at timestamptz not null default now(),
  primary key (agency_id, id),
  check ((kind = 'ended') = (ending is not null)),
  foreign key (agency_id, workspace_id, subscription_id)
    references app.customer_subscriptions (agency_id, workspace_id, id)
);
create index subscription_changes_in_order
  on app.subscription_changes (agency_id, workspace_id, subscription_id, at, id);

-- What somebody of an account used, and when. `source` and `external_id`: the same thing told again is known.
create table app.customer_exposures (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  member_id uuid,
  kind text not null check (kind in ('posted', 'answered', 'read', 'course_completed', 'event_attended')),
  at timestamptz not null,
  is_cancelling boolean not null default false,  -- part of leaving, as an answer to how to cancel
  source text not null check (source in ('community', 'told')),
  external_id text not null check (length(external_id) between 1 and 200),
  recorded_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, account_id, kind, source, external_id),
  foreign key (agency_id, workspace_id, account_id) references app.customer_accounts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index customer_exposures_of_account on app.customer_exposures (agency_id, workspace_id, account_id, at, id);
create index customer_exposures_of_member on app.customer_exposures (agency_id, workspace_id, member_id);

create table app.retention_studies (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null check (length(name) <= 200),
  definition jsonb not null,
  definition_hash text,
  state text not null default 'draft' check (state in ('draft', 'frozen', 'running', 'done', 'insufficient_data')),
  problem text,
  cut_off_at timestamptz,            -- nothing later is looked at
  input_hash text,
  created_by_id uuid,
  created_at timestamptz not null default now(),
  frozen_at timestamptz,
  ended_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'draft') = (frozen_at is null)),
  check ((frozen_at is null) = (definition_hash is null)),
  check ((frozen_at is null) = (cut_off_at is null)),
  check ((ended_at is null) = (state in ('draft', 'frozen', 'running'))),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create index retention_studies_in_order on app.retention_studies (agency_id, workspace_id, created_at, id);

create table app.study_results (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  study_id uuid not null,
  evidence_grade text not null check (evidence_grade in ('association', 'causal')),
  sentence text not null,
  caveats text[] not null,
  result jsonb not null,
  result_hash text not null,
  csv text not null,
  charts jsonb not null,
  made_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, study_id),
  foreign key (agency_id, workspace_id, study_id) references app.retention_studies (agency_id, workspace_id, id)
);
