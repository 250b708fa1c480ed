-- Appeals: by the author of what was restricted or by who reported what was not, judged by somebody who has not touched it.

create table app.appeals (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  decision_id uuid not null,    -- appealed against
  case_id uuid not null,        -- the appeal as it waits in a queue; those against one decision share it while it is open
  appellant text not null check (appellant in ('author', 'reporter')),
  member_id uuid not null,
  text text not null,
  state text not null default 'open' check (state in ('open', 'inadmissible', 'upheld', 'modified', 'overturned')),
  filed_at timestamptz not null default now(),
  filed_by_id uuid,             -- who passed it on; null where the member filed it
  answer text,                  -- for the member
  answered_at timestamptz,
  answered_by_id uuid,
  new_decision_id uuid,         -- in place of the one appealed against
  primary key (agency_id, id),
  unique (agency_id, workspace_id, decision_id, member_id),
  check ((state = 'open') = (answered_at is null)),
  check ((answer is null) = (answered_at is null)),
  check ((new_decision_id is not null) = (state in ('modified', 'overturned'))),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, new_decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, filed_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, answered_by_id) references app.memberships (agency_id, id)
);
create index appeals_of_case on app.appeals (agency_id, workspace_id, case_id, filed_at, id);
create index appeals_of_decision on app.appeals (agency_id, workspace_id, decision_id, filed_at, id);
create index appeals_in_order on app.appeals (agency_id, workspace_id, filed_at, id);
