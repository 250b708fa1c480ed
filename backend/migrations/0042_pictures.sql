-- Pictures of articles and lessons, the keys with which an agency signs its badges, and who hears what a story's teller says.

create table app.content_pictures (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  code text not null,        -- of its address for readers; stands in what they are shown
  content_type text,         -- this and the next four: null until its file has come
  width integer,             -- pixels
  height integer,
  byte_count integer,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),  -- of the file as it is kept
  created_by_id uuid,
  created_at timestamptz not null default now(),
  uploaded_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (num_nonnulls(content_type, width, height, byte_count, sha256, uploaded_at) in (0, 6)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create index content_pictures_in_order on app.content_pictures (agency_id, workspace_id, created_at, id);
create index content_pictures_alike on app.content_pictures (agency_id, workspace_id, sha256) where sha256 is not null;

-- Ids of the pictures that the text names.
alter table app.content_drafts add column pictures text[] not null default '{}';
alter table app.content_versions add column pictures text[] not null default '{}';
create index content_versions_with_pictures on app.content_versions (agency_id, workspace_id) where pictures <> array[]::text[];

create table app.badge_keys (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  public_key jsonb not null,   -- a JWK (RFC 7517), at an address that every badge names
  private_key bytea,           -- sealed; null once it signs no more
  created_at timestamptz not null default now(),
  retired_at timestamptz,
  primary key (agency_id, id),
  check ((private_key is null) = (retired_at is not null)),
  foreign key (agency_id) references app.agencies (id)
);
create unique index badge_keys_signing on app.badge_keys (agency_id) where retired_at is null;
create index badge_keys_in_order on app.badge_keys (agency_id, created_at, id);

alter table app.success_stories
  add column asked_by_id uuid,  -- who asked for consent last, and hears the answer
  add foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id);
create index success_stories_of_member on app.success_stories (agency_id, workspace_id, member_id, created_at, id);
create index success_stories_of_account on app.success_stories (agency_id, workspace_id, account_id, created_at, id);
create index success_stories_by_state on app.success_stories (agency_id, workspace_id, state, created_at, id);

-- A best practice in another language is a practice of its own, of the same evidence or more, that says of which version it is.
alter table app.best_practices
  add column of_id uuid,
  add foreign key (agency_id, workspace_id, of_id) references app.best_practices (agency_id, workspace_id, id);
create unique index best_practices_translated on app.best_practices (agency_id, workspace_id, of_id, language)
  where of_id is not null;
alter table app.practice_versions
  add column source_version integer,
  add column words text[] not null default '{}';
do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    update app.practice_versions v
       set words = array(select distinct w from regexp_split_to_table(lower(v.title || ' ' || v.summary || ' ' || v.text), '\W+') w
                          where w <> '')
     where v.agency_id = agency;
  end loop;
end $$;

create table app.practice_feedback (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  version_id uuid not null,
  member_id uuid,             -- null: nobody that Tend knows
  is_helpful boolean not null,
  has_solved boolean,
  words text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, version_id) references app.practice_versions (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create unique index practice_feedback_of_member on app.practice_feedback (agency_id, workspace_id, version_id, member_id)
  where member_id is not null;
create index practice_feedback_in_order on app.practice_feedback (agency_id, workspace_id, version_id, created_at, id);

-- As in 0028: whichever kinds of links are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind = ''picture'')', known);
end $$;
