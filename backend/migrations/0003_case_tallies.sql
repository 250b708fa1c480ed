-- How many cases of each state a client has: a board that counts them grows with its history (decision 0010).

create table app.case_tallies (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  queued integer not null,     -- one row alone may be below zero: the sum of a client's rows is its tally
  in_review integer not null,
  closed integer not null,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
) with (fillfactor = 50);

-- Cases that are here already are counted now; and once more by a job, after processes of the version before, which
-- keep no tally, have gone.
do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    insert into app.case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
    select agency, c.workspace_id, gen_random_uuid(), count(*) filter (where state = 'queued'),
           count(*) filter (where state = 'in_review'), count(*) filter (where state = 'closed')
      from app.cases c where c.agency_id = agency group by c.workspace_id;
    insert into app.jobs (agency_id, id, workspace_id, kind, run_at)
    select agency, gen_random_uuid(), w.id, 'count_cases_again', now() + interval '10 minutes'
      from app.workspaces w where w.agency_id = agency
       and exists (select from app.cases c where c.agency_id = agency and c.workspace_id = w.id);
    insert into app.ready_agency (agency_id, ready_at) values (agency, now() + interval '10 minutes');
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
