-- Queues that ask for skills, routing in versions, reviewers and what they can bear, clocks that pause, and judgement
-- apart from outcome: reviews, second reviews, held decisions, and decisions that supersede others.

alter table app.queues
  add column description text not null default '',
  add column skills text[] not null default '{}',  -- all of which a reviewer must have
  add column is_for_leads boolean not null default false,
  add column archived_at timestamptz,
  add column version integer not null default 1;

create table app.routing_rules (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  version integer not null check (version > 0),  -- of the client's whole list: the highest is in force
  position integer not null check (position > 0),
  queue_id uuid not null,
  tiers text[] not null default '{}',       -- an empty list asks for nothing
  severities text[] not null default '{}',
  channels text[] not null default '{}',
  languages text[] not null default '{}',
  policy_id uuid,
  community_id uuid,
  is_at_risk boolean,
  is_appeal boolean,
  created_by_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, version, position),
  foreign key (agency_id, workspace_id, queue_id) references app.queues (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);

create table app.reviewers (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  skills text[] not null default '{}',
  languages text[] not null default '{}',  -- none: reads whatever comes
  avoids_severe boolean not null default false,
  soft_limit integer check (soft_limit > 0),  -- weighted seconds in a shift; null: the usual one
  hard_limit integer check (hard_limit > 0),
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, membership_id),
  check (soft_limit is null or hard_limit is null or soft_limit <= hard_limit),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

create table app.conflicts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  membership_id uuid not null,
  member_id uuid,     -- with this member,
  community_id uuid,  -- with everybody in this community, or, where both are null, with the client
  reason text not null default '',
  declared_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  check (num_nonnulls(member_id, community_id) <= 1),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create unique index conflicts_once on app.conflicts (agency_id, workspace_id, membership_id,
  coalesce(member_id, community_id, workspace_id)) where ended_at is null;
create index conflicts_of_reviewer on app.conflicts (agency_id, membership_id) where ended_at is null;

