"""Who may change what is append-only for everybody else when a member is forgotten or a client deleted, and what then goes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from tenants.scope import current
from tenants.tables import TenantModel, has_column
from tenants.treating import Treatment

ERASER: Final = "tend_eraser"  # changes what is append-only for everybody else; the wall binds it like everybody else


def treatments(model: type[TenantModel]) -> Iterator[tuple[str, Treatment]]:
    """Of every column that the registry names; a column may have several."""
    for name, declared in model.forgetting.items():
        for treatment in declared if isinstance(declared, tuple) else (declared,):
            yield name, treatment


def goes_with_workspace(model: type[TenantModel]) -> bool:
    """Whether its rows are deleted with the client they belong to."""
    return has_column(model, "workspace_id") and model.outlives_workspace is None


@asynccontextmanager
async def as_eraser() -> AsyncIterator[None]:
    """Statements inside run as ERASER, in the transaction of the scope; whatever else it does runs as before."""
    scope = current()
    await scope.execute(f"SET LOCAL ROLE {ERASER}")
    try:
        yield
    finally:
        with suppress(asyncpg.InFailedSQLTransactionError):  # then the transaction is lost, and the role with it
            await scope.execute("SET LOCAL ROLE NONE")
