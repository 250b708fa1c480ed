"""Apply what is missing, one process at a time, each step with its record in one transaction; then rebuild the wall."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from backend.kit.errors import Refusal
from tenants.erasing import ERASER
from tenants.tables import TenantModel
from tenants.wall import Form, statements

_LOCK = 7_302_551  # advisory lock: "tend migrates"


class HistoryChanged(RuntimeError):
    """A migration that was applied is not the one in the tree."""


def history() -> list[Path]:
    return sorted(Path(__file__).parent.glob("[0-9][0-9][0-9][0-9]_*.sql"))


async def migrate(owner_url: str, *, models: Sequence[type[TenantModel]], form: Form = Form.ONE_NODE) -> list[str]:
    """The names of the migrations applied now. `owner_url` logs in as tend_owner.

    Raises HistoryChanged when an applied file was edited, Refusal when a role is missing, asyncpg errors when SQL fails;
    nothing half done remains.
    """
    connection = await asyncpg.connect(owner_url, timeout=30, server_settings={"application_name": "tend migrate"})
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", ERASER):
            raise Refusal(
                f"The database role {ERASER} is missing, and only somebody who may create roles can make it: "
                "psql -f infra/postgres/eraser.sql, then `tend migrate` again."
            )
        applied = await _applied(connection)
        fresh: list[str] = []
        for path in history():
            text = path.read_text()
            digest = hashlib.sha256(text.encode()).hexdigest()
            if path.stem in applied:
                if applied[path.stem] != digest:
                    raise HistoryChanged(f"{path.name} was changed after it had been applied; write a new migration.")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("insert into migrations (name, sha256) values ($1, $2)", path.stem, digest)
            fresh.append(path.stem)
        wall = statements(models, form)
        digest = hashlib.sha256("\n".join(wall).encode()).hexdigest()
        # Rewriting policies locks every table for a moment: only when there is something to rewrite.
        if fresh or applied.get("wall") != digest:
            async with connection.transaction():
                for statement in wall:
                    await connection.execute(statement)
                await connection.execute(
                    """insert into migrations (name, sha256) values ('wall', $1)
                       on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()""",
                    digest,
                )
        return fresh
    finally:
        await connection.close()


async def _applied(connection: asyncpg.Connection) -> dict[str, str]:
    await connection.execute(
        """create table if not exists migrations (
             name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
    )
    rows = await connection.fetch("select name, sha256 from migrations")
    return {row["name"]: row["sha256"] for row in rows}