create table app.service_levels (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  tier text not null check (tier in ('danger', 'severe', 'high', 'medium', 'low')),
  first_touch_minutes integer not null check (first_touch_minutes > 0),
  decision_minutes integer not null check (decision_minutes > 0),
  appeal_minutes integer not null check (appeal_minutes > 0),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, tier),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.working_hours (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  weekday integer not null check (weekday between 0 and 6),  -- Monday is 0
  opens_minute integer not null check (opens_minute between 0 and 1439),  -- of the day
  closes_minute integer not null check (closes_minute between 1 and 1440),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, weekday, opens_minute),
  check (opens_minute < closes_minute),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.days_off (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  day text collate "C" not null check (day ~ '^\d{4}-\d\d-\d\d$'),
  name text not null default '',
  primary key (agency_id, id),
  unique (agency_id, workspace_id, day),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.quality_plans (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  second_review_severities text[] not null default '{}',
  newcomer_reviews integer not null default 0 check (newcomer_reviews >= 0),
  sampled_share double precision not null default 0 check (sampled_share between 0 and 1),
  golden_share double precision not null default 0 check (golden_share between 0 and 0.5),
  held_actions text[] not null default '{}',
  held_from_days integer not null default 1 check (held_from_days > 0),
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

alter table app.policy_versions add column needs_second_review boolean not null default false;

alter table app.cases drop constraint cases_state_check;
alter table app.cases add constraint cases_state_check
  check (state in ('queued', 'in_review', 'pending_info', 'held', 'closed'));
alter table app.cases
  add column kind text not null default 'moderation' check (kind in ('moderation', 'appeal', 'golden')),
  add column slot integer not null default 1 check (slot between 1 and 3),  -- which review of it is due
  add column language text,
  add column is_at_risk boolean not null default false,
  add column routing_version integer,  -- that sent it to its queue; null: none did, 0: a person or a rule, and none will
  add column first_touch_due_at timestamptz,
  add column first_touched_at timestamptz,
  add column pending_until timestamptz,
  add column paused_at timestamptz,
  add column paused_seconds integer not null default 0,  -- of working time
  add column decision_id uuid,  -- the one in force, or held; decisions point at their cases, and not both can come first
  add constraint cases_pending_check
    check ((state = 'pending_info') = (pending_until is not null and paused_at is not null));
-- An appeal about a post may wait beside a new complaint about it.
drop index app.cases_one_open;
create unique index cases_one_open on app.cases (agency_id, workspace_id, post_id, kind)
  where state <> 'closed' and kind <> 'golden';

create index cases_appealed on app.cases (agency_id, workspace_id, virtual_deadline, id) where kind = 'appeal';

alter table app.claims drop constraint claims_ended_by_check;
alter table app.claims add constraint claims_ended_by_check
  check (ended_by in ('decided', 'released', 'skipped', 'expired', 'handed_over', 'reviewed', 'asked'));
alter table app.claims
  add column severity text not null default 'low',
  add column visible_seconds integer check (visible_seconds >= 0);  -- as the reviewer's screen says; null: all of it
create index claims_of_reviewer on app.claims (agency_id, membership_id, claimed_at);

alter table app.skips drop constraint skips_reason_check;
alter table app.skips add constraint skips_reason_check
  check (reason in ('conflict_of_interest', 'language', 'skill', 'wellbeing', 'other', 'took_part'));

alter table app.case_tallies
  add column pending_info integer not null default 0,
  add column held integer not null default 0;

create table app.case_states (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  from_state text,
  to_state text not null,
  because text not null,
  membership_id uuid,
  at timestamptz not null default clock_timestamp(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index case_states_of_case on app.case_states (agency_id, workspace_id, case_id, at, id);

create table app.reviews (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  claim_id uuid not null,
  membership_id uuid not null,
  slot integer not null check (slot between 1 and 3),
  purpose text not null check (purpose in ('first', 'second', 'third', 'bulk', 'appeal', 'golden')),
  because text not null default '',  -- why a second was due; empty for a first
  outcome text not null check (outcome in ('violation', 'no_violation')),
  policy_version_id uuid,
  actions text[] not null default '{}',
  days integer check (days > 0),
  reason text not null,
  submitted_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, claim_id),
  check ((outcome = 'violation') = (policy_version_id is not null)),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, claim_id) references app.claims (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_version_id)
    references app.policy_versions (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index reviews_of_case on app.reviews (agency_id, workspace_id, case_id, submitted_at, id);
create index reviews_of_reviewer on app.reviews (agency_id, membership_id, workspace_id, submitted_at);

alter table app.decisions drop constraint decisions_agency_id_workspace_id_case_id_key;
alter table app.decisions
  add column explanation text not null default '',  -- for the member, beside the reason, which is for colleagues
  add column actions text[] not null default '{}',
  add column days integer check (days > 0),
  add column is_held boolean not null default false,
  add column evidence_end text,  -- where the chain of the case's evidence ended then
  add column supersedes_id uuid,
  add foreign key (agency_id, workspace_id, supersedes_id) references app.decisions (agency_id, workspace_id, id);
create index decisions_of_case on app.decisions (agency_id, workspace_id, case_id, decided_at, id);
create unique index decisions_superseded_once on app.decisions (agency_id, workspace_id, supersedes_id)
  where supersedes_id is not null;

create table app.decision_events (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  decision_id uuid not null,
  kind text not null check (kind in ('approved', 'denied', 'undone', 'superseded', 'overturned')),
  membership_id uuid,
  reason text not null default '',
  at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, decision_id, kind),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

create table app.case_questions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,
  member_id uuid not null,
  asked_by_id uuid,
  question text not null,
  asked_at timestamptz not null default now(),
  answer text,
  answered_at timestamptz,
  primary key (agency_id, id),
  check ((answer is null) = (answered_at is null)),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id)
);
create index case_questions_of_case on app.case_questions (agency_id, workspace_id, case_id, asked_at, id);

-- Of what is decided already: the decision in force, and its actions as it says them.
do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    update app.cases c set decision_id = d.id from app.decisions d
     where c.agency_id = agency and d.agency_id = agency and d.workspace_id = c.workspace_id and d.case_id = c.id
       and c.state = 'closed';
    update app.decisions d set actions = (
           select array_agg(a.kind order by a.kind) from app.actions a
            where a.agency_id = agency and a.workspace_id = d.workspace_id and a.decision_id = d.id)
     where d.agency_id = agency and exists (
           select from app.actions a where a.agency_id = agency and a.workspace_id = d.workspace_id and a.decision_id = d.id);
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
