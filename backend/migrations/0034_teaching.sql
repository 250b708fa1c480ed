-- Teaching: articles and lessons with drafts and versions, in several languages; who wrote them, what readers looked for and
-- say about them; a glossary.

create table app.content_items (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('article', 'lesson')),
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  language text not null check (language ~ '^[a-z]{2}$'),  -- that it is written in; others are translations
  current_version_id uuid,  -- what readers have; null before anything was published
  follows_id uuid,          -- an item of another client whose versions come here; no foreign key leaves a client
  created_by_id uuid,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create index content_items_in_order on app.content_items (agency_id, workspace_id, created_at, id);
create index content_items_by_kind on app.content_items (agency_id, workspace_id, kind, created_at, id);
create index content_items_published on app.content_items (agency_id, workspace_id, created_at, id)
  where current_version_id is not null and archived_at is null;
create unique index content_items_following on app.content_items (agency_id, follows_id, workspace_id)
  where follows_id is not null;

create table app.content_drafts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  item_id uuid not null,
  language text not null check (language ~ '^[a-z]{2}$'),
  state text not null check (state in ('draft', 'in_review')),
  title text not null,
  summary text not null,
  text text not null,
  source_version integer,    -- of a translation: the version it was made from
  writers text[] not null,   -- ids of memberships and machines: none of them publishes it
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, item_id, language),
  foreign key (agency_id, workspace_id, item_id) references app.content_items (agency_id, workspace_id, id) on delete cascade
);
create index content_drafts_of_item on app.content_drafts (agency_id, workspace_id, item_id, created_at, id);
create index content_drafts_in_order on app.content_drafts (agency_id, workspace_id, created_at, id);

create table app.content_versions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  item_id uuid not null,
  language text not null check (language ~ '^[a-z]{2}$'),
  version integer not null,
  title text not null,
  summary text not null,
  text text not null,
  html text not null,
  contents jsonb not null,
  words text[] not null,     -- different ones of title, summary and text, as they are searched for
  word_count integer not null,
  reading_seconds integer not null,
  source_version integer,
  writers text[] not null,
  published_by_id uuid,      -- null: it came from the item that this one follows
  published_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, item_id, language, version),
  foreign key (agency_id, workspace_id, item_id) references app.content_items (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, published_by_id) references app.memberships (agency_id, id)
);
create index content_versions_of_item on app.content_versions (agency_id, workspace_id, item_id, published_at, id);

create table app.content_authors (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  item_id uuid not null,
  membership_id uuid,
  member_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  check (num_nonnulls(membership_id, member_id) = 1),
  foreign key (agency_id, workspace_id, item_id) references app.content_items (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create unique index content_authors_once on app.content_authors (agency_id, workspace_id, item_id, membership_id, member_id)
  nulls not distinct;
create index content_authors_of_item on app.content_authors (agency_id, workspace_id, item_id, created_at, id);

create table app.content_feedback (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  version_id uuid not null,
  member_id uuid,             -- null: nobody that Tend knows
  is_helpful boolean not null,
  has_solved boolean,         -- whether it answered what they came for; null: they did not say
  words text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, version_id) references app.content_versions (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create unique index content_feedback_of_member on app.content_feedback (agency_id, workspace_id, version_id, member_id)
  where member_id is not null;
create index content_feedback_in_order on app.content_feedback (agency_id, workspace_id, version_id, created_at, id);

create table app.content_searches (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  words text not null,        -- as they are searched for, in alphabetical order
  times integer not null default 0,
  empty_count integer not null default 0,
  last_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create unique index content_searches_by_words on app.content_searches (agency_id, workspace_id, words);
create index content_searches_by_gaps on app.content_searches (agency_id, workspace_id, empty_count, id);

create table app.glossary_terms (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  language text not null check (language ~ '^[a-z]{2}$'),
  term text not null,
  definition text not null,
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create unique index glossary_terms_by_term on app.glossary_terms (agency_id, workspace_id, language, lower(term));
create index glossary_terms_in_order on app.glossary_terms (agency_id, workspace_id, term, id);

-- Learning -----------------------------------------------------------------------------------------------------------

create table app.courses (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$'),
  title text not null,
  summary text not null,
  state text not null default 'draft' check (state in ('draft', 'published', 'archived')),
  is_ordered boolean not null,
  certificate_kind text check (certificate_kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  certificate_days integer not null default 365 check (certificate_days between 1 and 3660),
  writers text[] not null,   -- ids of memberships and machines: none of them publishes it
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, slug),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index courses_in_order on app.courses (agency_id, workspace_id, created_at, id);

create table app.course_lessons (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  course_id uuid not null,
  item_id uuid not null,
  position integer not null check (position > 0),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, course_id, position),
  unique (agency_id, workspace_id, course_id, item_id),
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, item_id) references app.content_items (agency_id, workspace_id, id)
);

create table app.course_prerequisites (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  course_id uuid not null,
  required_id uuid not null,
  position integer not null check (position > 0),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, course_id, position),
  check (course_id <> required_id),
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, required_id) references app.courses (agency_id, workspace_id, id)
);

create table app.quizzes (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  course_id uuid not null,
  questions jsonb not null,  -- with their answers
  draws jsonb not null,      -- how many of each pool
  pass_percent integer not null check (pass_percent between 1 and 100),
  most_attempts integer check (most_attempts between 1 and 100),
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, course_id),
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id) on delete cascade
);

