-- Safety: a person in danger reaches a responsible, trained human. Who is trained; who is on call; escalations, who reads
-- them, and everything that happened in them; posts that only their readers see.

-- Who the wall lets at what is restricted: 'all' for Tend itself, else the id of a membership, '' for machines.
create function app.reads() returns text language sql stable parallel safe
  as $$ select coalesce(current_setting('app.reads', true), '') $$;

-- Whether there is nothing to look for: known from when the scope began (app.admit), or because Tend itself reads.
create function app.restricts_nothing() returns boolean language sql stable parallel safe
  as $$ select coalesce(current_setting('app.reads', true), '') = 'all'
            or coalesce(current_setting('app.restricts', true), '') = 'nothing' $$;

-- Training -----------------------------------------------------------------------------------------------------------

create table app.certificates (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  kind text not null check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  proof text not null,  -- where it can be looked up
  recorded_by_id uuid,
  recorded_at timestamptz not null default now(),
  revoked_at timestamptz,
  revoked_by_id uuid,
  primary key (agency_id, id),
  check (valid_from < valid_until),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, recorded_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, revoked_by_id) references app.memberships (agency_id, id)
);
create index certificates_of_membership on app.certificates (agency_id, membership_id, valid_until, id);
create index certificates_in_order on app.certificates (agency_id, valid_until, id);

create table app.training_requirements (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kinds text[] not null,  -- all of them; no row, or none: no certificate is asked for
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

-- Whether somebody holds every certificate that the client asks of its responders; backend/education says the same.
create function app.is_trained(membership uuid, workspace uuid, moment timestamptz) returns boolean
  language sql stable parallel safe as $$
  select not exists (
    select from app.training_requirements r, unnest(r.kinds) as needed (kind)
     where r.agency_id = app.agency() and r.workspace_id = workspace and not exists (
           select from app.certificates c
            where c.agency_id = app.agency() and c.membership_id = membership and c.kind = needed.kind
              and c.revoked_at is null and c.valid_from <= moment and moment < c.valid_until)) $$;

-- On call ------------------------------------------------------------------------------------------------------------

create table app.rotas (
  agency_id uuid not null default app.agency(),
  workspace_id uuid,  -- null: of the agency, for all its clients
  id uuid not null,
  name text not null,
  time_zone text not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create unique index rotas_by_name on app.rotas (agency_id, workspace_id, name) nulls not distinct;
create index rotas_in_order on app.rotas (agency_id, workspace_id, created_at, id);

create table app.rota_layers (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  rota_id uuid not null,
  level integer not null check (level between 1 and 5),
  position integer not null,  -- of two that cover the same moment the higher one counts
  starts_at timestamptz not null,
  shift_hours integer not null check (shift_hours between 1 and 744),
  turns text[] not null check (cardinality(turns) > 0),  -- ids of memberships
  weekdays text[] not null default '{}',  -- none: every day
  from_minute integer not null default 0 check (from_minute between 0 and 1439),
  until_minute integer not null default 1440 check (until_minute between 1 and 1440),
  ends_at timestamptz,
  primary key (agency_id, id),
  foreign key (agency_id, rota_id) references app.rotas (agency_id, id) on delete cascade
);
create index rota_layers_of_rota on app.rota_layers (agency_id, rota_id, level, position, id);

create table app.rota_overrides (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  rota_id uuid not null,
  level integer not null check (level between 1 and 5),
  membership_id uuid not null,
  instead_of_id uuid,  -- null: of whoever is on call then
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  primary key (agency_id, id),
  check (starts_at < ends_at),
  foreign key (agency_id, rota_id) references app.rotas (agency_id, id) on delete cascade,
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, instead_of_id) references app.memberships (agency_id, id)
);
create index rota_overrides_of_rota on app.rota_overrides (agency_id, rota_id, starts_at, id);

create table app.escalation_policies (
  agency_id uuid not null default app.agency(),
  workspace_id uuid,
  id uuid not null,
  version integer not null,  -- of the whole list; the highest is in force
  position integer not null,
  max_severity integer not null check (max_severity between 1 and 5),  -- 1 is the gravest
  kinds text[] not null default '{}',
  levels jsonb not null,
  repeats integer not null check (repeats between 0 and 9),
  repeat_after_minutes integer not null default 0 check (repeat_after_minutes between 0 and 1440),
  on_exhausted text not null check (on_exhausted in ('page_owners', 'keep_looping')),
  created_by_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, created_by_id) references app.memberships (agency_id, id)
);
create unique index escalation_policies_in_order
  on app.escalation_policies (agency_id, workspace_id, version, position) nulls not distinct;

