-- The work on an escalation: what is filed with authorities, requests that something be taken down within two days, and for
-- how long what was filed is kept.

alter table app.escalations add column clock_from timestamptz;  -- since when law's clock runs; null: since it was raised

alter table app.escalation_steps drop constraint escalation_steps_kind_check;
alter table app.escalation_steps add constraint escalation_steps_kind_check check (kind in (
    'raised', 'joined', 'paged', 'sent', 'not_sent', 'skipped', 'exhausted', 'acknowledged', 'decayed', 'noted', 'offered',
    'handed_over', 'silenced', 'sound_again', 'severity_raised', 'lowering_asked', 'severity_lowered', 'glass_broken',
    'resolved', 'filing_drafted', 'filing_approved', 'filed', 'takedown_received', 'takedown_answered',
    'takedown_completed', 'takedown_settled', 'contacted'));
-- Who was told by what; the channels of pages among them.
alter table app.escalation_steps drop constraint escalation_steps_channel_check;
alter table app.escalation_steps add constraint escalation_steps_channel_check
  check (channel in ('in_app', 'mail', 'webhook', 'telephone', 'form', 'chat', 'in_person'));

-- A hold that law asks for until a moment cannot be lifted before it.
alter table app.holds add column preserved_until timestamptz;

create table app.safety_filings (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  kind text not null check (kind in ('article_18', 'cybertip')),
  state text not null default 'drafted' check (state in ('drafted', 'approved', 'filed')),
  content jsonb not null,    -- as it was written
  documents jsonb not null,  -- what is to be sent: name, mediaType, text, sha256
  by_id uuid not null,       -- who wrote it last
  created_at timestamptz not null,
  due_at timestamptz not null,
  approved_by_id uuid,
  approved_at timestamptz,
  filed_by_id uuid,
  filed_at timestamptz,
  reference text,  -- the authority's own
  proof text,      -- where it can be looked up that it was filed
  preserved_until timestamptz,
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'drafted') = (approved_by_id is null)),
  check (approved_by_id is null or approved_by_id <> by_id),  -- two people really are two
  check ((state = 'filed') = (filed_at is not null and reference is not null and proof is not null)),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, approved_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, filed_by_id) references app.memberships (agency_id, id)
);
create index safety_filings_of_escalation
  on app.safety_filings (agency_id, workspace_id, escalation_id, created_at, id);
create index safety_filings_due on app.safety_filings (agency_id, due_at, id) where state <> 'filed';

create table app.takedowns (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  by_id uuid,
  signature text not null,
  identification text not null,
  location text not null,
  good_faith text not null,
  contact text not null,
  email text,
  authority text not null default '',  -- by which a representative speaks for whoever is shown
  received_at timestamptz not null,
  valid_at timestamptz,  -- when nothing was missing any more
  deadline_at timestamptz not null,
  created_at timestamptz not null,
  answered_at timestamptz,
  removed_at timestamptz,
  copies text[] not null default '{}',
  hash_types text[] not null default '{}',
  refusal text,
  settled_by_id uuid,
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (removed_at is null or refusal is null),
  check ((removed_at is not null or refusal is not null) = (settled_by_id is not null)),
  check (deadline_at = received_at + interval '48 hours'),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, settled_by_id) references app.memberships (agency_id, id)
);
create index takedowns_of_escalation on app.takedowns (agency_id, workspace_id, escalation_id, created_at, id);
create index takedowns_open on app.takedowns (agency_id, deadline_at, id) where settled_by_id is null;

-- Who helps, in which country. None is ever there that nobody has looked up, and none is shown after it should have been again.
create table app.crisis_resources (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  country text not null check (country ~ '^[A-Z]{2}$'),
  region text not null default '',
  kind text not null check (kind in ('emergency', 'suicide', 'child', 'domestic', 'sexual', 'lgbt', 'other')),
  name text not null,
  phone text not null default '',
  sms text not null default '',
  chat_url text not null default '',
  hours text not null,
  languages text[] not null,
  is_free boolean not null,
  is_confidential boolean not null,
  source_url text not null,
  verified_at timestamptz not null,
  verify_before timestamptz not null,
  verified_by_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, country, region, kind, name),
  check (verified_at < verify_before),
  check (phone <> '' or sms <> '' or chat_url <> ''),
  foreign key (agency_id, verified_by_id) references app.memberships (agency_id, id)
);
create index crisis_resources_in_order on app.crisis_resources (agency_id, created_at, id);
