-- Somebody of the whole agency to whom a closed client is hidden: what concerns no client in particular is theirs all the
-- same. The wall of tables whose rows may have no client asks for it (tenants/wall.py).
create function app.of_agency() returns boolean language sql stable parallel safe
  as $$ select coalesce(current_setting('app.of_agency', true), '') = 'on' $$;
