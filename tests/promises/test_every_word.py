"""What holds for every column of words: somebody has said what becomes of it when a member is forgotten."""

import asyncpg
import pytest

from backend import models
from backend.settings import Settings
from tenants.erasing import treatments
from tenants.tables import has_column, sealed_columns, sql_type, tenant_models
from tenants.treating import Keep, Put, Remove

models.load()
TABLES = {model._meta.db_table: model for model in tenant_models()}
WORDS = ("text", "jsonb", "bytea", "text[]")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_of_words_is_declared_and_no_other(table: str) -> None:
    model = TABLES[table]
    words = {name for name in model._meta.fields_map if sql_type(model, name) in WORDS}
    wrong = set(model.forgetting) ^ words
    assert not wrong, f"say in `forgetting` of {model.__name__} what becomes of it when a member is forgotten: {wrong}"


@pytest.mark.parametrize("table", sorted(TABLES))
async def test_every_declared_treatment_is_a_statement_that_postgresql_accepts(settings: Settings, table: str) -> None:
    owner = await asyncpg.connect(settings.owner_url, server_settings={"search_path": "app"})
    try:
        for column, treatment in treatments(TABLES[table]):
            if isinstance(treatment, Keep):
                assert len(treatment.why.split()) > 1 or treatment.why, column
                continue
            assert has_column(TABLES[table], "workspace_id"), "only what belongs to a client is about a member"
            where = f"t.agency_id = $1 and t.workspace_id = $2 and ({treatment.where})"
            if isinstance(treatment, Put):
                await owner.prepare(f"update {table} t set {column} = {treatment.value} where {where}")
            else:
                assert isinstance(treatment, Remove)
                await owner.prepare(f"delete from {table} t where {where}")
    finally:
        await owner.close()


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_may_be_about_a_member_is_given_to_them_who_ask_or_not_for_a_reason(table: str) -> None:
    model = TABLES[table]
    kept = model.stays_inside or model.not_for_members
    if has_column(model, "member_id") or any(not isinstance(treatment, Keep) for _, treatment in treatments(model)):
        assert (model.of_member is None) != (kept is None), (
            f"say which rows of {table} a member is given who asks what is known about them (`of_member`), "
            "or why none (`not_for_members`), but not both"
        )
    else:
        assert model.not_for_members is None, f"nothing of a member is in {table}: no reason is needed"


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_never_leaves_has_a_reason_and_exists(table: str) -> None:
    model = TABLES[table]
    assert all(has_column(model, column) and reason for column, reason in model.inside.items())
    assert model.stays_inside is None or model.stays_inside
    if model.of_member is not None:
        assert model.stays_inside is None


def test_no_secret_and_no_hash_leaves() -> None:
    for model, column in sealed_columns():
        assert column in model.inside or model.stays_inside, (
            f"no export may hold {model._meta.db_table}.{column}: say why in `inside` of its model"
        )
    for table, model in TABLES.items():
        for column in model._meta.fields_map:
            if sql_type(model, column) == "bytea" or column.endswith(("_hash", "_token", "person_id")):
                assert column in model.inside or model.stays_inside, (
                    f"no export may hold {table}.{column}: say why in `inside` of its model"
                )
