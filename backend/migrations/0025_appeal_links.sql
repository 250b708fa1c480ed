-- Links of members who are no users of Tend: to what became of their report, and to a question that they are asked.

alter table app.doors drop constraint doors_kind_check;
alter table app.doors add constraint doors_kind_check
  check (kind in ('session', 'credential', 'agency', 'invitation', 'connection', 'statement', 'report', 'question'));
