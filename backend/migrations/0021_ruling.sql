-- What Tend looks for by itself: rules with versions and states, what they found, how they are measured; tags, media and
-- banks of hashes.

alter table app.rules drop constraint rules_kind_check;
alter table app.rules add constraint rules_kind_check check (kind in ('words', 'pattern', 'conditions'));
alter table app.rules
  add column state text not null default 'live' check (state in ('draft', 'shadow', 'live', 'paused', 'archived')),
  add column version integer not null default 1,
  add column live_version integer,  -- what acts, or did before it was paused
  add column shadow_version integer,  -- what is tried: what it finds is counted, and nothing else happens
  add column live_since timestamptz,
  add column counts_reports boolean not null default false,  -- looks again whenever a post is reported
  add column alarm_state text not null default 'insufficient_data'
    check (alarm_state in ('ok', 'alarm', 'insufficient_data')),
  add column alarm_rate double precision,
  add column usual_rate double precision,
  add column alarm_p double precision,
  add constraint rules_shadow_check check (state <> 'shadow' or shadow_version is not null);

create index rules_in_state on app.rules (agency_id, workspace_id, state, created_at, id);

-- What is one for all rules of a client. `version` goes up with every change of a rule or a bank: what is compiled of
-- them is kept as long as it is the same.
create table app.rulesets (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  version integer not null default 1,
  target_precision double precision not null default 0.8 check (target_precision between 0 and 1),
  least_decided integer not null default 30 check (least_decided > 0),
  primary key (agency_id, id),
  unique (agency_id, workspace_id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.rule_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  rule_id uuid not null,
  version integer not null,
  conditions jsonb not null,  -- in the shape of the API's input
  actions jsonb not null,
  policy_id uuid not null,
  made_by_id uuid,  -- null: a machine, or Tend
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, rule_id, version),
  foreign key (agency_id, workspace_id, rule_id) references app.rules (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id),
  foreign key (agency_id, made_by_id) references app.memberships (agency_id, id)
);

do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    update app.rules set live_version = 1, live_since = created_at where agency_id = agency;
    insert into app.rule_versions (agency_id, workspace_id, id, rule_id, version, conditions, actions, policy_id, created_at)
    select agency, workspace_id, gen_random_uuid(), id, 1,
           case kind when 'words' then jsonb_build_object('words', jsonb_build_object('words', to_jsonb(words)))
                     else jsonb_build_object('pattern', pattern) end,
           '{"report": true}'::jsonb, policy_id, created_at
      from app.rules where agency_id = agency;
    insert into app.rulesets (agency_id, workspace_id, id)
    select distinct agency, workspace_id, gen_random_uuid() from (
      select distinct workspace_id from app.rules where agency_id = agency) r;
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
alter table app.rules add constraint rules_live_check check (state <> 'live' or live_version is not null);

-- What a version found. Kept for a while (backend/ruling/thresholds.py).
create table app.rule_firings (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  rule_id uuid not null,
  version integer not null,
  post_id uuid not null,
  mode text not null check (mode in ('live', 'shadow', 'old')),  -- old: among what was there before the rule
  is_held_back boolean not null default false,  -- beyond what the rule may do in a day
  at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, rule_id, post_id, version, mode),
  foreign key (agency_id, workspace_id, rule_id) references app.rules (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);
create index rule_firings_in_order on app.rule_firings (agency_id, workspace_id, rule_id, at, id);
create index rule_firings_of_post on app.rule_firings (agency_id, workspace_id, post_id);
create index rule_firings_by_age on app.rule_firings (agency_id, mode, at);

-- How many posts the live rules of a client have looked at, by the hour: each looks at all of them. The sum of a client's
-- rows of an hour counts, as with case_tallies.
create table app.rule_runs (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  hour timestamptz not null,
  runs bigint not null,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
) with (fillfactor = 50);
create index rule_runs_by_hour on app.rule_runs (agency_id, workspace_id, hour);

create table app.post_tags (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  post_id uuid not null,
  tag text not null,
  rule_id uuid not null,
  at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, post_id, tag),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, rule_id) references app.rules (agency_id, workspace_id, id)
);

-- What a version would have found among stored posts.
create table app.back_tests (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  rule_id uuid,
  rule_version integer,
  conditions jsonb not null,
  since timestamptz,
  until timestamptz,
  state text not null default 'running' check (state in ('running', 'done', 'failed', 'cancelled')),
  problem text,
  asked_by_id uuid,
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  next_post_id uuid,  -- where the next piece begins
  post_count bigint not null,  -- of what there is to look at
  looked_at bigint not null default 0,
  fired bigint not null default 0,
  failed bigint not null default 0,
  decided bigint not null default 0,
  upheld bigint not null default 0,
  overlap jsonb not null default '{}',  -- by rule: how many both would find, and the other one alone or not
  examples text[] not null default '{}',
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'running') = (ended_at is null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, rule_id) references app.rules (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, next_post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id)
);
create index back_tests_in_order on app.back_tests (agency_id, workspace_id, asked_at, id);
create index back_tests_of_rule on app.back_tests (agency_id, workspace_id, rule_id, asked_at, id);

-- Sketches of posts: two texts that are nearly the same share one of them (backend/ruling/likening.py).
create table app.post_likenesses (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  band integer not null,
  value bigint not null,
  posted_at timestamptz not null,
  post_id uuid not null,
  primary key (agency_id, workspace_id, band, value, posted_at, post_id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);
create index post_likenesses_of_post on app.post_likenesses (agency_id, workspace_id, post_id);
create index post_likenesses_by_age on app.post_likenesses (agency_id, posted_at);

-- Pictures and films of posts, known by their hashes alone.
create table app.media (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  post_id uuid not null,
  sha256 text collate "C" not null,
  pdq text collate "C",
  pdq_quality integer check (pdq_quality between 0 and 100),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, post_id, sha256),
  check ((pdq is null) = (pdq_quality is null)),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);

create table app.hash_banks (
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
create index hash_banks_in_order on app.hash_banks (agency_id, workspace_id, created_at, id);

create table app.banked_hashes (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  bank_id uuid not null,
  kind text not null check (kind in ('sha256', 'pdq')),
  hash text collate "C" not null check (hash ~ '^[0-9a-f]{64}$'),
  opinion text not null check (opinion in ('negative', 'investigation_seed', 'positive')),
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, bank_id, kind, hash),
  foreign key (agency_id, workspace_id, bank_id) references app.hash_banks (agency_id, workspace_id, id)
);
create index banked_hashes_in_order on app.banked_hashes (agency_id, workspace_id, bank_id, created_at, id);
