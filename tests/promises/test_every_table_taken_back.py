"""What holds for every table when an agency is taken back to a moment (backend/backups)."""

import asyncpg
import pytest
from cast import Cast

from backend.backups import putting_back
from backend.kit.ids import new_id
from backend.safety import Escalation, start_drill
from backend.settings import Settings
from tenants.scope import agency_scope
from tenants.tables import Reach, tenant_models

TABLES = {model._meta.db_table: model for model in tenant_models()}


@pytest.mark.parametrize("table", TABLES)
async def test_rows_that_stay_point_at_nothing_that_goes(acme: Cast, table: str) -> None:
    """Otherwise a foreign key ends the restore, on the day it is needed."""
    if TABLES[table].stays_today is None:
        return
    async with agency_scope(acme.system) as scope:
        rows = await scope.fetch(
            """select distinct confrelid::regclass::text as parent from pg_constraint
                where contype = 'f' and conrelid = $1::regclass""",
            f"app.{table}",
        )
    for row in rows:
        parent = TABLES[row["parent"].removeprefix("app.")]
        assert parent.stays_today or parent.put_out or parent.reach is Reach.ROOT, f"{table} points at {row['parent']}"


@pytest.mark.parametrize("table", [name for name, model in TABLES.items() if model.put_out])
async def test_what_is_put_out_says_so_in_sql_that_runs(acme: Cast, table: str) -> None:
    async with agency_scope(acme.system) as scope:
        await scope.execute(f"update {table} set {TABLES[table].put_out} where agency_id = $1", acme.agency_id)
        scope.doom()


def test_staying_has_a_reason_and_is_the_exception() -> None:
    assert {name for name, model in TABLES.items() if model.stays_today} == {
        "agency_keys",
        "badge_keys",
        "content_pictures",
        "credentials",
        "erasure_keys",
        "erasures",
        "exports",
        "holds",
        "journal",
        "journal_links",
        "story_withdrawals",
    }


async def test_what_was_there_and_points_at_what_came_since_ends_no_restore(acme: Cast, settings: Settings) -> None:
    """As an escalation that was joined since to one that was raised since."""
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        told_id = await start_drill(acme.owner, client, kind="medical")
    live = await asyncpg.connect(settings.owner_url, server_settings={"search_path": "app"})
    transaction = live.transaction()
    await transaction.start()
    try:
        await putting_back._enter(live, acme.agency_id)
        tables = await putting_back._tables(live)
        for table in tables:
            await live.execute(f"create temporary table then_{table.name} as select * from app.{table.name}")
        was = await live.fetchrow("select * from escalations where id = $1", told_id)
        await live.execute(
            """insert into escalations select r.* from escalations e,
                      jsonb_populate_record(e, jsonb_build_object('id', $2::uuid)) r where e.id = $1""",
            *(told_id, left_id := new_id()),
        )
        await live.execute(
            """update escalations set state = 'resolved', outcome = 'joined', joined_to_id = $2, resolved_at = now(), next_at = null
                where id = $1""",
            *(told_id, left_id),
        )
        [change] = await putting_back._make_as_it_was(live, acme.agency_id, tables)
        assert change == putting_back.Change("escalations", came_back=0, changed=1, went=1)
        assert await live.fetchrow("select * from escalations where id = any($1)", [told_id, left_id]) == was
    finally:
        await transaction.rollback()
        await live.close()
    async with agency_scope(acme.system):
        assert await Escalation.exists(id=told_id, joined_to_id=None)