create table app.safety_contacts (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  email text,             -- of the client
  telephony_url text,     -- what is told there calls people
  telephony_secret bytea,
  updated_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id),
  check ((telephony_url is null) = (telephony_secret is null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);

-- Escalations --------------------------------------------------------------------------------------------------------

create table app.escalations (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('self_harm', 'threat_to_life', 'child_safety', 'violence', 'terrorism', 'extortion',
                                     'doxxing', 'stalking', 'intimate_images', 'medical', 'other')),
  impact integer check (impact between 1 and 4),    -- null: unknown
  urgency integer check (urgency between 1 and 4),
  legal_basis text check (legal_basis in ('tco_order', 'take_it_down', 'uk_priority', 'dsa_order')),
  severity integer not null check (severity between 1 and 5),
  is_at_risk boolean not null default false,
  is_drill boolean not null default false,
  state text not null check (state in ('triggered', 'acknowledged', 'pending_repeat', 'silenced', 'resolved', 'exhausted')),
  level integer not null default 1,
  loop integer not null default 0,        -- only ever grows: no page has the key of another
  began_loop integer not null default 0,  -- since when repeats are counted
  policy jsonb not null,  -- as it was when this was raised, or when its severity changed
  owner_id uuid,
  raised_by_id uuid,
  raised_by_client_id uuid,
  raised_at timestamptz not null,
  first_paged_at timestamptz,
  acknowledged_at timestamptz,  -- first
  acted_at timestamptz,         -- first, after that
  next_at timestamptz,
  ack_expires_at timestamptz,
  silenced_until timestamptz,
  resolved_at timestamptz,
  outcome text check (outcome in ('stood_down', 'resolved', 'handed_off')),
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'resolved') = (resolved_at is not null)),
  check ((state = 'resolved') = (outcome is not null)),
  check ((state = 'resolved') = (next_at is null)),
  check (state <> 'acknowledged' or (owner_id is not null and ack_expires_at is not null)),
  check ((state = 'silenced') = (silenced_until is not null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, owner_id) references app.memberships (agency_id, id),
  foreign key (agency_id, raised_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, raised_by_client_id) references app.api_clients (agency_id, id)
);
create index escalations_in_order on app.escalations (agency_id, workspace_id, raised_at, id);
create index escalations_due on app.escalations (agency_id, next_at, id) where state <> 'resolved';

-- What it is about: for its readers, and for whoever wrote it.
create table app.escalation_briefs (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  member_id uuid,  -- null: of a drill without one
  post_id uuid,
  case_id uuid,
  summary text not null,
  by_id uuid,
  is_drill boolean not null,
  is_open boolean not null default true,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, escalation_id),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id)
);
-- Two who raise the same at once meet here; a drill hides no danger.
create unique index escalation_briefs_open on app.escalation_briefs (agency_id, workspace_id, member_id, post_id)
  nulls not distinct where is_open and not is_drill;

create table app.escalation_readers (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  membership_id uuid not null,
  because text not null check (because in ('paged', 'responds', 'broke_glass')),
  until timestamptz,  -- null: for as long as they are trained
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, escalation_id, membership_id, because),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index escalation_readers_of_membership on app.escalation_readers (agency_id, membership_id, escalation_id);

create table app.escalation_steps (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  escalation_id uuid not null,
  kind text not null check (kind in (
    'raised', 'joined', 'paged', 'sent', 'not_sent', 'skipped', 'exhausted', 'acknowledged', 'decayed', 'noted', 'offered',
    'handed_over', 'silenced', 'sound_again', 'severity_raised', 'lowering_asked', 'severity_lowered', 'glass_broken',
    'resolved')),
  level integer,
  loop integer,
  target text not null default '',  -- of a page: membership_<id>, client_contact or telephony
  channel text check (channel in ('in_app', 'mail', 'webhook')),
  membership_id uuid,  -- whom it is about
  by_id uuid,          -- who did it; null for Tend
  note text not null default '',
  at timestamptz not null,
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id),
  foreign key (agency_id, by_id) references app.memberships (agency_id, id)
);
create index escalation_steps_of_escalation on app.escalation_steps (agency_id, workspace_id, escalation_id, at, id);
-- Nobody is paged twice at the same step, whoever thinks so.
create unique index escalation_steps_once
  on app.escalation_steps (agency_id, workspace_id, escalation_id, loop, level, target, channel, kind)
  nulls not distinct where kind in ('paged', 'sent', 'not_sent');

