"""What holds for every table when an agency is taken back to a moment (backend/backups)."""

import pytest
from cast import Cast

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
