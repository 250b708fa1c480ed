"""Apply what is missing, one process at a time, each step with its record in one transaction; then build the wall."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg

from backend.kit.errors import Refusal
from tenants import locks
from tenants.erasing import ERASER
from tenants.tables import TenantModel
from tenants.wall import FOR_ALL, Form, statements

LOCK_SECONDS: Final = 2  # how long others may have to wait behind a step
TRIES: Final = 30


class HistoryChanged(RuntimeError):
    """A migration that was applied is not the one in the tree."""


def history() -> list[Path]:
    return sorted(Path(__file__).parent.glob("[0-9][0-9][0-9][0-9]_*.sql"))


async def migrate(owner_url: str, *, models: Sequence[type[TenantModel]], form: Form = Form.ONE_NODE) -> list[str]:
    """The names of the migrations applied now. `owner_url` logs in as tend_owner. Tend may run meanwhile: a step that
    does not get its locks within LOCK_SECONDS lets those through who wait behind it, and is tried again.

    Raises HistoryChanged when an applied file was edited, Refusal when a role is missing or a table stays in use, asyncpg
    errors when SQL fails; nothing half done remains, and whoever migrates next goes on.
    """
    connection = await asyncpg.connect(owner_url, timeout=30, server_settings={"application_name": "tend migrate"})
    try:
        await connection.execute("select pg_advisory_lock($1)", locks.MIGRATING)
        if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", ERASER):
            raise Refusal(
                f"The database role {ERASER} is missing, and only somebody who may create roles can make it: "
                "psql -f infra/postgres/eraser.sql, then `tend migrate` again."
            )
        applied = await _applied(connection)
        fresh: list[str] = []
        for path in history():
            text = path.read_text()
            if path.stem not in applied:
                await _step(connection, path.stem, [text], mark=_digest(text))
                fresh.append(path.stem)
            elif applied[path.stem] != _digest(text):
                raise HistoryChanged(f"{path.name} was changed after it had been applied; write a new migration.")
        for statement in FOR_ALL:
            await connection.execute(statement)
        for table, wall in statements(models, form).items():
            # Building it takes the whole table for a moment, so only where it is not as it should be: where it was
            # written differently, or the table is another one by now.
            mark = _digest("\n".join([str(await connection.fetchval("select $1::text::regclass::oid", table)), *wall]))
            if applied.get(f"wall of {table}") != mark:
                await _step(connection, f"wall of {table}", wall, mark=mark)
        return fresh
    finally:
        await connection.close()


async def _step(connection: asyncpg.Connection, name: str, statements: Sequence[str], *, mark: str) -> None:
    """With its record, in one transaction."""
    for tried in range(1, TRIES + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
                await connection.execute(";\n".join(statements))
                await connection.execute(
                    """insert into public.migrations (name, sha256) values ($1, $2)
                       on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()""",
                    name,
                    mark,
                )
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as problem:
            if tried == TRIES:
                raise Refusal(
                    f"{name} waited {TRIES} times for somebody who uses the same tables ({problem}): "
                    "end what runs there for so long, then `tend migrate` again."
                ) from None
            await asyncio.sleep(LOCK_SECONDS)
        else:
            return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _applied(connection: asyncpg.Connection) -> dict[str, str]:
    await connection.execute(
        """create table if not exists migrations (
             name text primary key, sha256 text not null, applied_at timestamptz not null default now())"""
    )
    rows = await connection.fetch("select name, sha256 from migrations")
    return {row["name"]: row["sha256"] for row in rows}
