-- Whoever made a webhook endpoint lends it their rights, for as long as they have them.

alter table app.webhook_endpoints
  add column made_by_id uuid,  -- who last changed what it reads; null: Tend itself
  add foreign key (agency_id, made_by_id) references app.memberships (agency_id, id);
do $$
declare agency uuid;
begin
  for agency in select agency_id from app.doors where kind = 'agency' loop
    perform set_config('app.agency_id', agency::text, true), set_config('app.sees_all', 'on', true);
    update app.webhook_endpoints e set made_by_id = (
        select j.membership_id from app.journal j
         where j.agency_id = agency and j.subject_id = e.id
           and j.action in ('webhookendpoint.created', 'webhookendpoint.changed')
         order by j.at desc, j.id desc limit 1)
     where e.agency_id = agency;
  end loop;
  perform set_config('app.agency_id', '', true), set_config('app.sees_all', '', true);
end $$;
