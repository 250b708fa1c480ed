"""What becomes of words when a member is forgotten, declared beside each column; and the role that may do it.

Conditions are SQL about the row `t`, with $1 for the agency, $2 for the workspace and $3 for the member.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import asyncpg

from tenants.scope import current
from tenants.tables import TenantModel, has_column

ERASER: Final = "tend_eraser"  # changes what is append-only for everybody else; the wall binds it like everybody else


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing of a member is in it; `why` is the reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Put:
    """In rows that meet `where`, the column gets this value."""

    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows that meet `where` go."""

    where: str


Treatment = Keep | Put | Remove
OUR_WORDS: Final = Keep("one of a few words of Tend's own")
OF_THE_AGENCY: Final = Keep("what the agency says about itself, its clients and its own people")
A_HASH: Final = Keep("a hash, which leads back to nobody")
CASES_ABOUT_THEM: Final = (
    "in (select c.id from cases c where c.agency_id = $1 and c.workspace_id = $2 and c.member_id = $3)"
)
THEIR_POSTS: Final = "in (select p.id from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = $3)"


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
