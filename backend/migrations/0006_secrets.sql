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

alter table app.credentials add column scopes text[];  -- null: all of its API client's; never changed, so admission needs not look
alter table app.credentials add column replaced_at timestamptz;  -- by another one of its kind, for which its place counts
create index credentials_shown on app.credentials (agency_id, api_client_id, created_at, id) where kind <> 'access_token';
create index api_clients_by_age on app.api_clients (agency_id, created_at, id);
create index doors_of_credential on app.doors (agency_id, target_id) where kind = 'credential';
