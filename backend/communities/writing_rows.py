"""Many rows in few statements."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from tenants.scope import current

# Rows per statement: few sizes, so that each text is prepared once per connection and then found in asyncpg's cache.
SIZES: Final = (2048, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)


async def insert(statement: Callable[[int], str], rows: Sequence[tuple[Any, ...]], *shared: UUID) -> list[Any]:
    """`rows` in statements of the fixed sizes; `shared` are the parameters after the agency that every row has."""
    scope = current()
    returned: list[Any] = []
    for start, size in _pieces(len(rows)):
        values = [value for row in rows[start : start + size] for value in row]
        returned += await scope.fetch(statement(size), scope.actor.agency_id, *shared, *values)
    return returned


@cache
def post_rows(count: int) -> str:
    columns = "agency_id, workspace_id, community_id, id, member_id, external_id, reply_to_id, text, version, posted_at, revised_at, thread"
    return f"""insert into posts ({columns}) values {_placeholders(count, shared=3, own=9)}
        on conflict (agency_id, workspace_id, community_id, external_id) do nothing returning id"""


@cache
def version_rows(count: int) -> str:
    columns = "agency_id, workspace_id, id, post_id, version, text"
    return f"insert into post_versions ({columns}) values {_placeholders(count, shared=2, own=4)}"


@cache
def word_rows(count: int) -> str:
    columns = "agency_id, workspace_id, word, posted_at, post_id"
    return f"""insert into post_words ({columns}) values {_placeholders(count, shared=2, own=3)}
        on conflict do nothing"""


@cache
def member_rows(count: int) -> str:
    """A member who is there already keeps the id, the earliest first sight, and an identity key nobody tells anew.

    The select before has found everybody there is, and the lock keeps others out: the id given here is the row's.
    """
    columns = (
        "agency_id, workspace_id, community_id, id, external_id, handle, kind, identity_key, first_seen_at, trust_level"
    )
    return f"""insert into members ({columns}) values {_placeholders(count, shared=3, own=7)}
        on conflict (agency_id, workspace_id, community_id, external_id) do update
           set handle = excluded.handle, kind = excluded.kind,
               identity_key = coalesce(excluded.identity_key, members.identity_key),
               first_seen_at = least(members.first_seen_at, excluded.first_seen_at),
               trust_level = coalesce(excluded.trust_level, members.trust_level)"""


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    start = 0
    for size in SIZES:
        while count - start >= size:
            yield start, size
            start += size


def _placeholders(count: int, *, shared: int, own: int) -> str:
    """The rows of a multi-row VALUES: $1 to $`shared` in each, then `own` parameters of its own.

    VALUES and not SELECT FROM unnest(): on Citus the latter becomes COPY, which row-level security refuses.
    """
    prefix = [f"${n + 1}" for n in range(shared)]
    rows = (range(shared + row * own + 1, shared + row * own + own + 1) for row in range(count))
    return ", ".join(f"({', '.join([*prefix, *(f'${n}' for n in row)])})" for row in rows)
