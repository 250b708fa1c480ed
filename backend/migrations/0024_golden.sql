-- Cases whose answer is known, mixed among the others: what reviewers' judgement is measured by.

alter table app.cases
  add column only_for_id uuid,  -- a golden case is there for one person alone
  add foreign key (agency_id, only_for_id) references app.memberships (agency_id, id),
  add constraint cases_golden_check check ((kind = 'golden') = (only_for_id is not null));

create table app.golden_items (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  case_id uuid not null,      -- the closed case that it repeats
  decision_id uuid not null,  -- the right answer
  note text not null default '',
  made_by_id uuid,
  made_at timestamptz not null default now(),
  retired_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, case_id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, decision_id) references app.decisions (agency_id, workspace_id, id),
  foreign key (agency_id, made_by_id) references app.memberships (agency_id, id)
);
create index golden_items_in_order on app.golden_items (agency_id, workspace_id, made_at, id);

create table app.golden_answers (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  golden_item_id uuid not null,
  case_id uuid not null,   -- under which it was offered
  membership_id uuid not null,
  review_id uuid,          -- null while it is being looked at, and where it was given back
  is_right boolean,        -- outcome and policy are those of the decision
  offered_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, case_id),
  unique (agency_id, workspace_id, golden_item_id, membership_id),  -- whoever has seen it once would know it again
  check ((review_id is null) = (is_right is null)),
  foreign key (agency_id, workspace_id, golden_item_id) references app.golden_items (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, case_id) references app.cases (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, review_id) references app.reviews (agency_id, workspace_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index golden_answers_in_order on app.golden_answers (agency_id, workspace_id, offered_at, id);

-- What a reporter was right about, lately.
create index reports_of_reporter on app.reports (agency_id, workspace_id, reporter_key, created_at, id);

-- Who has held a case, and for how long; and the danger that is claimed before all else.
create index claims_of_case on app.claims (agency_id, workspace_id, case_id, claimed_at);
create index cases_in_danger on app.cases (agency_id, virtual_deadline, id) where state = 'queued' and tier = 'danger';
