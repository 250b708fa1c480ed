-- The API as a contract: answers that are kept for who asks again, and documents that a frontend build has published.

create table app.kept_answers (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  lookup bytea not null,       -- sha-256 of principal, scope, key and place in the operation
  fingerprint bytea not null,  -- sha-256 of the request
  answer bytea not null,       -- encrypted with the client's key, which is kept nowhere
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, lookup)
);
create index kept_answers_by_age on app.kept_answers (agency_id, created_at);

-- Global: the code of frontends, without data of any agency. Only tend_owner adds to it.
create table app.trusted_documents (
  id text primary key check (id ~ '^sha256:[0-9a-f]{64}$'),
  text text not null,
  application text not null,
  published_at timestamptz not null default now()
);
