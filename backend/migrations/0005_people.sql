-- People: memberships that begin, pause and end, sessions that idle out, sign-in with an agency's provider, machines.

-- Memberships: an invitation is a membership that nobody has accepted yet ------------------------------------------

alter table app.memberships
  alter column person_id drop not null,  -- nobody has accepted it yet
  add column sees_all boolean not null default false,
  add column invited_until timestamptz,  -- null: nothing waits to be accepted
  add column starts_at timestamptz,
  add column suspended_at timestamptz,
  add column suspended_by_directory boolean not null default false,  -- which then may lift it
  add column grown_at timestamptz,       -- sessions older than that must be renewed before they may do more
  add column external_id text,           -- how the agency's directory knows them
  add column version integer not null default 1,
  drop constraint memberships_role_check,
  add constraint memberships_role_check check (role in ('owner', 'admin', 'lead', 'moderator', 'safety_responder',
    'support', 'educator', 'contractor', 'stakeholder', 'client_contributor')),
  add constraint memberships_period_check check (ends_at is null or starts_at is null or starts_at < ends_at);
create unique index memberships_by_email on app.memberships (agency_id, email);
create unique index memberships_by_external_id on app.memberships (agency_id, external_id) where external_id is not null;
create index memberships_by_name on app.memberships (agency_id, name, id);

do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    update app.memberships set sees_all = true where role in ('owner', 'admin');
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
-- Owners see everything, and somebody of a client never all clients.
alter table app.memberships add constraint memberships_reach_check check (
  case when role = 'owner' then sees_all when role in ('stakeholder', 'client_contributor') then not sees_all else true end);

-- Claims of somebody who goes are handed over.
alter table app.claims drop constraint claims_ended_by_check, add constraint claims_ended_by_check
  check (ended_by in ('decided', 'released', 'skipped', 'expired', 'handed_over'));
alter table app.assignments add column created_at timestamptz not null default now();
create index assignments_of_workspace on app.assignments (agency_id, workspace_id, created_at, id);
create index assignments_of_membership on app.assignments (agency_id, membership_id, created_at, id);

-- Sessions ---------------------------------------------------------------------------------------------------------

alter table app.sessions
  add column idle_until timestamptz not null default now() + interval '1 day',
  add column agency_id uuid,  -- opened through this agency's provider or invitation: opens no other
  add column method text not null default 'console'
    check (method in ('provider', 'mail', 'invitation', 'demo', 'console')),
  add column device text not null default '';
alter table app.sessions alter column idle_until drop default, alter column method drop default;

alter table app.doors drop constraint doors_kind_check;
update app.doors set kind = 'credential' where kind = 'api_key';
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation'));

-- Global: links that were mailed to somebody who wants to sign in.
create table app.mail_links (
  id uuid primary key,
  key_hash bytea not null unique check (length(key_hash) = 32),
  browser_hash bytea not null check (length(browser_hash) = 32),
  person_id uuid not null references app.persons (id),
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Sign-in with an agency's OpenID provider -------------------------------------------------------------------------

create table app.sign_in_providers (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  issuer text not null,
  client_id text not null,
  client_secret bytea,  -- sealed; null for a public client
  domains text[] not null check (cardinality(domains) > 0),
  is_required boolean not null default false,
  first_role text check (first_role in ('lead', 'moderator', 'safety_responder', 'support', 'educator')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id)
);

-- Who a person is to the agency's provider: linked by issuer and subject, never by address alone.
create table app.identities (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  issuer text not null,
  subject text not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, issuer, subject),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index identities_of_membership on app.identities (agency_id, membership_id);

-- Machines ---------------------------------------------------------------------------------------------------------

alter table app.api_keys rename to api_clients;
alter table app.api_clients
  add column scopes text[] not null default '{read_workspace,read_content,read_cases,report,import}',
  add column version integer not null default 1;
alter table app.api_clients alter column scopes drop default;
create index api_clients_in_order on app.api_clients (agency_id, name, id);
alter table app.reports rename column api_key_id to api_client_id;

-- What a machine shows: an API key, a client secret, or an access token that was bought with a client secret.
create table app.credentials (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  api_client_id uuid not null,
  parent_id uuid,  -- of an access token: the client secret
  kind text not null check (kind in ('api_key', 'client_secret', 'access_token')),
  hint text not null,  -- its last four characters, for telling keys apart
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (agency_id, id),
  check ((kind = 'access_token') = (parent_id is not null)),
  foreign key (agency_id, api_client_id) references app.api_clients (agency_id, id),
  foreign key (agency_id, parent_id) references app.credentials (agency_id, id)
);
create index credentials_of_client on app.credentials (agency_id, api_client_id, created_at, id);
create index credentials_of_parent on app.credentials (agency_id, parent_id) where parent_id is not null;
create index credentials_expired on app.credentials (agency_id, expires_at) where kind = 'access_token';

-- Keys that are here already have no hint.
do $$
declare agency uuid;
begin
  for agency in select d.agency_id from app.doors d where d.kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    insert into app.credentials (agency_id, id, api_client_id, kind, hint, expires_at)
    select agency, d.target_id, d.target_id, 'api_key', '', k.ends_at
      from app.doors d join app.api_clients k on k.agency_id = agency and k.id = d.target_id
     where d.kind = 'credential' and d.agency_id = agency;
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;

-- Admission, as 0002 has it, with all that can end it by now. NULL where the token opens nothing here.
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
    select md5(concat_ws('|', c.id, k.id, k.name, array_to_string(k.scopes, ','), coalesce(k.workspace_id::text, ''),
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
