-- Secrets: every agency's are sealed with a key of its own, which the installation's key wraps.

create table app.agency_keys (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  wrapped bytea not null,
  made_at timestamptz not null default now(),
  retired_at timestamptz,
  primary key (agency_id, id)
);
create unique index agency_keys_current on app.agency_keys (agency_id) where retired_at is null;

-- Machines: an access token may be narrower than its API client --------------------------------------------------------

alter table app.credentials add column scopes text[];  -- null: all of its API client's
create index credentials_shown on app.credentials (agency_id, api_client_id, created_at, id) where kind <> 'access_token';
create index api_clients_by_age on app.api_clients (agency_id, created_at, id);
create index doors_of_credential on app.doors (agency_id, target_id) where kind = 'credential';

-- Admission, as 0005 has it, with a credential's own scopes. NULL where the token opens nothing here.
create or replace function app.admission(kind text, key bytea, workspace uuid, slug text) returns text
language plpgsql stable parallel safe as $$
declare mark text;
begin
  if kind = 'session' then
    select md5(concat_ws('|', s.id, p.id, p.name, p.email,
             coalesce((select string_agg(pa.agency_id || ' ' || pa.agency_slug, ',' order by pa.agency_id)
                         from app.person_agency pa where pa.person_id = p.id), ''),
             m.id, m.role, m.sees_all, m.name,
             coalesce((select string_agg(a.workspace_id::text, ',' order by a.workspace_id) from app.assignments a
                        where a.agency_id = m.agency_id and a.membership_id = m.id), ''),
             coalesce((select w.id::text from app.workspaces w
                        where w.agency_id = m.agency_id and (w.id = workspace or w.slug = admission.slug)), '')))
      into mark
      from app.doors d
      join app.sessions s on s.id = d.target_id and s.revoked_at is null
       and s.expires_at > now() and s.idle_until > now() and (s.agency_id is null or s.agency_id = app.agency())
      join app.persons p on p.id = s.person_id
      join app.memberships m on m.agency_id = app.agency() and m.person_id = p.id and m.suspended_at is null
       and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())
       and (m.grown_at is null or m.grown_at <= s.created_at)
     where d.kind = 'session' and d.key_hash = key
       and ((s.method = 'provider' and s.agency_id is not null) or not exists (
             select from app.sign_in_providers r where r.agency_id = app.agency() and r.is_required));
  else
    select md5(concat_ws('|', c.id, k.id, k.name, array_to_string(k.scopes, ','), coalesce(array_to_string(c.scopes, ','), 'all'), coalesce(k.workspace_id::text, ''),
             g.slug, coalesce((select w.id::text from app.workspaces w
                        where w.agency_id = k.agency_id and (w.id = workspace or w.slug = admission.slug)), '')))
      into mark
      from app.doors d
      join app.credentials c on c.agency_id = app.agency() and c.id = d.target_id and c.kind <> 'client_secret'
       and c.revoked_at is null and (c.expires_at is null or c.expires_at > now())
      join app.api_clients k on k.agency_id = app.agency() and k.id = c.api_client_id
       and (k.ends_at is null or k.ends_at > now())
      join app.agencies g on g.id = k.agency_id
     where d.kind = 'credential' and d.key_hash = key and d.agency_id = app.agency()
       and (c.parent_id is null or exists (
             select from app.credentials s where s.agency_id = app.agency() and s.id = c.parent_id
                and s.revoked_at is null and (s.expires_at is null or s.expires_at > now())));
  end if;
  return mark;
end $$;
