-- Reports of people without an account, trusted flaggers, misuse; orders of authorities and disputes out of court.

alter table app.doors drop constraint doors_kind_check;
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation', 'connection', 'statement', 'report', 'question',
                  'report_page'));

create table app.trusted_flaggers (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  entity text not null check (length(entity) between 1 and 300),
  coordinator text not null,          -- of digital services, which awarded the status
  country text not null check (country ~ '^[A-Z]{2}$'),  -- the coordinator's
  areas text[] not null,              -- groups of the taxonomy, such as CS, HA
  email text,
  api_client_id uuid,                 -- their own key, if they have one
  state text not null default 'active' check (state in ('active', 'suspended', 'revoked')),
  since_at timestamptz not null,
  until timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (until is null or until > since_at),
  check (cardinality(areas) > 0),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, api_client_id) references app.api_clients (agency_id, id)
);
create index trusted_flaggers_in_order on app.trusted_flaggers (agency_id, workspace_id, created_at, id);
create unique index trusted_flaggers_by_key
  on app.trusted_flaggers (agency_id, workspace_id, api_client_id) where api_client_id is not null and state <> 'revoked';

create table app.trusted_flagger_states (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  trusted_flagger_id uuid not null,
  state text not null check (state in ('active', 'suspended', 'revoked')),
  reason text not null default '',
  membership_id uuid,
  at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, trusted_flagger_id)
    references app.trusted_flaggers (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index trusted_flagger_states_of_flagger
  on app.trusted_flagger_states (agency_id, workspace_id, trusted_flagger_id, at, id);

-- Who reports by the public page is nobody of Tend; whoever is suspended is heard, and in no case.
alter table app.reports
  alter column case_id drop not null,
  drop constraint reports_channel_check,
  drop constraint reports_check,
  add column trusted_flagger_id uuid,
  add column is_trusted boolean not null default false,  -- in one of their areas
  add column least_tier text check (least_tier in ('danger', 'severe', 'high', 'medium', 'low')),
  add column origin text,            -- a hash of the network it came from
  add column post_version integer,   -- of the post as it was then
  add column set_aside text check (set_aside in ('suspended', 'judged_fine')),
  add constraint reports_channel_check
    check (channel in ('member', 'staff', 'rule', 'api', 'form', 'legal', 'trusted', 'order')),
  add constraint reports_reporter_check
    check (case when channel in ('member', 'staff', 'rule', 'api')
                then num_nonnulls(member_id, membership_id, rule_id, api_client_id) = 1
                else num_nonnulls(member_id, membership_id, rule_id) = 0 end),
  add constraint reports_case_check check ((case_id is null) = (set_aside is not null and set_aside = 'suspended')),
  add foreign key (agency_id, workspace_id, trusted_flagger_id)
    references app.trusted_flaggers (agency_id, workspace_id, id);
create unique index reports_in_no_case
  on app.reports (agency_id, workspace_id, post_id, reporter_key) where case_id is null;
create index reports_set_aside
  on app.reports (agency_id, workspace_id, case_id, created_at, id) where set_aside is not null;

-- An appeal of who reported without being a member.
alter table app.appeals
  alter column member_id drop not null,
  add column report_id uuid,
  add constraint appeals_appellant_is_one check (num_nonnulls(member_id, report_id) = 1),
  add constraint appeals_of_reports_check check (report_id is null or appellant = 'reporter'),
  add foreign key (agency_id, workspace_id, report_id) references app.reports (agency_id, workspace_id, id),
  add unique (agency_id, workspace_id, id);
create unique index appeals_of_report
  on app.appeals (agency_id, workspace_id, decision_id, report_id) where report_id is not null;

create table app.report_pages (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  trusted_flagger_id uuid,           -- whose own page it is; null: everybody's
  url text not null,                 -- where it is; no secret: whoever is to report is to find it
  allows_anonymous boolean not null default true,
  origins text[] not null default '{}',  -- where it may be embedded
  opened_at timestamptz not null default now(),
  opened_by_id uuid,
  closed_at timestamptz,
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, trusted_flagger_id)
    references app.trusted_flaggers (agency_id, workspace_id, id),
  foreign key (agency_id, opened_by_id) references app.memberships (agency_id, id)
);
create unique index report_pages_open on app.report_pages (agency_id, workspace_id, community_id, trusted_flagger_id)
  nulls not distinct where closed_at is null;
