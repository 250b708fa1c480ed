"""What holds for every table of an agency, and for the next one before it is written."""

from pathlib import Path

import asyncpg
import pytest
from cast import Cast
from tortoise import fields

from backend import models
from backend.journal import record
from backend.settings import Settings
from tenants import wall
from tenants.erasing import as_eraser, goes_with_workspace, treatments
from tenants.models import GlobalModel
from tenants.scope import agency_scope
from tenants.tables import APPEND_ONLY, Reach, SealedField, tenant_models
from tenants.treating import Put, Remove

models.load()
ROOT = Path(__file__).parents[2]
TABLES = {model._meta.db_table: model for model in tenant_models()}

# The global tables of the installation: no tenant data, so no wall. Each with its reason.
GLOBAL = {
    "persons": "people belong to several agencies; read through the doors only",
    "sessions": "a session is a person's, not an agency's",
    "mail_links": "asked for by somebody who may be of no agency yet",
    "doors": "a hash in, an agency and an id out: asked before any agency is known",
    "person_agency": "which agencies a person may try to enter",
    "ready_agency": "which agencies have jobs: ids and times only",
    "workers": "processes of the installation: ids and times only",
    "trusted_documents": "code of frontends, without data of any agency; the application may only read it",
}
# Tables whose key does not start with agency_id, each with its reason.
NOT_TENANT_KEYED = {
    "agencies": "its id is the agency",
}
# Tables without an id of their own: the row is its key.
KEYED_BY_THEIR_VALUES = {
    "post_likenesses": ["agency_id", "workspace_id", "band", "value", "posted_at", "post_id"],
    "post_words": ["agency_id", "workspace_id", "word", "posted_at", "post_id"],
}


@pytest.fixture
async def owner(settings: Settings):
    connection = await asyncpg.connect(settings.owner_url)
    yield connection
    await connection.close()


def test_every_module_of_models_is_known_to_the_roof() -> None:
    """One that is not has no wall: the migration builds it from the models that it is given."""
    found = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for pattern in ("backend/*/**/*models.py", "tenants/**/models.py")
        for file in ROOT.glob(pattern)
    }
    wrong = found ^ set(models.MODEL_MODULES)
    assert not wrong, f"add to MODEL_MODULES in backend/models.py, or take out of it: {wrong}"


async def test_every_table_is_either_walled_or_global_for_a_reason(owner) -> None:
    rows = await owner.fetch(
        "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r','p')"
    )
    found = {row["relname"] for row in rows}
    unknown, missing = found - set(TABLES) - set(GLOBAL), set(TABLES) | set(GLOBAL)
    assert not unknown, f"write a model of an agency's rows, or say in GLOBAL why it has none: {unknown}"
    assert not missing - found, f"add a migration that creates it: {missing - found}"


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_every_table_forces_row_level_security_with_exactly_one_permissive_policy(owner, table: str) -> None:
    row = await owner.fetchrow(
        "select relrowsecurity, relforcerowsecurity from pg_class where oid = $1::text::regclass", f"app.{table}"
    )
    assert tuple(row) == (True, True)
    policies = await owner.fetch(
        """select polpermissive, polcmd, polroles, pg_get_expr(polqual, polrelid) as using,
                  pg_get_expr(polwithcheck, polrelid) as checked
             from pg_policy where polrelid = $1::text::regclass""",
        f"app.{table}",
    )
    assert len(policies) == 1
    [policy] = policies
    assert policy["polpermissive"]
    assert policy["polcmd"] == b"*"
    assert policy["polroles"] == [0]
    if TABLES[table].takes_from_all:
        assert policy["checked"] == policy["using"].replace("AND (", "AND ((workspace_id IS NULL) OR ", 1)
    else:
        assert policy["using"] == policy["checked"]
    assert "app.agency()" in policy["using"]
    if TABLES[table].workspace_column is not None:
        assert "app.workspaces()" in policy["using"]