-- Posts that only the readers of an escalation see, with all that hangs on them. Ids alone: the wall reads it.
create table app.restrictions (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  post_id uuid not null,
  escalation_id uuid not null,
  lifted_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, post_id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, escalation_id) references app.escalations (agency_id, workspace_id, id)
);
create index restrictions_in_force on app.restrictions (agency_id, post_id) where lifted_at is null;

-- Escalations whose subject the actor may open: who was paged or has taken it, while they are trained; who broke the glass.
create function app.opened() returns uuid[] language plpgsql stable parallel safe as $$
declare
  reader uuid := nullif(nullif(app.reads(), ''), 'all')::uuid;
  trained uuid[];
begin
  if reader is null then return '{}'; end if;
  -- By client, not by escalation: there are few clients and may be many escalations.
  trained := array(
    select w.id from (select distinct r.workspace_id as id from app.escalation_readers r
                       where r.agency_id = app.agency() and r.membership_id = reader) w
     where app.is_trained(reader, w.id, now()));
  return array(
    select r.escalation_id from app.escalation_readers r
     where r.agency_id = app.agency() and r.membership_id = reader and (r.until is null or r.until > now())
       and (r.because = 'broke_glass' or r.workspace_id = any (trained)));
end $$;

-- Few at any time, and asked for once in a statement. PL/pgSQL: its plans are kept for as long as a connection lives.
-- Migrations and restores, which run as the owner of the tables, see everything.
create function app.hidden_posts() returns uuid[] language plpgsql stable parallel safe as $$
declare
  hidden uuid[];
  opened uuid[];
begin
  if app.reads() = 'all' or current_user = 'tend_owner' then return '{}'; end if;
  if not exists (select from app.restrictions r where r.agency_id = app.agency() and r.lifted_at is null) then
    return '{}';
  end if;
  opened := app.opened();  -- once: as a part of the condition it would be asked for every row
  select coalesce(array_agg(r.post_id), '{}') into hidden from app.restrictions r
   where r.agency_id = app.agency() and r.lifted_at is null and r.escalation_id <> all (opened);
  return hidden;
end $$;

-- PARALLEL UNSAFE: it looks past the wall of the cases themselves for a moment.
create function app.hidden_cases() returns uuid[] language plpgsql stable parallel unsafe as $$
declare
  posts uuid[] := app.hidden_posts();
  reads text := app.reads();
  hidden uuid[];
begin
  if posts = '{}' then return '{}'; end if;
  perform set_config('app.reads', 'all', true);
  select coalesce(array_agg(c.id), '{}') into hidden
    from app.restrictions r
    join app.cases c on c.agency_id = app.agency() and c.workspace_id = r.workspace_id and c.post_id = r.post_id
   where r.agency_id = app.agency() and r.post_id = any (posts);
  perform set_config('app.reads', reads, true);
  return hidden;
end $$;

create function app.hidden_decisions() returns uuid[] language plpgsql stable parallel unsafe as $$
declare
  posts uuid[] := app.hidden_posts();
  reads text := app.reads();
  hidden uuid[];
begin
  if posts = '{}' then return '{}'; end if;
  perform set_config('app.reads', 'all', true);
  select coalesce(array_agg(d.id), '{}') into hidden
    from app.restrictions r
    join app.cases c on c.agency_id = app.agency() and c.workspace_id = r.workspace_id and c.post_id = r.post_id
    join app.decisions d on d.agency_id = app.agency() and d.workspace_id = r.workspace_id and d.case_id = c.id
   where r.agency_id = app.agency() and r.post_id = any (posts);
  perform set_config('app.reads', reads, true);
  return hidden;
end $$;

-- Admission also looks whether the agency restricts anything at all, once for the whole scope: almost always it does not,
-- and then no list pays for asking. What is restricted while a scope is open is seen by it as before; whoever restricts
-- something forgets this answer (tenants/scope.py).
create or replace function app.admit(kind text, key bytea, workspace uuid, slug text, mark text) returns void
language plpgsql volatile as $$
begin
  if app.admission_mark(kind, key, workspace, slug) is distinct from mark then
    raise exception 'no longer admitted' using errcode = 'TN001';
  end if;
  if not exists (select from app.restrictions r where r.agency_id = app.agency() and r.lifted_at is null) then
    perform set_config('app.restricts', 'nothing', true);
  end if;
end $$;
