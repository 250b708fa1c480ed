-- Stories that customers tell, told only with consent to the exact version; best practices distilled from them; introductions.

create table app.success_stories (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  member_id uuid,            -- who tells it
  account_id uuid,           -- which customer it is about
  language text not null check (language ~ '^[a-z]{2}$'),
  state text not null default 'nominated' check (state in ('nominated', 'qualified', 'interviewed', 'drafted', 'member_review',
                                                           'approved', 'published', 'retired')),
  why text not null,         -- it was nominated
  notes text not null default '',
  current_version_id uuid,   -- the newest; what is published is always this one
  asked_channels text[] not null default '{}',
  asked_until timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (num_nonnulls(member_id, account_id) > 0),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, account_id) references app.customer_accounts (agency_id, workspace_id, id)
);
create index success_stories_in_order on app.success_stories (agency_id, workspace_id, created_at, id);
create index success_stories_published on app.success_stories (agency_id, workspace_id, published_at, id)
  where state = 'published';

create table app.story_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  story_id uuid not null,
  version integer not null,
  title text not null,
  text text not null,
  html text not null,
  uses text[] not null check (uses <@ '{name,logo,quote,metric}'),
  writers text[] not null,   -- ids of memberships and machines: none of them publishes it
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, story_id, version),
  foreign key (agency_id, workspace_id, story_id) references app.success_stories (agency_id, workspace_id, id) on delete cascade
);
create index story_versions_in_order on app.story_versions (agency_id, workspace_id, story_id, created_at, id);

create table app.story_consents (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  story_id uuid not null,
  version_id uuid not null,
  uses text[] not null check (uses <@ '{name,logo,quote,metric}'),
  channels text[] not null check (channels <@ '{site,page,practice,community,social}' and cardinality(channels) > 0),
  given_by text not null check (given_by in ('member', 'staff')),
  recorder text not null default '',  -- who wrote it down; whoever did publishes nothing upon it
  proof text not null default '',
  given_at timestamptz not null default now(),
  expires_at timestamptz,
  ended_at timestamptz,
  ended_because text check (ended_because in ('withdrawn', 'replaced', 'expired')),
  primary key (agency_id, id),
  check ((ended_at is null) = (ended_because is null)),
  check (given_by = 'member' or proof <> '' or ended_at is not null),
  foreign key (agency_id, workspace_id, story_id) references app.success_stories (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, version_id) references app.story_versions (agency_id, workspace_id, id) on delete cascade
);
create index story_consents_in_order on app.story_consents (agency_id, workspace_id, story_id, given_at, id);
create unique index story_consents_in_force on app.story_consents (agency_id, workspace_id, story_id) where ended_at is null;