@pytest.mark.parametrize("table", sorted(set(TABLES) - set(NOT_TENANT_KEYED)))
async def test_every_key_starts_with_the_agency(owner, table: str) -> None:
    column = await owner.fetchrow(
        """select is_nullable, column_default from information_schema.columns
            where table_schema = 'app' and table_name = $1 and column_name = 'agency_id'""",
        table,
    )
    assert tuple(column) == ("NO", "app.agency()")
    keys = await owner.fetch(
        """select i.indexrelid::regclass::text as name, i.indisprimary, i.indisunique,
                  (select array_agg(a.attname::text order by k.n) from unnest(i.indkey::int2[]) with ordinality k(num, n)
                     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num) as columns
             from pg_index i where i.indrelid = $1::text::regclass""",
        f"app.{table}",
    )
    expected = KEYED_BY_THEIR_VALUES.get(table, ["agency_id", "id"])
    assert [key["columns"] for key in keys if key["indisprimary"]] == [expected]
    for key in keys:
        assert key["columns"][0] == "agency_id", key["name"]


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_every_query_of_a_model_carries_the_agency_before_the_wall_asks(acme: Cast, table: str) -> None:
    model = TABLES[table]
    async with agency_scope(acme.moderator):
        where = model.all().sql(params_inline=True).partition(" WHERE ")[2]
    column = "id" if model.reach is Reach.ROOT else "agency_id"
    assert f"\"{column}\"='{acme.agency_id}'" in where, (
        f"{model.__name__} has another manager than TenantModel gave it: take it out of its Meta"
    )


async def test_no_foreign_key_can_point_into_another_agency_or_client(owner) -> None:
    """Both sides carry agency_id, and workspace_id wherever both tables have one."""
    rows = await owner.fetch(
        """select c.conname, c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
                  (select array_agg(a.attname::text order by k.n) from unnest(c.conkey) with ordinality k(num, n)
                     join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num) as own,
                  (select array_agg(a.attname::text order by k.n) from unnest(c.confkey) with ordinality k(num, n)
                     join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.num) as theirs
             from pg_constraint c where c.contype = 'f' and c.connamespace = 'app'::regnamespace"""
    )
    checked = 0
    for row in rows:
        child, parent = (row[side].removeprefix("app.") for side in ("child", "parent"))
        if parent in GLOBAL or child in GLOBAL:
            continue
        assert {child, parent} <= set(TABLES), f"write a model, or say in GLOBAL why: {({child, parent}) - set(TABLES)}"
        if parent == "agencies":
            assert row["own"] == ["agency_id"], row["conname"]
            continue
        pairs = list(zip(row["own"], row["theirs"], strict=True))
        assert ("agency_id", "agency_id") in pairs, f"{row['conname']}: begin it with (agency_id, ...) on both sides"
        if TABLES[child].reach is Reach.WORKSPACE and TABLES[parent].reach is Reach.WORKSPACE:
            assert ("workspace_id", "workspace_id") in pairs, (
                f"{row['conname']} can point into another client: give it workspace_id on both sides"
            )
        if parent == "workspaces":
            assert ("workspace_id", "id") in pairs, row["conname"]
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_every_reference_column_has_a_foreign_key(owner, table: str) -> None:
    named = (
        {name for name, field in TABLES[table]._meta.fields_map.items() if name.endswith("_id") and name != "agency_id"}
        - {
            "external_id",  # the platform's own id, or the directory's
            "subject_id",  # of the journal and of notices: may be of any kind
            "request_id",  # the name of a request or a job, as text
        }
        - ({"client_id"} if table == "sign_in_providers" else set())  # what the provider calls us
        - ({"action_id"} if table == "warnings" else set())  # actions belong to moderation, above communities
        - ({"decision_id"} if table == "cases" else set())  # decisions point at cases: not both can be written first
        - (
            {"current_version_id", "follows_id"} if table == "content_items" else set()
        )  # as decision_id; of another client
        - ({"current_version_id"} if table == "success_stories" else set())  # as decision_id
        - ({"current_version_id", "draft_version_id"} if table == "best_practices" else set())  # as decision_id
        - ({"first_use_id"} if table == "verification_evidence" else set())  # one row of the table points at another
        - ({"renews_id"} if table in ("certificates", "member_certificates") else set())  # likewise
        - ({"workspace_id"} if table == "post_words" else set())  # a dozen rows per post, found through it only
    )
    rows = await owner.fetch(
        """select distinct a.attname::text as name from pg_constraint c
             join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
            where c.contype = 'f' and c.conrelid = $1::text::regclass""",
        f"app.{table}",
    )
    free = named - {row["name"] for row in rows}
    assert not free, f"add a foreign key to its migration, or say above what else the column names: {free}"


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_the_application_may_do_with_a_table_what_its_model_says_and_no_more(owner, table: str) -> None:
    rows = await owner.fetch(
        """select privilege_type from information_schema.role_table_grants
            where grantee = 'tend_app' and table_schema = 'app' and table_name = $1""",
        table,
    )
    assert {row["privilege_type"].lower() for row in rows} == set(TABLES[table].grants), (
        f"what tend_app may do with {table} is `grants` of its model, which `tend migrate` gives"
    )
    assert not {"truncate", "references", "trigger"} & {row["privilege_type"].lower() for row in rows}


