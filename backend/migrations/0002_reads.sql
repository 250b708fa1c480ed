-- Reads: words of posts for text search, and an index for every order and filter a list offers.

-- Which posts hold a word. Under row-level security only leakproof operators use an index, and text equality is one
-- (decision 0007). No foreign key: a row is found through its post, so one without a post finds nothing, and checking
-- a dozen rows for every post took half of the import.
create table app.post_words (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  word text not null,
  posted_at timestamptz not null,
  post_id uuid not null,
  primary key (agency_id, workspace_id, word, posted_at, post_id)
);

create index cases_by_closing on app.cases (agency_id, workspace_id, closed_at desc nulls last, id desc);
create index cases_by_reports on app.cases (agency_id, workspace_id, report_count desc, opened_at, id);
create index cases_by_state_and_opening on app.cases (agency_id, workspace_id, state, opened_at, id);
create index cases_by_tier on app.cases (agency_id, workspace_id, tier, virtual_deadline, id);
create index cases_of_queue on app.cases (agency_id, workspace_id, queue_id, virtual_deadline, id);
create index cases_open on app.cases (agency_id, workspace_id, virtual_deadline, id) where state <> 'closed';
create index cases_due on app.cases (agency_id, workspace_id, due_at) where state <> 'closed';
create index cases_of_claimer on app.cases (agency_id, claimed_by_id, workspace_id) where claimed_by_id is not null;

create index posts_hidden on app.posts (agency_id, workspace_id, posted_at, id) where hidden_at is not null;
create index members_of_community on app.members (agency_id, workspace_id, community_id, first_seen_at, id);
create index members_of_community_by_handle on app.members (agency_id, workspace_id, community_id, handle, id);
create index members_by_kind on app.members (agency_id, workspace_id, kind, first_seen_at, id);

-- Admission: what a remembered actor rests on, asked again by every scope of theirs (tenants/entering.py). NULL where the
-- token opens nothing any more. The caller's rights decide what it sees: the scope's agency must be set before.
create function app.admission(kind text, key bytea, workspace uuid, slug text) returns text
language plpgsql stable parallel safe as $$
declare mark text;
begin
  if kind = 'session' then
    select md5(concat_ws('|', s.id, p.id, p.name, p.email,
             coalesce((select string_agg(pa.agency_id || ' ' || pa.agency_slug, ',' order by pa.agency_id)
                         from app.person_agency pa where pa.person_id = p.id), ''),
             m.id, m.role, m.name,
             coalesce((select string_agg(a.workspace_id::text, ',' order by a.workspace_id) from app.assignments a
                        where a.agency_id = m.agency_id and a.membership_id = m.id), ''),
             coalesce((select w.id::text from app.workspaces w
                        where w.agency_id = m.agency_id and (w.id = workspace or w.slug = admission.slug)), '')))
      into mark
      from app.doors d
      join app.sessions s on s.id = d.target_id and s.revoked_at is null and s.expires_at > now()
      join app.persons p on p.id = s.person_id
      join app.memberships m on m.agency_id = app.agency() and m.person_id = p.id
       and (m.ends_at is null or m.ends_at > now())
     where d.kind = 'session' and d.key_hash = key;
  else
    select md5(concat_ws('|', k.id, k.name, coalesce(k.workspace_id::text, ''), g.slug,
             coalesce((select w.id::text from app.workspaces w
                        where w.agency_id = k.agency_id and (w.id = workspace or w.slug = admission.slug)), '')))
      into mark
      from app.doors d
      join app.api_keys k on k.agency_id = app.agency() and k.id = d.target_id
       and (k.ends_at is null or k.ends_at > now())
      join app.agencies g on g.id = k.agency_id
     where d.kind = 'api_key' and d.key_hash = key and d.agency_id = app.agency();
  end if;
  return mark;
end $$;

create function app.admit(kind text, key bytea, workspace uuid, slug text, mark text) returns void
language plpgsql stable parallel safe as $$
begin
  if app.admission(kind, key, workspace, slug) is distinct from mark then
    raise exception 'no longer admitted' using errcode = 'TN001';
  end if;
end $$;

-- Posts that are here already get their words from a job for each client.
do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    insert into app.jobs (agency_id, id, workspace_id, kind)
    select agency, gen_random_uuid(), w.id, 'write_words' from app.workspaces w
     where w.agency_id = agency
       and exists (select from app.posts p where p.agency_id = agency and p.workspace_id = w.id);
    insert into app.ready_agency (agency_id) values (agency);
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
