-- What platforms tell: communities connected to them, deliveries stored before anything is done with them, and posts that
-- go and come back.

alter table app.connections drop constraint connections_platform_check;
alter table app.connections add constraint connections_platform_check
  check (platform in ('built_in', 'discourse', 'slack', 'mastodon', 'webhook'));
alter table app.connections
  add column address text,  -- of the site; null where it has none
  add column secret bytea,  -- sealed, as the one before it
  add column previous_secret bytea,
  add column previous_until timestamptz,
  add column is_ready boolean not null default false,  -- connected, and its secret is known
  add column connected_at timestamptz,  -- to the platform; null for the built-in one
  add column disconnected_at timestamptz,
  add column version integer not null default 1,
  add constraint connections_previous_check check ((previous_secret is null) = (previous_until is null)),
  add constraint connections_ready_check check (is_ready = (secret is not null and disconnected_at is null)),
  add constraint connections_built_in_check check (platform <> 'built_in' or (secret is null and connected_at is null));

alter table app.posts
  add column revised_at timestamptz,  -- by the platform's clock: since when the text is what it is
  add column removed_at timestamptz,  -- gone from its platform
  add column recovered_at timestamptz;  -- and back, the last time

alter table app.doors drop constraint doors_kind_check;
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation', 'connection'));
create index doors_of_connection on app.doors (agency_id, target_id) where kind = 'connection';

create table app.platform_deliveries (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  connection_id uuid not null,
  key text collate "C" not null,  -- what the platform says identifies it; in "C", so that those with one beginning are a range
  kind text not null,
  body bytea,  -- gone as soon as it was taken in: words of members stand in posts and nowhere else
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed', 'ignored')),
  problem text,
  received_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, connection_id, key),
  check ((state = 'waiting') = (ended_at is null)),
  check (state in ('waiting', 'failed') or body is null),
  foreign key (agency_id, workspace_id, connection_id) references app.connections (agency_id, workspace_id, id)
);
create index platform_deliveries_in_order
  on app.platform_deliveries (agency_id, workspace_id, connection_id, received_at, id);
create index platform_deliveries_by_state
  on app.platform_deliveries (agency_id, workspace_id, connection_id, state, received_at, id);
create index platform_deliveries_by_age on app.platform_deliveries (agency_id, received_at);
