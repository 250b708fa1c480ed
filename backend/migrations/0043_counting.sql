-- A year of a client's posts is counted from indexes alone: who wrote when, in which thread, in reply to what. What names nobody
-- is not looked through for names. The orders are the same as before. Those before go at the end: from the first that is dropped
-- on nobody reads the table, and building takes minutes.
create index posts_in_order_with on app.posts (agency_id, workspace_id, posted_at, id)
  include (member_id, community_id, reply_to_id, thread);
create index posts_of_thread_in_order on app.posts (agency_id, workspace_id, community_id, thread, posted_at, id)
  include (member_id) where thread is not null;
create index posts_that_name on app.posts (agency_id, workspace_id, posted_at, id) include (member_id)
  where strpos(text, '@') > 0;
create index reports_of_case_with on app.reports (agency_id, workspace_id, case_id, created_at, id)
  include (post_id, channel, policy_id);

drop index app.posts_in_order, app.posts_of_thread, app.reports_of_case;
alter index app.posts_in_order_with rename to posts_in_order;
alter index app.posts_of_thread_in_order rename to posts_of_thread;
alter index app.reports_of_case_with rename to reports_of_case;
