-- Investigations: what links members, posts, cases and what the client knows of them, with the evidence for each link.

create table app.investigations (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  title text not null,
  question text not null,       -- what is suspected, in the investigator's words
  taxonomy_code text,
  state text not null default 'open' check (state in ('open', 'concluded')),
  outcome text check (outcome in ('confirmed', 'unfounded', 'inconclusive')),
  finding text,                 -- for colleagues
  client_summary text,          -- for the client, without anybody's name
  lead_id uuid,
  opened_by_id uuid,
  opened_at timestamptz not null default now(),
  concluded_at timestamptz,
  concluded_by_id uuid,
  version integer not null default 1,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((state = 'concluded') = (outcome is not null)),
  check ((state = 'concluded') = (concluded_at is not null)),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id),
  foreign key (agency_id, lead_id) references app.memberships (agency_id, id),
  foreign key (agency_id, opened_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, concluded_by_id) references app.memberships (agency_id, id)
);
create index investigations_in_order on app.investigations (agency_id, workspace_id, opened_at, id);

create table app.investigation_subjects (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  investigation_id uuid not null,
  kind text not null check (kind in ('member', 'post', 'case', 'account', 'link', 'payment', 'booking')),
  member_id uuid,
  post_id uuid,
  case_id uuid,
  value text,                   -- of what Tend has no row of
  key text not null,            -- the same thing again has the same one
  note text not null default '',
  added_by_id uuid,
  added_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, investigation_id, key),
  check (num_nonnulls(member_id, post_id, case_id, value) = 1),
  foreign key (agency_id, workspace_id, investigation_id) references app.investigations (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, added_by_id) references app.memberships (agency_id, id)
);
create index investigation_subjects_in_order
  on app.investigation_subjects (agency_id, workspace_id, investigation_id, added_at, id);

create table app.investigation_ties (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  investigation_id uuid not null,
  one_id uuid not null,
  other_id uuid not null,
  kind text not null,
  is_strong boolean not null,
  because text not null default '',  -- the words of whoever noted it; empty where Tend found it
  added_by_id uuid,             -- null where Tend found it
  found_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, investigation_id, one_id, other_id, kind),
  check (one_id <> other_id),
  foreign key (agency_id, workspace_id, investigation_id) references app.investigations (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, one_id) references app.investigation_subjects (agency_id, workspace_id, id)
    on delete cascade,
  foreign key (agency_id, workspace_id, other_id) references app.investigation_subjects (agency_id, workspace_id, id)
    on delete cascade,
  foreign key (agency_id, added_by_id) references app.memberships (agency_id, id)
);
create index investigation_ties_in_order
  on app.investigation_ties (agency_id, workspace_id, investigation_id, found_at, id);
create index investigation_ties_of_one on app.investigation_ties (agency_id, workspace_id, one_id);
create index investigation_ties_of_other on app.investigation_ties (agency_id, workspace_id, other_id);

create table app.tie_evidence (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  tie_id uuid not null,
  position integer not null,
  post_id uuid,
  case_id uuid,
  reference_id uuid,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, tie_id, position),
  foreign key (agency_id, workspace_id, tie_id)
    references app.investigation_ties (agency_id, workspace_id, id) on delete cascade,
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id)
);

create table app.client_references (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('account', 'payment', 'booking')),
  value text not null,
  member_id uuid not null,
  told_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, kind, value, member_id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index client_references_of_member on app.client_references (agency_id, workspace_id, member_id);
alter table app.tie_evidence add foreign key (agency_id, workspace_id, reference_id)
  references app.client_references (agency_id, workspace_id, id) on delete cascade;

create table app.investigation_entries (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  investigation_id uuid not null,
  kind text not null check (kind in ('opened', 'subject_added', 'subject_removed', 'looked', 'tie_noted', 'noted',
                                     'referred', 'concluded', 'reopened')),
  text text not null default '',
  membership_id uuid,
  at timestamptz not null default now(),
  primary key (agency_id, id),
  foreign key (agency_id, workspace_id, investigation_id) references app.investigations (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index investigation_entries_in_order
  on app.investigation_entries (agency_id, workspace_id, investigation_id, at, id);
