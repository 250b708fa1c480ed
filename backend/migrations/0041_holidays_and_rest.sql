-- Rotas that know holidays; how much somebody may have on their hands, and what they do not take; and one escalation where a
-- danger was told twice, once without knowing of which post.

-- Holidays -----------------------------------------------------------------------------------------------------------

create table app.holiday_calendars (
  agency_id uuid not null default app.agency(),
  workspace_id uuid,  -- null: of the agency, for all its clients
  id uuid not null,
  name text not null,
  country text check (country ~ '^[A-Z]{2}$'),  -- null: own days alone
  region text not null default '',              -- ISO 3166-2, without the country's
  own_days jsonb not null default '[]',         -- day and name
  working_days text[] not null default '{}',    -- public holidays on which people work
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  check (country is not null or (region = '' and working_days = '{}')),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create unique index holiday_calendars_by_name
  on app.holiday_calendars (agency_id, workspace_id, name) nulls not distinct;
create index holiday_calendars_in_order on app.holiday_calendars (agency_id, workspace_id, created_at, id);

alter table app.rota_layers add column holidays text not null default 'ignored'
  check (holidays in ('ignored', 'not_on', 'only_on'));
alter table app.rota_layers add column calendar_id uuid;
alter table app.rota_layers add constraint rota_layers_know_holidays
  check ((holidays = 'ignored') = (calendar_id is null));
alter table app.rota_layers add foreign key (agency_id, calendar_id) references app.holiday_calendars (agency_id, id);

-- Rest ---------------------------------------------------------------------------------------------------------------

-- How much of what is grave somebody may have in 24 hours and in 7 days, in number and in hours; null: as much as comes.
alter table app.safety_settings add column most_grave_a_day integer check (most_grave_a_day > 0);
alter table app.safety_settings add column most_grave_a_week integer check (most_grave_a_week > 0);
alter table app.safety_settings add column most_grave_hours_a_day integer check (most_grave_hours_a_day between 1 and 24);
alter table app.safety_settings add column most_grave_hours_a_week integer check (most_grave_hours_a_week between 1 and 168);

-- Which kinds of danger somebody does not take, unless nobody else is there.
create table app.opt_outs (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  kinds text[] not null,
  updated_at timestamptz not null,
  primary key (agency_id, id),
  unique (agency_id, membership_id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

-- One danger, told twice ---------------------------------------------------------------------------------------------

alter table app.escalations add column joined_to_id uuid;
alter table app.escalations add foreign key (agency_id, workspace_id, joined_to_id)
  references app.escalations (agency_id, workspace_id, id);
alter table app.escalations drop constraint escalations_outcome_check;
alter table app.escalations add constraint escalations_outcome_check
  check (outcome in ('stood_down', 'resolved', 'handed_off', 'joined'));
alter table app.escalations add constraint escalations_joined check ((outcome is not distinct from 'joined') = (joined_to_id is not null));

alter table app.escalation_steps drop constraint escalation_steps_kind_check;
alter table app.escalation_steps add constraint escalation_steps_kind_check check (kind in (
    'raised', 'joined', 'paged', 'sent', 'not_sent', 'skipped', 'exhausted', 'acknowledged', 'decayed', 'noted', 'offered',
    'handed_over', 'silenced', 'sound_again', 'severity_raised', 'lowering_asked', 'severity_lowered', 'glass_broken',
    'resolved', 'filing_drafted', 'filing_approved', 'filed', 'takedown_received', 'takedown_answered',
    'takedown_completed', 'takedown_settled', 'contacted', 'item_done', 'item_undone', 'reviewed', 'follow_up_set',
    'follow_up_done', 'passed_over', 'nobody_else', 'subject_found', 'joined_to'));
