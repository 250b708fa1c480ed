-- Around an escalation: what is to be done about it, what was learned from it, and how those fare who answer for it.

-- In versions, by kind of danger; version 0 is Tend's own, and in no table.
create table app.protocols (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  kind text not null check (kind in ('self_harm', 'threat_to_life', 'child_safety', 'violence', 'terrorism', 'extortion',
                                     'doxxing', 'stalking', 'intimate_images', 'medical', 'other')),
  version integer not null check (version > 0),
  items jsonb not null,  -- key and text
  created_by_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, kind, version),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);

alter table app.escalations add column protocol jsonb not null default '{"version": 0, "items": []}';

alter table app.escalation_steps drop constraint escalation_steps_kind_check;
alter table app.escalation_steps add constraint escalation_steps_kind_check check (kind in (
    'raised', 'joined', 'paged', 'sent', 'not_sent', 'skipped', 'exhausted', 'acknowledged', 'decayed', 'noted', 'offered',
    'handed_over', 'silenced', 'sound_again', 'severity_raised', 'lowering_asked', 'severity_lowered', 'glass_broken',
    'resolved', 'filing_drafted', 'filing_approved', 'filed', 'takedown_received', 'takedown_answered',
    'takedown_completed', 'takedown_settled', 'contacted', 'item_done', 'item_undone', 'reviewed', 'follow_up_set',
    'follow_up_done'));

-- Two orders, or two reports, about nobody that Tend knows are two dangers.
drop index app.escalation_briefs_open;
create unique index escalation_briefs_open on app.escalation_briefs (agency_id, workspace_id, member_id, post_id)
  nulls not distinct where is_open and not is_drill and member_id is not null;
create index escalation_briefs_about_nobody on app.escalation_briefs (agency_id, workspace_id, id)
  where is_open and not is_drill and member_id is null;

-- Whoever reports by a form says that somebody is in danger.
alter table app.public_notices add column danger text check (danger in (
    'self_harm', 'threat_to_life', 'child_safety', 'violence', 'terrorism', 'extortion', 'doxxing', 'stalking',
    'intimate_images', 'medical', 'other'));