create index report_pages_of_community on app.report_pages (agency_id, workspace_id, community_id, opened_at, id);

-- What was handed in: Article 16 of the DSA where it is about the law. Becomes a report with the same id.
create table app.public_notices (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  page_id uuid,
  channel text not null check (channel in ('form', 'api', 'mail')),
  kind text not null check (kind in ('rules', 'illegal')),
  location text not null,                 -- in the reporter's words
  items text[] not null default '{}',     -- addresses in it; none: one item
  post_id uuid,                           -- what it is about, once that is known
  reason text not null,
  policy_id uuid,
  taxonomy_code text,                     -- a code, or a group of codes
  category text not null,                 -- of the transparency database, without its prefix
  keyword text,
  name text,
  email text,
  language text not null check (language in ('en', 'de')),
  is_in_good_faith boolean not null,
  is_about_child_abuse boolean not null default false,  -- Directive 2011/93/EU, Articles 3 to 7: no name is asked for
  reporter_key text not null,
  origin text,
  trusted_flagger_id uuid,
  entered_by_id uuid,
  state text not null default 'received' check (state in ('received', 'attached', 'rejected')),
  rejection text,
  closed_by_id uuid,
  received_at timestamptz not null default now(),
  acknowledged_at timestamptz,
  actual_knowledge_at timestamptz,
  attached_at timestamptz,
  rejected_at timestamptz,
  decision_id uuid,
  outcome text check (outcome in ('violation', 'no_violation')),
  ground text check (ground in ('law', 'terms')),
  decided_at timestamptz,
  implemented_at timestamptz,
  notified_at timestamptz,
  is_solely_automated boolean not null default false,
  contact_cleared_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'attached') = (attached_at is not null)),
  check ((state = 'rejected') = (rejected_at is not null and rejection is not null)),
  check (state <> 'attached' or post_id is not null),
  check ((outcome is null) = (decided_at is null)),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, page_id) references app.report_pages (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, policy_id) references app.policies (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, trusted_flagger_id)
    references app.trusted_flaggers (agency_id, workspace_id, id),
  foreign key (agency_id, entered_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, closed_by_id) references app.memberships (agency_id, id)
);
create index public_notices_in_order on app.public_notices (agency_id, workspace_id, received_at, id);
create index public_notices_by_state on app.public_notices (agency_id, workspace_id, state, received_at, id);
create index public_notices_by_kind on app.public_notices (agency_id, workspace_id, kind, received_at, id);
create index public_notices_of_post on app.public_notices (agency_id, workspace_id, post_id) where post_id is not null;
create index public_notices_by_reporter on app.public_notices (agency_id, workspace_id, reporter_key, received_at);
create index public_notices_with_contact on app.public_notices (agency_id, received_at)
  where contact_cleared_at is null;

-- Article 23 of the DSA: what was manifestly unfounded, and what became of whoever does that often.
create table app.unfounded_marks (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('notice', 'complaint')),
  reporter_key text not null,
  report_id uuid,
  appeal_id uuid,
  notice_id uuid,                         -- one that never became a report
  reason text not null,
  marked_by_id uuid,
  marked_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, report_id),
  unique (agency_id, workspace_id, appeal_id),
  unique (agency_id, workspace_id, notice_id),
  check (num_nonnulls(report_id, appeal_id, notice_id) = 1),
  check ((kind = 'complaint') = (appeal_id is not null)),
  foreign key (agency_id, workspace_id, report_id) references app.reports (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, appeal_id) references app.appeals (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, notice_id) references app.public_notices (agency_id, workspace_id, id),
  foreign key (agency_id, marked_by_id) references app.memberships (agency_id, id)
);
create index unfounded_marks_of_reporter
  on app.unfounded_marks (agency_id, workspace_id, reporter_key, kind, marked_at, id);
create index unfounded_marks_in_order on app.unfounded_marks (agency_id, workspace_id, marked_at, id);

