-- Notices by mail and chat: what was told, through which channel, and how each person wants it.

alter table app.notices
  alter column workspace_id drop not null,  -- null: about the agency itself, to somebody who sees the whole of it
  add column subject_kind text not null default 'case',
  add column occasion text not null default '',  -- tells things of one kind about one subject apart
  add column urgency text not null default 'normal' check (urgency in ('danger', 'normal')),
  add column facts jsonb not null default '{}',  -- words of Tend's own, for the templates
  add column read_at timestamptz,
  add unique (agency_id, workspace_id, id),
  add check (member_id is null or workspace_id is not null);
alter table app.notices alter column subject_kind drop default;
drop index app.notices_once_member, app.notices_once_staff;
create unique index notices_once_member on app.notices (agency_id, workspace_id, kind, subject_id, occasion, member_id)
  where member_id is not null;
create unique index notices_once_staff on app.notices (agency_id, workspace_id, kind, subject_id, occasion, membership_id)
  nulls not distinct where membership_id is not null;
create index notices_unread on app.notices (agency_id, membership_id, created_at, id) where read_at is null;
create index notices_read on app.notices (agency_id, membership_id, created_at, id) where read_at is not null;

create table app.notice_deliveries (
  agency_id uuid not null default app.agency(),
  workspace_id uuid,
  id uuid not null,
  notice_id uuid not null,
  membership_id uuid not null,
  kind text not null,
  channel text not null check (channel in ('mail', 'chat')),
  how text not null check (how in ('at_once', 'hourly', 'daily')),
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed', 'dropped')),
  due_at timestamptz not null,
  message uuid,  -- the one it goes in, once that is put together: its Message-ID, the same with every try
  attempt integer not null default 0,
  problem text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, notice_id, channel),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, workspace_id, notice_id) references app.notices (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index notice_deliveries_due on app.notice_deliveries (agency_id, membership_id, channel, due_at)
  where state = 'waiting' and message is null;
create index notice_deliveries_of_message on app.notice_deliveries (agency_id, message) where message is not null;
create index notice_deliveries_lately on app.notice_deliveries (agency_id, membership_id, kind, due_at);
create index notice_deliveries_shown on app.notice_deliveries (agency_id, created_at, id);
create index notice_deliveries_of_client on app.notice_deliveries (agency_id, workspace_id, created_at, id);
create index notice_deliveries_by_state on app.notice_deliveries (agency_id, state, created_at, id);
create index notice_deliveries_of_client_by_state on app.notice_deliveries (agency_id, workspace_id, state, created_at, id);
create index notice_deliveries_of_staff on app.notice_deliveries (agency_id, membership_id, created_at, id);
create index notice_deliveries_of_client_of_staff on app.notice_deliveries
  (agency_id, workspace_id, membership_id, created_at, id);

create table app.notice_preferences (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  workspace_id uuid,  -- null: all clients for which nothing else is said
  kind text not null,
  channel text not null check (channel in ('mail', 'chat')),
  how text not null check (how in ('at_once', 'hourly', 'daily', 'never')),
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create unique index notice_preferences_once on app.notice_preferences
  (agency_id, membership_id, kind, channel, workspace_id) nulls not distinct;

create index notice_preferences_shown on app.notice_preferences (agency_id, membership_id, created_at, id);

create table app.notice_settings (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  time_zone text not null default 'UTC',
  language text not null default 'en',
  digest_hour integer not null default 8 check (digest_hour between 0 and 23),
  quiet_from integer check (quiet_from between 0 and 23),
  quiet_until integer check (quiet_until between 0 and 23),
  chat_url bytea,
  has_chat boolean not null default false,
  check (has_chat = (chat_url is not null)),
  primary key (agency_id, id),
  unique (agency_id, membership_id),
  check (num_nonnulls(quiet_from, quiet_until) in (0, 2)),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

-- How a client's own people are written to.
alter table app.workspaces
  add column brand_name text,
  add column brand_colour text check (brand_colour ~ '^#[0-9a-f]{6}$'),
  add column brand_sender text,
  add column brand_reply_to text;
