-- Jobs: who goes first, how far a long one is, and those that people have called off; workers that say they are alive;
-- turns of a client.

alter table app.jobs drop constraint jobs_state_check;
alter table app.jobs add constraint jobs_state_check
  check (state in ('ready', 'sent', 'running', 'done', 'dead', 'cancelled'));
alter table app.jobs add column priority integer not null default 1 check (priority in (0, 1, 2));
alter table app.jobs add column progress jsonb;

drop index app.jobs_ready;
create index jobs_ready on app.jobs (agency_id, priority, run_at, id) include (kind) where state = 'ready';
drop index app.jobs_ended;
create index jobs_ended on app.jobs (agency_id, ended_at) where state in ('done', 'dead', 'cancelled');
create index jobs_in_order on app.jobs (agency_id, created_at, id);
create index jobs_in_state on app.jobs (agency_id, state, created_at, id);

-- Global: processes of the installation, without data of any agency.
create table app.workers (
  id uuid primary key,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  is_stopping boolean not null default false
);

-- Turns of one client, at its own local time.
create table app.workspace_slots (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  slot_at timestamptz not null,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, name, slot_at),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