create table app.misuse_measures (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('warning', 'suspension')),
  because text not null check (because in ('illegal_content', 'unfounded_notices', 'unfounded_complaints')),
  reporter_key text,
  member_id uuid,                         -- whose content it was, or who reported as a member
  decision_id uuid,                       -- which found the illegal content
  filed_count integer not null check (filed_count >= 0),
  unfounded_count integer not null check (unfounded_count between 0 and filed_count),
  counted_since timestamptz not null,
  proof text[] not null,                  -- ids of the marks that were counted; of decisions for illegal content
  reason text not null,
  warning_id uuid,                        -- without which nobody is suspended
  starts_at timestamptz not null default now(),
  until timestamptz,
  imposed_by_id uuid,
  told_at timestamptz,
  lifted_at timestamptz,
  lifted_by_id uuid,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (num_nonnulls(reporter_key, member_id) > 0),
  check (kind = 'suspension' or until is null),
  check (kind = 'warning' or because = 'illegal_content' or (warning_id is not null and until > starts_at)),
  foreign key (agency_id, workspace_id, warning_id) references app.misuse_measures (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, imposed_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, lifted_by_id) references app.memberships (agency_id, id)
);
create index misuse_measures_in_order on app.misuse_measures (agency_id, workspace_id, starts_at, id);
create index misuse_measures_of_reporter on app.misuse_measures (agency_id, workspace_id, reporter_key, starts_at);

-- Orders of authorities: Articles 9 and 10 of the DSA, and removal orders of Regulation 2021/784.
create table app.legal_orders (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('act', 'information', 'terrorist_content')),
  community_id uuid not null,
  post_id uuid,
  case_id uuid,
  authority text not null,
  authority_contact text not null default '',
  member_state text not null check (member_state ~ '^[A-Z]{2}$'),
  reference text not null default '',     -- the authority's own
  legal_basis text not null,
  reasons text not null default '',
  redress text not null default '',
  taxonomy_code text,                     -- null: the authority named no kind of illegal content
  category text not null,
  keyword text,
  urls text[] not null default '{}',      -- the specific items of information
  account_identifiers text[] not null default '{}',
  territorial_scope text[] not null default '{}',
  language text not null check (language ~ '^[A-Z]{2}$'),
  received_at timestamptz not null,
  due_at timestamptz,                     -- by law, or as the order says; null: without undue delay
  acknowledged_at timestamptz,            -- the authority was informed that it came
  effect text check (effect in ('removed', 'disabled', 'restricted', 'informed', 'none')),
  effect_at timestamptz,
  effect_note text not null default '',
  authority_told_at timestamptz,          -- what effect it was given
  recipient_informed_at timestamptz,
  preserved_until timestamptz,
  entered_by_id uuid,
  entered_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((effect is null) = (effect_at is null)),
  check (acknowledged_at >= received_at),
  check (effect_at >= received_at),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, entered_by_id) references app.memberships (agency_id, id)
);
create index legal_orders_in_order on app.legal_orders (agency_id, workspace_id, received_at, id);

-- Article 21 of the DSA.
create table app.disputes (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  decision_id uuid not null,
  appeal_id uuid,
  body text not null,
  country text not null check (country ~ '^[A-Z]{2}$'),
  reference text not null default '',
  claimant text not null check (claimant in ('author', 'reporter')),
  received_at timestamptz not null,
  due_at timestamptz not null,            -- 90 days, 180 where the body says that it is highly complex
  is_highly_complex boolean not null default false,
  outcome text check (outcome in ('upheld', 'partially_reversed', 'reversed', 'omitted')),
  closed_at timestamptz,
  implemented_at timestamptz,
  not_implemented_because text not null default '',
  fees_cents bigint check (fees_cents >= 0),
  note text not null default '',
  entered_by_id uuid,
  entered_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((outcome is null) = (closed_at is null)),
  check (closed_at >= received_at),
  check (implemented_at is null or outcome in ('partially_reversed', 'reversed')),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, appeal_id) references app.appeals (agency_id, workspace_id, id),
  foreign key (agency_id, entered_by_id) references app.memberships (agency_id, id)
);
create index disputes_in_order on app.disputes (agency_id, workspace_id, received_at, id);
create index disputes_of_decision on app.disputes (agency_id, workspace_id, decision_id);
