-- What a member is told about a decision and why, what it was decided upon, and what it counts: statements of reasons,
-- evidence, strikes; policies that say more; saved answers.

alter table app.doors drop constraint doors_kind_check;
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation', 'connection', 'statement'));

alter table app.communities
  add column language text not null default 'en' check (language in ('en', 'de'));  -- members are written to in it

-- DSA Article 20: a decision can be appealed for six months at least, so what it was decided upon is kept as long.
alter table app.workspaces
  add column evidence_days integer not null default 365 check (evidence_days between 184 and 3650);

alter table app.policies add column archived_at timestamptz;
alter table app.policy_versions
  add column taxonomy_code text,
  add column ground text not null default 'incompatible' check (ground in ('illegal', 'incompatible')),
  add column legal_reference text,
  add column strike_count integer not null default 0 check (strike_count between 0 and 100),
  add column strike_on_occurrence integer not null default 1 check (strike_on_occurrence between 1 and 100),
  add column first_occurrence_count integer check (first_occurrence_count between 0 and 100),
  add column needs_takedown boolean not null default false,
  add column strike_days integer not null default 90 check (strike_days between 1 and 3650),
  add constraint policy_versions_illegal_check
    check (ground = 'incompatible' or (taxonomy_code is not null and legal_reference is not null));

create table app.policy_examples (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  policy_version_id uuid not null,
  text text not null,
  is_violation boolean not null,
  note text not null default '',
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_version_id)
    references app.policy_versions (agency_id, workspace_id, id)
);
create index policy_examples_of_version
  on app.policy_examples (agency_id, workspace_id, policy_version_id, created_at, id);

-- A row a post: the one that was judged and those before it, so that forgetting one author leaves what others wrote.
create table app.evidence_snapshots (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  position integer not null check (position > 0),
  post_id uuid not null,
  member_id uuid not null,
  post_version integer not null,
  is_context boolean not null,
  content text,  -- canonical JSON; gone when its author is forgotten or its time is over
  hash text not null,  -- of the content, which holds a salt: what is gone cannot be guessed from it
  previous_hash text,
  captured_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, case_id, position),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index evidence_snapshots_of_member on app.evidence_snapshots (agency_id, workspace_id, member_id);
create index evidence_snapshots_kept on app.evidence_snapshots (agency_id, workspace_id, captured_at)
  where content is not null;

create table app.statements_of_reasons (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  decision_id uuid not null,
  case_id uuid not null,
  member_id uuid not null,
  post_id uuid not null,
  policy_version_id uuid not null,
  puid text not null check (puid ~ '^[A-Za-z0-9_-]+$' and length(puid) <= 500),
  language text not null,
  text text not null,         -- for the member
  facts text not null check (length(facts) <= 5000),              -- for filing: without personal data
  explanation text not null check (length(explanation) <= 2000),  -- likewise
  decision_visibility text[] not null,
  decision_provision text,
  decision_account text,
  provision_until timestamptz,
  account_until timestamptz,
  ground text not null check (ground in ('illegal', 'incompatible')),
  reference text not null check (length(reference) <= 500),
  source text not null check (source in ('notice', 'trusted_flagger', 'other_notification', 'own_initiative')),
  is_detected_automatically boolean not null,
  territorial_scope text[] not null,
  taxonomy_code text not null,
  taxonomy_version text not null,
  category text not null,
  keywords text[] not null,
  other_keyword text,
  content_at timestamptz not null,
  appeal_until timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, decision_id),
  unique (agency_id, puid),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_version_id)
    references app.policy_versions (agency_id, workspace_id, id)
);
create index statements_of_member on app.statements_of_reasons (agency_id, workspace_id, member_id, created_at, id);

create table app.strike_thresholds (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  points integer not null check (points between 1 and 1000),
  action text check (action in ('warn_member', 'silence_member', 'suspend_member')),
  days integer check (days between 1 and 3650),  -- null: without end
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, points),
  check (days is null or action in ('silence_member', 'suspend_member')),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

-- A ledger: nothing in it is changed, and what is taken back is a second entry.
create table app.strike_entries (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  member_id uuid not null,
  decision_id uuid not null,
  policy_id uuid not null,
  points integer not null,
  needs_takedown boolean not null default false,
  threshold integer,  -- of points, which this entry made the member reach
  expires_at timestamptz not null,
  is_reversal boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, decision_id, is_reversal),
  check (case when is_reversal then points <= 0 else points >= 0 end),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id)
);
create index strike_entries_of_member on app.strike_entries (agency_id, workspace_id, member_id, created_at, id);

create table app.macros (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  outcome text not null check (outcome in ('violation', 'no_violation')),
  policy_id uuid,
  actions text[] not null default '{}',
  text text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, name),
  check (outcome = 'violation' or (policy_id is null and cardinality(actions) = 0)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id)
);
create index macros_in_order on app.macros (agency_id, workspace_id, created_at, id);
