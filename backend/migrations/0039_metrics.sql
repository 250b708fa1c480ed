-- Reports of a window are counted along their time, all clients of an agency at once.
create index reports_in_order on app.reports (agency_id, workspace_id, created_at, id);