create table app.enrolments (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  course_id uuid not null,
  membership_id uuid,
  member_id uuid,
  state text not null default 'enrolled' check (state in ('enrolled', 'in_progress', 'completed', 'withdrawn')),
  because text not null check (because in ('self', 'assigned', 'rule')),
  enrolled_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (num_nonnulls(membership_id, member_id) = 1),
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create unique index enrolments_open on app.enrolments (agency_id, workspace_id, course_id, membership_id, member_id)
  nulls not distinct where state in ('enrolled', 'in_progress');
create index enrolments_of_course on app.enrolments (agency_id, workspace_id, course_id, enrolled_at, id);
create index enrolments_of_staff on app.enrolments (agency_id, membership_id, enrolled_at, id) where membership_id is not null;
create index enrolments_of_member on app.enrolments (agency_id, workspace_id, member_id, enrolled_at, id);

create table app.lesson_marks (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  enrolment_id uuid not null,
  item_id uuid not null,
  done_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, enrolment_id, item_id),
  foreign key (agency_id, workspace_id, enrolment_id) references app.enrolments (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, item_id) references app.content_items (agency_id, workspace_id, id)
);
create index lesson_marks_in_order on app.lesson_marks (agency_id, workspace_id, enrolment_id, done_at, id);

create table app.quiz_attempts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  enrolment_id uuid not null,
  number integer not null check (number > 0),
  questions jsonb not null,  -- as they were drawn, without their answers
  key jsonb not null,        -- the answers; never published
  pass_percent integer not null,
  answers jsonb,
  right_count integer,
  has_passed boolean,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, enrolment_id, number),
  foreign key (agency_id, workspace_id, enrolment_id) references app.enrolments (agency_id, workspace_id, id) on delete cascade
);

alter table app.certificates add column is_name_shown boolean not null default false;  -- on its public page

create table app.member_certificates (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  member_id uuid not null,
  course_id uuid not null,
  kind text not null check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  valid_from timestamptz not null default now(),
  valid_until timestamptz not null,
  revoked_at timestamptz,
  is_name_shown boolean not null default false,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, course_id) references app.courses (agency_id, workspace_id, id)
);
create index member_certificates_in_order on app.member_certificates (agency_id, workspace_id, valid_until, id);
create index member_certificates_of_member on app.member_certificates (agency_id, workspace_id, member_id, valid_until, id);

-- Who needs which certificates: everybody of a role at a client, or whoever claims from a queue.
create table app.training_needs (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  role text,
  queue_id uuid,
  kinds text[] not null check (cardinality(kinds) > 0),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  check (num_nonnulls(role, queue_id) = 1),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, queue_id) references app.queues (agency_id, workspace_id, id)
);
create unique index training_needs_once on app.training_needs (agency_id, workspace_id, role, queue_id) nulls not distinct;
create index training_needs_in_order on app.training_needs (agency_id, workspace_id, created_at, id);

-- Whether a certificate of the kind counts at a moment.
create function app.is_certified(membership uuid, wanted text, moment timestamptz) returns boolean
  language sql stable parallel safe as $$
  select exists (select from app.certificates c
                  where c.agency_id = app.agency() and c.membership_id = membership and c.kind = wanted
                    and c.revoked_at is null and c.valid_from <= moment and moment < c.valid_until) $$;

-- As in 0030, and with what the client asks of everybody of a role.
create or replace function app.is_trained(membership uuid, workspace uuid, moment timestamptz) returns boolean
  language sql stable parallel safe as $$
  select not exists (
    select from app.training_requirements r, unnest(r.kinds) as needed (kind)
     where r.agency_id = app.agency() and r.workspace_id = workspace
       and not app.is_certified(membership, needed.kind, moment))
     and not exists (
    select from app.training_needs n join app.memberships m on m.agency_id = app.agency() and m.id = membership
                                                           and m.role = n.role, unnest(n.kinds) as needed (kind)
     where n.agency_id = app.agency() and n.workspace_id = workspace
       and not app.is_certified(membership, needed.kind, moment)) $$;

-- As in 0028: whichever kinds of links are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind = ''certificate'')', known);
end $$;