async def test_the_application_rewrites_nothing_of_the_installation_but_these_columns(owner) -> None:
    rows = await owner.fetch(
        """select table_name::text, column_name::text from information_schema.column_privileges
            where grantee = 'tend_app' and table_schema = 'app' and privilege_type = 'UPDATE'"""
    )
    assert {(row["table_name"], row["column_name"]) for row in rows if row["table_name"] in GLOBAL} == {
        ("persons", "name"),
        ("sessions", "idle_until"),
        ("sessions", "revoked_at"),
        ("mail_links", "used_at"),
        ("workers", "seen_at"),
        ("workers", "is_stopping"),
    }


def test_what_must_never_change_is_append_only() -> None:
    assert {name for name, model in TABLES.items() if model.grants == APPEND_ONLY} == {
        "case_states",
        "decision_events",
        "content_versions",
        "decisions",
        "erased_identities",
        "erasures",
        "escalation_policies",
        "escalation_steps",
        "evidence_snapshots",
        "investigation_entries",
        "journal",
        "journal_links",
        "policy_examples",
        "policy_versions",
        "protocols",
        "post_versions",
        "practice_evidence",
        "practice_versions",
        "reviews",
        "routing_rules",
        "statements_of_reasons",
        "story_versions",
        "story_withdrawals",
        "strike_entries",
        "client_report_sections",
        "client_report_snapshots",
        "client_report_views",
        "study_results",
        "subscription_changes",
        "rule_versions",
        "transparency_parts",
        "trusted_flagger_states",
        "verification_designs",
        "verification_uses",
        "warnings",
    }


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_the_eraser_may_change_what_the_registry_says_and_nothing_else(owner, table: str) -> None:
    whole = await owner.fetch(
        """select privilege_type from information_schema.role_table_grants
            where grantee = 'tend_eraser' and table_schema = 'app' and table_name = $1""",
        table,
    )
    columns = await owner.fetch(
        """select column_name from information_schema.column_privileges
            where grantee = 'tend_eraser' and table_schema = 'app' and table_name = $1 and privilege_type = 'UPDATE'""",
        table,
    )
    said = list(treatments(TABLES[table]))
    deletes = any(isinstance(what, Remove) for _, what in said) or goes_with_workspace(TABLES[table])
    assert {row["privilege_type"] for row in whole} == ({"SELECT", "DELETE"} if deletes else {"SELECT"})
    assert {row["column_name"] for row in columns} == {name for name, what in said if isinstance(what, Put)}


