-- What hangs on a statement of reasons (what is filed in its place) is hidden with its decision.

create function app.hidden_statements() returns uuid[] language plpgsql stable parallel unsafe as $$
declare
  decisions uuid[] := app.hidden_decisions();
  reads text := app.reads();
  hidden uuid[];
begin
  if decisions = '{}' then return '{}'; end if;
  perform set_config('app.reads', 'all', true);
  select coalesce(array_agg(s.id), '{}') into hidden
    from app.statements_of_reasons s where s.agency_id = app.agency() and s.decision_id = any (decisions);
  perform set_config('app.reads', reads, true);
  return hidden;
end $$;
