-- What an agency's directory (SCIM) says: about people, beside their membership, and about its own groups.

-- The directory's own words about a membership. What Tend shows of them is the membership's name and email.
create table app.directory_people (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  membership_id uuid not null,
  user_name text not null,
  user_key text not null,  -- the same in lower case: lower() is not leakproof, so behind the wall no index would serve it
  display_name text,
  given_name text,
  family_name text,
  primary key (agency_id, id),
  unique (agency_id, membership_id),
  unique (agency_id, user_key),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);

create table app.directory_groups (
  agency_id uuid not null default app.agency() references app.agencies (id),
  id uuid not null,
  external_id text,
  display_name text not null,
  name_key text not null,  -- in lower case, as above
  -- What its people are here; null while nobody has said so. Owners are made by hand.
  role text check (role in ('admin', 'lead', 'moderator', 'safety_responder', 'support', 'educator', 'stakeholder',
    'client_contributor')),
  sees_all boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, name_key),
  check (case when role is null or role in ('stakeholder', 'client_contributor') then not sees_all else true end)
);
create unique index directory_groups_by_external_id on app.directory_groups (agency_id, external_id)
  where external_id is not null;
create index directory_groups_by_name on app.directory_groups (agency_id, display_name, id);
create index directory_groups_by_age on app.directory_groups (agency_id, created_at, id);

create table app.directory_group_workspaces (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  group_id uuid not null,
  workspace_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, group_id, workspace_id),
  foreign key (agency_id, group_id) references app.directory_groups (agency_id, id),
  foreign key (agency_id, workspace_id) references app.workspaces (agency_id, id)
);
create index directory_group_workspaces_by_age on app.directory_group_workspaces (agency_id, group_id, created_at, id);

create table app.directory_group_members (
  agency_id uuid not null default app.agency(),
  id uuid not null,
  group_id uuid not null,
  membership_id uuid not null,
  primary key (agency_id, id),
  unique (agency_id, group_id, membership_id),
  foreign key (agency_id, group_id) references app.directory_groups (agency_id, id),
  foreign key (agency_id, membership_id) references app.memberships (agency_id, id)
);
create index directory_group_members_of_person on app.directory_group_members (agency_id, membership_id, group_id);
