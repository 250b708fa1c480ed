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
