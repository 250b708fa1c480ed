-- Three of the roles of Tend. Run once by somebody who may create roles:
--   psql -v owner_password=... -v app_password=... -v relay_password=... -f roles.sql
-- then eraser.sql, then: create database tend owner tend_owner;
-- tend_owner migrates (and may create the throw-away databases of the tests), tend_app runs, tend_relay sees only job
-- columns. None of the three is a superuser or bypasses row-level security; Tend refuses to start otherwise.
\if :{?owner_password}
create role tend_owner login createdb nosuperuser nobypassrls nocreaterole password :'owner_password';
create role tend_app login nosuperuser nobypassrls nocreatedb nocreaterole password :'app_password';
create role tend_relay login nosuperuser nobypassrls nocreatedb nocreaterole password :'relay_password';
\else
create role tend_owner login createdb nosuperuser nobypassrls nocreaterole;
create role tend_app login nosuperuser nobypassrls nocreatedb nocreaterole;
create role tend_relay login nosuperuser nobypassrls nocreatedb nocreaterole;
\endif
