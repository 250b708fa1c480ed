-- Pictures and files of posts, kept and known by their hashes.

create table app.attachments (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  post_id uuid not null,
  url text not null check (length(url) <= 2000),
  name text not null check (length(name) <= 200),
  content_type text,  -- what its bytes are; until they were seen, what its platform says
  state text not null default 'found' check (state in ('found', 'stored', 'refused', 'gone')),
  problem text check (problem in ('too_large', 'too_many_pixels', 'broken_picture', 'svg', 'web_page', 'lying_type',
                                  'unreachable')),
  byte_count bigint,
  sha256 text,
  md5 text,
  pdq text,
  pdq_quality integer check (pdq_quality between 0 and 100),
  created_at timestamptz not null default now(),
  stored_at timestamptz,
  gone_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((sha256 is null) = (md5 is null)),
  check ((pdq is null) = (pdq_quality is null)),
  check (state <> 'stored' or (sha256 is not null and byte_count is not null)),
  check ((state = 'refused') = (problem is not null)),
  check ((state = 'gone') = (gone_at is not null)),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);
create unique index attachments_of_post on app.attachments (agency_id, workspace_id, post_id, md5(url));
create index attachments_in_order on app.attachments (agency_id, workspace_id, post_id, created_at, id);
create index attachments_kept on app.attachments (agency_id, stored_at) where state = 'stored';

-- Verification: what members say is so is made sure of, in programmes of a community.

-- Several new kinds of links come at the same time: whichever of them are there stay.
do $$
declare known text := (select pg_get_expr(conbin, conrelid) from pg_constraint
                        where conrelid = 'app.doors'::regclass and conname = 'doors_kind_check');
begin
  alter table app.doors drop constraint doors_kind_check;
  execute format('alter table app.doors add constraint doors_kind_check check (%s or kind in (''verify'', ''badge''))', known);
end $$;

create table app.verification_programmes (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  community_id uuid not null,
  name text not null check (length(name) <= 200),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, name),
  foreign key (agency_id, workspace_id, community_id) references app.communities (agency_id, workspace_id, id)
);
create index verification_programmes_in_order on app.verification_programmes (agency_id, workspace_id, created_at, id);

create table app.verification_designs (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  programme_id uuid not null,
  version integer not null check (version > 0),
  claim text not null check (length(claim) <= 500),
  strong text[] not null,
  weak text[] not null,
  hosts text[] not null,
  valid_days integer check (valid_days between 1 and 3650),  -- null: a verification stays
  made_by_id uuid,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, programme_id, version),
  check (cardinality(strong) + cardinality(weak) > 0 and not strong && weak),
  check (strong || weak <@ array['booking', 'receipt', 'mail_domain', 'link', 'site_code', 'moderator']),
  foreign key (agency_id, made_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, workspace_id, programme_id) references app.verification_programmes (agency_id, workspace_id, id)
);

create index verification_designs_in_order on app.verification_designs
  (agency_id, workspace_id, programme_id, version, id);

create table app.verification_references (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  programme_id uuid not null,
  kind text not null check (kind in ('booking', 'site_code')),
  reference_hash text not null,
  contact_hash text,  -- of whoever booked; null: the reference alone is enough
  good_from timestamptz,
  good_until timestamptz,
  noted_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, programme_id, kind, reference_hash),
  foreign key (agency_id, workspace_id, programme_id) references app.verification_programmes (agency_id, workspace_id, id)
);

create table app.verification_tasks (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  programme_id uuid not null,
  programme_version integer not null,
  member_id uuid not null,
  post_id uuid,
  state text not null default 'invited'
    check (state in ('invited', 'evidence_received', 'checking', 'verified', 'not_verified', 'unverifiable', 'expired')),
  created_at timestamptz not null default now(),
  open_until timestamptz not null,
  verified_at timestamptz,
  valid_until timestamptz,
  ended_at timestamptz,
  grounds text not null default '',
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check (state <> 'verified' or verified_at is not null),
  check ((ended_at is null) = (state in ('invited', 'evidence_received', 'checking'))),
  foreign key (agency_id, workspace_id, programme_id) references app.verification_programmes (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, post_id) references app.posts (agency_id, workspace_id, id)
);
create unique index verification_tasks_open on app.verification_tasks
  (agency_id, workspace_id, programme_id, member_id, (coalesce(post_id, member_id)))
  where state in ('invited', 'evidence_received', 'checking', 'verified');
create index verification_tasks_of_member on app.verification_tasks (agency_id, workspace_id, member_id, created_at, id);
create index verification_tasks_of_post on app.verification_tasks (agency_id, workspace_id, post_id, created_at, id);
create index verification_tasks_of_programme on app.verification_tasks
  (agency_id, workspace_id, programme_id, created_at, id);
create index verification_tasks_ending on app.verification_tasks (agency_id, coalesce(valid_until, open_until))
  where state in ('invited', 'evidence_received', 'verified');

create table app.verification_evidence (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  task_id uuid not null,
  member_id uuid not null,
  kind text not null check (kind in ('booking', 'receipt', 'mail_domain', 'link', 'site_code', 'moderator')),
  is_strong boolean not null,
  state text not null check (state in ('asked', 'checked', 'waiting', 'accepted', 'refused')),
  problem text check (problem in ('no_match', 'used_before', 'not_found_there', 'refused_by_reviewer',
                                        'not_needed')),
  fingerprint text,
  first_use_id uuid,  -- whose evidence it was first
  url text check (length(url) <= 2000),
  code_hash text,
  tries integer not null default 0,
  content_type text,
  byte_count integer,
  sha256 text,
  note text not null default '',
  given_by_id uuid,
  decided_by_id uuid,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  purged_at timestamptz,
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  check ((decided_at is null) = (state in ('asked', 'checked', 'waiting'))),
  check ((problem is null) = (state <> 'refused')),
  foreign key (agency_id, given_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, decided_by_id) references app.memberships (agency_id, id),
  foreign key (agency_id, workspace_id, task_id) references app.verification_tasks (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id)
);
create index verification_evidence_of_task on app.verification_evidence (agency_id, workspace_id, task_id, created_at, id);
create index verification_evidence_in_order on app.verification_evidence (agency_id, workspace_id, created_at, id);
create index verification_evidence_by_state on app.verification_evidence
  (agency_id, workspace_id, state, created_at, id);
create index verification_evidence_by_problem on app.verification_evidence
  (agency_id, workspace_id, problem, created_at, id);
create index verification_evidence_of_member on app.verification_evidence (agency_id, workspace_id, member_id);
create index verification_evidence_kept on app.verification_evidence (agency_id, decided_at)
  where sha256 is not null and purged_at is null;

-- Whose a booking, a receipt, a mailbox is: the first who shows it, for all programmes of the client.
create table app.verification_uses (
  agency_id uuid not null default app.agency(),
  workspace_id uuid not null,
  id uuid not null,
  fingerprint text not null,
  member_id uuid not null,
  evidence_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (agency_id, id),
  unique (agency_id, workspace_id, id),
  unique (agency_id, workspace_id, fingerprint),
  foreign key (agency_id, workspace_id, member_id) references app.members (agency_id, workspace_id, id),
  foreign key (agency_id, workspace_id, evidence_id) references app.verification_evidence (agency_id, workspace_id, id)
);
