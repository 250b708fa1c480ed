-- A client that is deleted takes its rotas and calendars with it: layers go with whichever goes first.
alter table app.rota_layers
  drop constraint rota_layers_agency_id_calendar_id_fkey,
  add constraint rota_layers_agency_id_calendar_id_fkey
    foreign key (agency_id, calendar_id) references app.holiday_calendars (agency_id, id) on delete cascade;
