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
