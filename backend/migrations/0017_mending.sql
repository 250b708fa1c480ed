-- Why an invitation could not be mailed, for whoever made it; null: nothing came between.
alter table app.memberships add column invitation_problem text;