async def test_the_eraser_is_bound_by_the_wall_and_its_power_ends_with_the_block(acme: Cast, globex: Cast) -> None:
    await acme.post()
    await globex.post()
    async with agency_scope(acme.contractor) as scope:
        async with as_eraser():
            assert await scope.fetchval("select current_user") == "tend_eraser"
            seen = await scope.fetch("select distinct agency_id, workspace_id from posts")
            assert [tuple(row) for row in seen] == [(acme.agency_id, acme.workspaces["forum"])]
            assert await scope.execute("delete from post_versions where agency_id = $1", globex.agency_id) == "DELETE 0"
        assert await scope.fetchval("select current_user") == await scope.fetchval("select session_user")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await scope.execute("delete from post_versions where agency_id = $1", acme.agency_id)
        scope.doom()


async def test_the_application_inherits_nothing_of_the_eraser(owner) -> None:
    row = await owner.fetchrow(
        """select rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, pg_has_role('tend_app', oid, 'USAGE') as inherited,
                  pg_has_role('tend_app', oid, 'SET') as becomes, pg_has_role('tend_relay', oid, 'SET') as relay
             from pg_roles where rolname = 'tend_eraser'"""
    )
    assert tuple(row) == (False, False, False, False, False, True, False)


async def test_the_relay_sees_job_columns_and_nothing_else(owner) -> None:
    rows = await owner.fetch(
        """select table_name, column_name, privilege_type from information_schema.column_privileges
            where grantee = 'tend_relay' and table_schema = 'app'"""
    )
    seen = {(row["table_name"], row["column_name"]) for row in rows if row["privilege_type"] == "SELECT"}
    assert seen == {
        ("jobs", name) for name in ("agency_id", "id", "kind", "priority", "state", "run_at", "lease_until")
    } | {("ready_agency", name) for name in ("id", "agency_id", "ready_at")}


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_the_model_is_the_migrated_table(owner, table: str) -> None:
    rows = await owner.fetch(
        """select column_name, data_type, is_nullable from information_schema.columns
            where table_schema = 'app' and table_name = $1""",
        table,
    )
    in_database = {row["column_name"]: (row["data_type"], row["is_nullable"] == "YES") for row in rows}
    in_model = {
        field.source_field or name: (_sql_type(field), field.null)
        for name, field in TABLES[table]._meta.fields_map.items()
    }
    assert in_model == in_database, (
        f"change the model of {table}, or add a migration: {dict(in_model.items() ^ in_database.items())}"
    )


async def test_the_global_models_are_their_migrated_tables(owner) -> None:
    for model in GlobalModel.__subclasses__():
        rows = await owner.fetch(
            "select column_name from information_schema.columns where table_schema = 'app' and table_name = $1",
            model._meta.db_table,
        )
        assert {row["column_name"] for row in rows} == set(model._meta.fields_map)


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_no_index_uses_what_row_level_security_forbids(owner, table: str) -> None:
    """Enum and numeric comparisons are not leakproof and would never become index conditions."""
    rows = await owner.fetch(
        """select a.attname, t.typname, t.typtype from pg_index i
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])
             join pg_type t on t.oid = a.atttypid where i.indrelid = $1::text::regclass""",
        f"app.{table}",
    )
    assert not [row["attname"] for row in rows if row["typtype"] == "e" or row["typname"] == "numeric"]


async def test_no_view_function_or_trigger_opens_the_wall(owner) -> None:
    assert (
        await owner.fetch(
            """select relname from pg_class where relnamespace = 'app'::regnamespace and (relkind = 'm' or (relkind = 'v'
             and not coalesce(reloptions, '{}') @> '{security_invoker=true}'))"""
        )
        == []
    )
    assert await owner.fetch("select proname from pg_proc where pronamespace = 'app'::regnamespace and prosecdef") == []
    assert (
        await owner.fetch(
            """select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where c.relnamespace = 'app'::regnamespace and not t.tgisinternal"""
        )
        == []
    )


