-- Of links to reports: who was not let in. Counts and no rows, since whoever tries could make as many as they like.
alter table app.client_report_links
  add column wrong_password_count integer not null default 0,
  add column late_visit_count integer not null default 0,
  add column last_refused_at timestamptz;
