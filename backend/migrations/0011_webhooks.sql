-- Webhooks: what happens is sent to the servers that asked for it, signed, until they say that they have it.

create table app.webhook_endpoints (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  workspace_id uuid,  -- null: hears of all clients and of the agency as a whole
  url text not null,
  description text not null,
  kinds text[] not null check (cardinality(kinds) > 0),
  conditions jsonb not null default '{}',
  selection text,
  scopes text[] not null,  -- what the selection may read
  secret bytea not null,  -- sealed, as the one before it
  previous_secret bytea,
  previous_until timestamptz,
  disabled_at timestamptz,
  disabled_because text check (disabled_because in ('by_hand', 'gone', 'failing')),
  failing_since timestamptz,
  failures integer not null default 0,  -- since the last success
  rests_until timestamptz,
  is_slow boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  check ((disabled_at is null) = (disabled_because is null)),
  check ((previous_secret is null) = (previous_until is null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
-- Asked with every deed that could be wanted: for an agency without endpoints this index is empty.
create index webhook_endpoints_live on app.webhook_endpoints (agency_id) where disabled_at is null;
create index webhook_endpoints_in_order on app.webhook_endpoints (agency_id, workspace_id, created_at, id);
create index webhook_endpoints_anywhere on app.webhook_endpoints (agency_id, created_at, id);

create table app.webhook_events (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  workspace_id uuid,
  kind text not null,
  subject_kind text not null,
  subject_id uuid not null,
  sequence bigint not null,  -- grows with each event of the subject
  occurred_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index webhook_events_of_subject on app.webhook_events (agency_id, subject_id, sequence);
create index webhook_events_by_age on app.webhook_events (agency_id, occurred_at);
create index webhook_events_of_workspace on app.webhook_events (agency_id, workspace_id);

create table app.webhook_deliveries (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  attempt integer not null default 0,  -- of this round: a replay begins another
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (agency_id, id),
  check ((state = 'waiting') = (ended_at is null)),
  unique (agency_id, event_id, endpoint_id),
  foreign key (agency_id, event_id) references app.webhook_events (agency_id, id) on delete cascade,
  foreign key (agency_id, endpoint_id) references app.webhook_endpoints (agency_id, id) on delete cascade
);
create index webhook_deliveries_due on app.webhook_deliveries (agency_id, endpoint_id, next_at, id)
  where state = 'waiting';
create index webhook_deliveries_by_state on app.webhook_deliveries (agency_id, endpoint_id, state, created_at, id);
create index webhook_deliveries_in_order on app.webhook_deliveries (agency_id, endpoint_id, created_at, id);

-- What a server answers is not kept: whoever names an address would read through it what only Tend can reach.
create table app.webhook_attempts (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  delivery_id uuid not null,
  status integer,  -- null: there was no answer
  milliseconds integer not null,
  problem text,  -- null: it was delivered
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, delivery_id) references app.webhook_deliveries (agency_id, id) on delete cascade
);
create index webhook_attempts_in_order on app.webhook_attempts (agency_id, delivery_id, created_at, id);
