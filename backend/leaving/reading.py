"""What an export holds: the rows of each table, as JSON that PostgreSQL makes, without the columns that never leave."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from backend.leaving.models import Export
from backend.leaving.thresholds import PAGE_ROWS
from tenants.scope import agency_scope
from tenants.tables import Reach, TenantModel, tenant_models

OnRows = Callable[[str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Table:
    """`pages` gives the rows as lists of JSON texts; it is read once, and before the next table."""

    name: str
    columns: tuple[str, ...]
    pages: AsyncIterator[list[str]]


async def tables_of(scope: agency_scope, export: Export, *, on_rows: OnRows) -> AsyncIterator[Table]:
    """Every table that belongs to the export, by name. Read with the rights of the scope."""
    for model in tenant_models():
        condition = _condition(model, export)
        if condition is not None and export.what != "member" and model.leaves_if is not None:
            condition += f" and ({model.leaves_if})"
        if condition is not None and model.stays_inside is None:
            columns = tuple(
                field.source_field or name for name, field in model._meta.fields_map.items() if name not in model.inside
            )
            name = model._meta.db_table
            yield Table(name, columns, _pages(scope, name, columns, condition, export, on_rows))


def _condition(model: type[TenantModel], export: Export) -> str | None:
    """About the row `t`, with $1 for the agency, $2 for the client and $3 for the member; None: no row belongs to it."""
    own = "t.id = $1" if model.reach is Reach.ROOT else "t.agency_id = $1"
    every = f"{own} and $2::uuid is not distinct from $2 and $3::uuid is not null"  # names each of the three
    if export.what == "agency":
        return every
    if export.what == "journal":
        if model._meta.db_table != "journal":
            return None
        return every if export.workspace_id is None else f"{every} and t.workspace_id = $2"
    if export.what == "member":
        return None if model.of_member is None else f"{every} and t.workspace_id = $2 and ({model.of_member})"
    if model.reach is Reach.ITSELF:
        return f"{every} and t.id = $2"
    return f"{every} and t.workspace_id = $2" if model.reach is Reach.WORKSPACE else None


async def _pages(
    scope: agency_scope, table: str, columns: tuple[str, ...], condition: str, export: Export, on_rows: OnRows
) -> AsyncIterator[list[str]]:
    selected = ", ".join(f"t.{column}" for column in columns)
    last: Any = None
    while True:
        rows = await scope.fetch(
            f"""select x.id as key, row_to_json(x)::text as line
                  from (select {selected} from {table} t
                         where {condition} and ($4::uuid is null or t.id > $4) order by t.id limit {PAGE_ROWS}) x""",
            export.agency_id,
            export.workspace_id,
            export.subject_id,
            last,
        )
        if rows:
            await on_rows(table, len(rows))
            yield [row["line"] for row in rows]
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1]["key"]
