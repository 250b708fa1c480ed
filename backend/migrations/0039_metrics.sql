-- Reports of a window are counted along their time, all clients of an agency at once.
create index reports_in_order on app.reports (agency_id, workspace_id, created_at, id);
-- Who wrote when is read from the index alone: a million posts are counted without their texts.
create index posts_in_time on app.posts (agency_id, workspace_id, posted_at, id) include (member_id);
drop index app.posts_in_order;
alter index app.posts_in_time rename to posts_in_order;
