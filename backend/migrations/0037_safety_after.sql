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

-- What was learned --------------------------------------------------------------------------------------------------

alter table app.escalations add column review_due_at timestamptz;  -- set when it is over; null: nobody has to
alter table app.escalations add column reviewed_at timestamptz;    -- first
create index escalations_to_review on app.escalations (agency_id, review_due_at, id)
  where review_due_at is not null and reviewed_at is null;

create table app.escalation_reviews (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  what_happened text not null,
  went_well text not null,
  to_change text not null,
  by_id uuid not null,  -- who wrote it last
  created_at timestamptz not null,
  changed_at timestamptz not null,
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, escalation_id),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id)
);

create table app.follow_ups (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  what text not null,
  by_id uuid not null,  -- by whom it is to be done: they see it, reader or not
  due_at timestamptz not null,
  asked_by_id uuid not null,
  created_at timestamptz not null,
  done_at timestamptz,
  done_note text not null default '',
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, asked_by_id) references app.memberships (agency_id, id)
);
create index follow_ups_of_escalation on app.follow_ups (agency_id, workspace_id, escalation_id, created_at, id);
create index follow_ups_in_order on app.follow_ups (agency_id, workspace_id, created_at, id);
create index follow_ups_open on app.follow_ups (agency_id, due_at, id) where done_at is null;

-- What the agency promises, and whether it wants drills --------------------------------------------------------------

create table app.safety_settings (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  has_monthly_drills boolean not null default false,
  acknowledge_within integer[] check (cardinality(acknowledge_within) = 5),  -- seconds by severity; null: Tend's own
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id)
);

-- What was promised when it was raised, or when its severity changed. The default is for processes that are older than this.
alter table app.escalations add column promised_seconds integer not null default 300;
update app.escalations set promised_seconds = (array[300, 900, 7200, 86400, 432000])[severity];

create index escalations_drilled on app.escalations (agency_id, workspace_id, raised_at) where is_drill;

-- How those fare who answer -----------------------------------------------------------------------------------------

-- Who had an escalation from when until when; drills leave none. Ids alone: everybody at the agency asks who rests.
create table app.responder_exposures (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  membership_id uuid not null,
  severity integer not null check (severity between 1 and 5),  -- the gravest meanwhile
  began_at timestamptz not null,
  ended_at timestamptz,
  primary key (agency_id, id),
  check (ended_at is null or ended_at >= began_at),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create unique index responder_exposures_now on app.responder_exposures (agency_id, workspace_id, escalation_id)
  where ended_at is null;
create index responder_exposures_of on app.responder_exposures (agency_id, membership_id, began_at, id);

-- What the client instructs, and what an escalation came from --------------------------------------------------------

-- In the client's words: not to contact authorities. It is kept (article 28 (3)(a) of (EU) 2016/679) and shown; what law asks
-- for is done all the same.
alter table app.safety_contacts add column no_authorities text;
alter table app.escalations add column client_instruction text;

alter table app.legal_orders add column escalation_id uuid;
alter table app.legal_orders add foreign key (agency_id, workspace_id, escalation_id)
  references app.escalations (agency_id, workspace_id, id);
alter table app.public_notices add column escalation_id uuid;
alter table app.public_notices add foreign key (agency_id, workspace_id, escalation_id)
  references app.escalations (agency_id, workspace_id, id);
create index public_notices_of_escalation on app.public_notices (agency_id, workspace_id, escalation_id)
  where escalation_id is not null;
create index escalations_held on app.escalations (agency_id, owner_id) where state = 'acknowledged';
