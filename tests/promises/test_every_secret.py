"""What holds for every secret at rest, and for the next one before it is written."""

import pytest

from backend import models
from graphql_schema.projection.declaring import Column, ProjectedField, published
from graphql_schema.schema import schema
from tenants.tables import TenantModel, sealed_columns, tenant_models

models.load()
SEALED = sealed_columns()
# Columns named like secrets that are none, each with its reason.
NOT_SEALED = {
    ("jobs", "lease_token"): "a fencing token: worth nothing to who cannot reach the database",
    ("claims", "token_hash"): "a hash",
    ("client_report_links", "password_hash"): "a slow hash, with a salt",
    ("client_report_links", "wrong_password_count"): "how often, and no password",
}


@pytest.mark.parametrize(("model", "column"), SEALED, ids=[f"{m._meta.db_table}.{c}" for m, c in SEALED])
def test_no_secret_at_rest_can_be_read_filtered_or_ordered_by_through_the_api(
    model: type[TenantModel], column: str
) -> None:
    for name, type_ in schema._schema.type_map.items():
        entry = published(name)
        if entry is None or entry.model is not model:
            continue
        for field in type_.fields.values():
            declared = field.extensions.get("strawberry-definition")
            if isinstance(declared, ProjectedField):
                assert not (isinstance(declared.source, Column) and declared.source.name == column), name
                assert column not in str(declared.source), name


@pytest.mark.parametrize(("model", "column"), SEALED, ids=[f"{m._meta.db_table}.{c}" for m, c in SEALED])
def test_every_table_with_a_secret_can_be_sealed_anew(model: type[TenantModel], column: str) -> None:
    assert {"select", "update"} <= set(model.grants)
    assert column in model._meta.fields_map


def test_every_column_that_is_named_like_a_secret_is_sealed_or_none_for_a_reason() -> None:
    named = {
        (model._meta.db_table, name)
        for model in tenant_models()
        for name in model._meta.fields_map
        if any(word in name for word in ("secret", "password", "token", "private_key"))
    }
    wrong = (named - {(model._meta.db_table, name) for model, name in SEALED}) ^ set(NOT_SEALED)
    assert not wrong, f"make it a SealedField, or say in NOT_SEALED why it is no secret: {wrong}"
