-- What is done on platforms: more kinds of action, before a decision too, taken back, and settled by hand where the
-- platform cannot; and the keys with which Tend acts there.

alter table app.connections add unique (agency_id, workspace_id, id, platform);

create table app.acting_keys (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  connection_id uuid not null,
  platform text not null,  -- as that of the connection: a key cannot outlive it
  address text,  -- where it is used; null where every customer of the platform has the same
  username text,
  api_key bytea not null,  -- sealed
  paced_until timestamptz not null default now(),  -- when the calls that were made are paid for, at the platform's pace
  rests_until timestamptz,  -- the platform asked to be left alone until then
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, connection_id),
  foreign key (agency_id, workspace_id, connection_id, platform)
    references app.connections (agency_id, workspace_id, id, platform)
);

alter table app.actions drop constraint actions_kind_check;
alter table app.actions drop constraint actions_state_check;
alter table app.actions drop constraint actions_agency_id_workspace_id_decision_id_kind_key;
alter table app.actions alter column decision_id drop not null;  -- a precaution comes before it
alter table app.actions
  add column connection_id uuid,  -- where it is done; null where nothing was connected, and for what was done before 0020
  add column post_id uuid,
  add column member_id uuid,
  add column until_at timestamptz,  -- null: without end
  add column message text,
  add column reverses_id uuid,
  add column problem text,
  add column tries integer not null default 0,
  add column next_at timestamptz not null default now(),
  add column sent_at timestamptz,
  add column failed_at timestamptz,
  add column taken_back_at timestamptz,  -- whoever asked for it asks no more
  add column ordered_by_id uuid,
  add column done_by_id uuid,
  add column done_note text,
  add constraint actions_kind_check check (kind in (
    'hide_post', 'delete_post', 'silence_member', 'suspend_member', 'warn_member', 'tell_member',
    'unhide_post', 'recover_post', 'unsilence_member', 'unsuspend_member')),
  add constraint actions_state_check check (state in ('queued', 'sent', 'confirmed', 'failed', 'cancelled')),
  add constraint actions_failed_check check (state <> 'failed' or (failed_at is not null and problem is not null)),
  add constraint actions_by_hand_check check (done_by_id is null or (state = 'confirmed' and done_note is not null)),
  add unique (agency_id, workspace_id, id),
  add foreign key (agency_id, workspace_id, connection_id) references app.connections (agency_id, workspace_id, id),
  add foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  add foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  add foreign key (agency_id, ordered_by_id) references app.memberships (agency_id, id),
  add foreign key (agency_id, done_by_id) references app.memberships (agency_id, id);
alter table app.actions add foreign key (agency_id, workspace_id, reverses_id)
  references app.actions (agency_id, workspace_id, id);

create unique index actions_reversed_once on app.actions (agency_id, workspace_id, reverses_id)
  where reverses_id is not null;
create index actions_of_decision on app.actions (agency_id, workspace_id, decision_id, created_at, id);
create index actions_of_case on app.actions (agency_id, workspace_id, case_id, created_at, id);
create index actions_of_post on app.actions (agency_id, workspace_id, post_id);
create index actions_of_member on app.actions (agency_id, workspace_id, member_id);
create index actions_in_order on app.actions (agency_id, workspace_id, created_at, id);
create index actions_by_state on app.actions (agency_id, workspace_id, state, created_at, id);
create index actions_due on app.actions (agency_id, connection_id, next_at, id) where state in ('queued', 'sent');