@pytest.mark.parametrize("form", list(wall.Form))
async def test_both_forms_of_the_wall_show_the_same_rows(
    settings: Settings, owner, acme: Cast, globex: Cast, form: wall.Form
) -> None:
    """Citus refuses sub-selects in policies; one node runs them faster. What has not been run is a cluster itself."""
    await acme.case()
    await globex.case()
    await _build(owner, form)
    try:
        for cast in (acme, globex):
            for actor in (cast.owner, cast.contractor, cast.system):
                async with agency_scope(actor) as scope:
                    await scope.execute("set local statement_timeout = '60s'")  # functions are asked for every row
                    for table, model in TABLES.items():
                        column = "id" if model.reach is Reach.ROOT else "agency_id"
                        agencies = await scope.fetch(f"select distinct {column} as id from {table}")
                        assert {row["id"] for row in agencies} <= {cast.agency_id}, table
                        if model.workspace_column and actor.workspaces is not None:
                            seen = await scope.fetch(f"select distinct {model.workspace_column} as id from {table}")
                            assert {row["id"] for row in seen} <= actor.workspaces, table
                    assert await scope.fetchval("select count(*) from workspaces") > 0
    finally:
        await _build(owner, wall.Form.ONE_NODE)


async def _build(owner, form: wall.Form) -> None:
    """Table by table, as a migration does; where PostgreSQL cleans up the same table just now, once more."""
    for table, statements in wall.statements(tenant_models(), form).items():
        for _ in range(5):
            try:
                async with owner.transaction():
                    for statement in statements:
                        await owner.execute(statement)
                break
            except asyncpg.DeadlockDetectedError:
                continue
        else:
            raise AssertionError(f"The wall of {table} could not be built.")


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_a_row_for_another_agency_cannot_be_written(acme: Cast, globex: Cast, table: str) -> None:
    column = "id" if TABLES[table].reach is Reach.ROOT else "agency_id"
    async with agency_scope(acme.system) as scope:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await scope.execute(f"insert into {table} ({column}) values ($1)", globex.agency_id)
        scope.doom()


@pytest.mark.parametrize("table", sorted(name for name, model in TABLES.items() if model.reach is Reach.WORKSPACE))
async def test_a_row_for_another_client_cannot_be_written(acme: Cast, table: str) -> None:
    async with agency_scope(acme.moderator) as scope:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await scope.execute(f"insert into {table} (workspace_id) values ($1)", acme.workspaces["shop"])
        scope.doom()


async def test_what_is_added_for_the_whole_agency_is_read_by_who_sees_it_only(acme: Cast) -> None:
    takers = [name for name, model in TABLES.items() if model.takes_from_all]
    assert takers == ["journal"]
    assert TABLES["journal"].grants == APPEND_ONLY, "nobody changes what they cannot see"
    async with agency_scope(acme.moderator) as scope:
        await record("test.done", subject_kind="agency", subject_id=acme.agency_id, workspace_id=None)
        assert await scope.fetchval("select count(*) from journal where action = 'test.done'") == 0
    async with agency_scope(acme.owner) as scope:
        assert await scope.fetchval("select count(*) from journal where action = 'test.done'") == 1


async def test_without_a_scope_nothing_is_there(settings: Settings, acme: Cast) -> None:
    connection = await asyncpg.connect(settings.app_url, server_settings={"search_path": "app"})
    try:
        for table in TABLES:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
    finally:
        await connection.close()


async def test_the_owner_sees_nothing_either(owner, acme: Cast) -> None:
    for table in TABLES:
        assert await owner.fetchval(f"select count(*) from app.{table}") == 0, table


def _sql_type(field: fields.Field) -> str:
    kinds: dict[type, str] = {
        fields.UUIDField: "uuid",
        fields.CharField: "text",
        fields.TextField: "text",
        fields.DatetimeField: "timestamp with time zone",
        fields.IntField: "integer",
        fields.BigIntField: "bigint",
        fields.FloatField: "double precision",
        fields.BooleanField: "boolean",
        fields.JSONField: "jsonb",
        fields.BinaryField: "bytea",
        SealedField: "bytea",
    }
    return next((sql for kind, sql in kinds.items() if type(field) is kind), "ARRAY")
