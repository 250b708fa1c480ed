"""Statements in traces: what was asked, never with which values, and how it ended."""

import re
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, Final, TypeVar

import asyncpg

from backend.kit import spans

LONGEST_TEXT: Final = 4_096  # characters
_TEXTS_KEPT: Final = 512

# Values are parameters; what else stands in quotes is masked all the same, so that none can ever slip out. Comments go,
# and are looked for in the same pass: an apostrophe in one would turn everything after it inside out.
_QUOTED: Final = re.compile(r"""--[^\n]*|/\*.*?\*/|"[^"]*"|'(?:[^']|'')*'""", re.DOTALL)
_VERB: Final = re.compile(
    r"\b(?:select|insert|update|delete|begin|commit|rollback|savepoint|set|lock)\b", re.IGNORECASE
)
_TABLE: Final = re.compile(r'\b(?:from|into|update|join)\s+"?(?:app\.)?(\w+)\b(?!\s*\()', re.IGNORECASE)

T = TypeVar("T")


class TracedConnection(asyncpg.Connection):
    """Takes the place of asyncpg's own where spans are made. A statement outside any span (of the relay, the calendar, a
    heartbeat) makes none: nobody asked for it."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        return await _told(query, super().execute(query, *args, timeout=timeout))

    async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await _told(command, super().executemany(command, args, timeout=timeout))

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await _told(query, super().fetch(query, *args, **options))

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await _told(query, super().fetchrow(query, *args, **options))

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await _told(query, super().fetchval(query, *args, **options))


async def _told(query: str, running: Coroutine[Any, Any, T]) -> T:
    if not spans.is_open():
        return await running
    # What follows the first word of a scope names whom it is for.
    summary, facts = _described(query.partition(";")[0] if query.startswith("BEGIN") else query)
    with spans.span(summary, spans.SpanKind.CLIENT, facts):
        try:
            return await running
        except asyncpg.PostgresError as problem:
            spans.describe({"db.response.status_code": problem.sqlstate})
            raise


@lru_cache(_TEXTS_KEPT)
def _described(query: str) -> tuple[str, dict[str, str]]:
    """A short name and the attributes."""
    text = " ".join(_QUOTED.sub(_masked, query).split())
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT].rpartition(" ")[0] + " ..."
    verb, table = _VERB.search(text), _TABLE.search(text)
    operation = "SQL" if verb is None else verb[0].upper()
    summary = operation if table is None else f"{operation} {table[1]}"
    return summary, {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.summary": summary,
        "db.query.text": text,
    }


def _masked(found: re.Match[str]) -> str:
    return {"'": "?", '"': found[0]}.get(found[0][0], " ")
