-- Pictures of articles and lessons, and the keys with which an agency signs its badges.

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

-- As in 0028: whichever kinds of links are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind = ''picture'')', known);
end $$;