-- Whoever tells a story has taken it back, or said no: nobody reads a word of it since. A table of its own, which stays as it is
-- when the agency is taken back to a moment before; so it points at nothing that may go then.
create table app.story_withdrawals (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  subject_id uuid not null,  -- the story
  withdrawn_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, subject_id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

create table app.best_practices (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  language text not null check (language ~ '^[a-z]{2}$'),
  draft_version_id uuid,     -- the newest, until it is published
  draft_state text check (draft_state in ('draft', 'in_review')),
  current_version_id uuid,   -- what readers have
  version integer not null default 1,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  check ((draft_version_id is null) = (draft_state is null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index best_practices_in_order on app.best_practices (agency_id, workspace_id, created_at, id);

create table app.practice_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  practice_id uuid not null,
  version integer not null,
  title text not null,
  summary text not null,
  text text not null,
  html text not null,
  reading_seconds integer not null,
  writers text[] not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, practice_id, version),
  foreign key (agency_id, workspace_id, practice_id) references app.best_practices (agency_id, workspace_id, id) on delete cascade
);
create index practice_versions_in_order on app.practice_versions (agency_id, workspace_id, practice_id, created_at, id);

create table app.practice_evidence (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  version_id uuid not null,
  story_id uuid not null,
  story_version_id uuid not null,
  is_quoting boolean not null,  -- words, a name or a number of the story are in it: then it comes down with the story
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, version_id, story_id),
  foreign key (agency_id, workspace_id, version_id) references app.practice_versions (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, story_id) references app.success_stories (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, story_version_id) references app.story_versions (agency_id, workspace_id, id)
);
create index practice_evidence_in_order on app.practice_evidence (agency_id, workspace_id, version_id, created_at, id);
create index practice_evidence_of_story on app.practice_evidence (agency_id, workspace_id, story_id, version_id);

create table app.introductions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  reason text not null,      -- both read it
  state text not null default 'proposed' check (state in ('proposed', 'both_accepted', 'made', 'followed_up', 'declined')),
  outcome text not null default '',
  proposed_at timestamptz not null default now(),
  open_until timestamptz not null,
  made_at timestamptz,
  ended_at timestamptz,      -- followed up, or declined
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index introductions_in_order on app.introductions (agency_id, workspace_id, proposed_at, id);
create index introductions_open on app.introductions (agency_id, open_until) where state = 'proposed';

create table app.introduction_sides (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  introduction_id uuid not null,
  member_id uuid not null,
  answer text check (answer in ('accepted', 'declined')),
  contact text not null default '',  -- how the other one reaches them; gone once the introduction has ended
  answered_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, introduction_id, member_id),
  foreign key (agency_id, workspace_id, introduction_id) references app.introductions (agency_id, workspace_id, id)
    on delete cascade,
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index introduction_sides_in_order on app.introduction_sides (agency_id, workspace_id, introduction_id, created_at, id);

create function app.is_withdrawn(client uuid, story uuid) returns boolean language sql stable parallel safe as $$
  select exists (select from app.story_withdrawals w
                  where w.agency_id = app.agency() and w.workspace_id = client and w.subject_id = story) $$;

-- Whether this version of a story may be told by the channel now (null: by any). The only place that says so: fields, pages,
-- best practices, webhooks and exports all ask here, and by the clock, so that nothing waits for a job.
create function app.is_told(story uuid, told_version uuid, by_channel text) returns boolean
  language sql stable parallel safe as $$
  select exists (
    select from app.success_stories s
      join app.story_versions v on v.agency_id = app.agency() and v.workspace_id = s.workspace_id and v.id = s.current_version_id
      join app.story_consents c on c.agency_id = app.agency() and c.workspace_id = s.workspace_id and c.story_id = s.id
                               and c.version_id = v.id
     where s.agency_id = app.agency() and s.id = story and s.state = 'published' and v.id = told_version
       and c.ended_at is null and (c.expires_at is null or c.expires_at > now()) and c.uses @> v.uses
       and (by_channel is null or by_channel = any (c.channels)) and not app.is_withdrawn(s.workspace_id, s.id)
       and not exists (select from app.members m where m.agency_id = app.agency() and m.workspace_id = s.workspace_id
                          and m.id = s.member_id and m.erased_at is not null)) $$;

-- Whether readers have this version of a best practice: it is the one that was published, and every story that it quotes may be
-- told in best practices.
create function app.is_practised(practice uuid, shown_version uuid) returns boolean
  language sql stable parallel safe as $$
  select exists (select from app.best_practices p where p.agency_id = app.agency() and p.id = practice
                    and p.current_version_id = shown_version and p.archived_at is null)
     and not exists (select from app.practice_evidence e where e.agency_id = app.agency() and e.version_id = shown_version
                        and e.is_quoting and not app.is_told(e.story_id, e.story_version_id, 'practice')) $$;

-- As in 0028: whichever kinds of links are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind in (''consent'', ''story'', ''introduction''))',
                 known);
end $$;

-- Digital coverage: who looks after an account, when somebody was in touch with it one to one, and what it pays.
alter table app.customer_accounts
  add column manager_id uuid,
  add foreign key (agency_id, manager_id) references app.memberships (agency_id, id);

-- Per month, in the currency's smallest unit; null where nobody has said.
alter table app.customer_subscriptions
  add column monthly_minor integer check (monthly_minor >= 0),
  add column currency text check (currency ~ '^[A-Z]{3}$'),
  add check ((monthly_minor is null) = (currency is null));
alter table app.subscription_changes
  add column monthly_minor integer,
  add column currency text;
create index customer_subscriptions_started on app.customer_subscriptions (agency_id, workspace_id, started_at);

create table app.account_touches (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  account_id uuid not null,
  kind text not null check (kind in ('call', 'meeting', 'message', 'visit')),
  at timestamptz not null,
  external_id text not null check (length(external_id) between 1 and 200),
  recorded_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, account_id, kind, external_id),
  foreign key (agency_id, workspace_id, account_id) references app.customer_accounts (agency_id, workspace_id, id)
);
create index account_touches_in_order on app.account_touches (agency_id, workspace_id, account_id, at, id);

-- Certificates are renewed: by another one that says which it renews. No foreign key: rows of one table go in batches.
alter table app.certificates add column renews_id uuid;
create unique index certificates_renewed on app.certificates (agency_id, renews_id) where renews_id is not null and revoked_at is null;
alter table app.member_certificates
  add column renews_id uuid,
  add column warned_days integer;  -- before its end: when whoever listens was told last
create unique index member_certificates_renewed on app.member_certificates (agency_id, workspace_id, renews_id)
  where renews_id is not null and revoked_at is null;

create table app.learning_paths (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  title text not null,
  summary text not null,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index learning_paths_in_order on app.learning_paths (agency_id, workspace_id, created_at, id);

create table app.learning_path_courses (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  path_id uuid not null,
  course_id uuid not null,
  position integer not null check (position > 0),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, path_id, position),
  unique (agency_id, workspace_id, path_id, course_id),
  foreign key (agency_id, workspace_id, path_id) references app.learning_paths (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id)
);
