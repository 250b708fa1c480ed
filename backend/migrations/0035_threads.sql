-- What a post is part of on its platform (a topic of Discourse, a thread of Slack), and since when it is gone with all of it.
alter table app.posts
  add column thread text,
  add column thread_removed_at timestamptz;
create index posts_of_thread on app.posts (agency_id, workspace_id, community_id, thread) where thread is not null;
