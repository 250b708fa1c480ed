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
  count integer not null default 0,
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
