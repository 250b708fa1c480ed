-- The role that forgets members and deletes clients. Run once, after roles.sql, by somebody who may create roles:
--   psql -f eraser.sql
-- tend_app becomes it inside one transaction and only where it erases (SET LOCAL ROLE); it inherits nothing of it. Like
-- the others it is no superuser and does not bypass row-level security.
create role tend_eraser nologin nosuperuser nobypassrls nocreatedb nocreaterole;
grant tend_eraser to tend_app with inherit false, set true;
