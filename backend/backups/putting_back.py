"""The rows of one agency as they were, from a copy of the database that stands at that moment.

Both ends are read as tend_owner in the agency's scope, so the wall lets nobody else's row be read or written. Rows that
are as they were are not touched.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from backend.kit.errors import Refusal
from backend.outbox import enqueue_beside
from tenants.database import rows_touched
from tenants.scope import hold_off_writers
from tenants.tables import Reach, TenantModel, children_first, tenant_models

SECONDS_FOR_WRITERS: Final = 60  # somebody's long job may have to end first
CHUNKS_AHEAD: Final = 16
ONLY_GROWS: Final = ("closings",)  # of the agency: who was let in before a change must be let in anew


@dataclass(frozen=True, slots=True)
class Change:
    """What it took to make a table as it was, in rows."""

    table: str
    came_back: int
    changed: int
    went: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """`began_at`: taking the agency back to just before it undoes the whole. `enter_again`: names of people who may enter
    the agency, and could not before."""

    changes: Sequence[Change]
    enter_again: Sequence[str]
    began_at: datetime


async def put_back(agency_id: UUID, *, past_url: str, live_url: str, moment: datetime, dry: bool = False) -> PutBack:
    """In one transaction; the agency's own writers wait, nobody else does. `dry` changes nothing.

    What stays as it is today, though then was otherwise, says `TenantModel.stays_today` table by table. A job repeats the
    erasures since (`backend.leaving`). Raises Refusal when the agency did not exist then, and when its writers do not end.
    """
    async with _connected(past_url) as past, _connected(live_url) as live:
        async with past.transaction(isolation="repeatable_read", readonly=True):
            await _enter(past, agency_id)
            if not await past.fetchval("select exists (select from agencies where id = $1)", agency_id):
                raise Refusal(f"This agency did not exist at {moment:%Y-%m-%d %H:%M:%S} UTC.")
            tables = await _tables(live)
            for table in tables:
                await _copy(past, live, table)
            doors, people, entrances = await _global_rows(past, agency_id)
        transaction = live.transaction()
        await transaction.start()
        try:
            await _enter(live, agency_id)
            await live.execute(f"set local lock_timeout = '{SECONDS_FOR_WRITERS}s'")
            try:
                await live.execute(hold_off_writers(agency_id))
            except asyncpg.LockNotAvailableError:
                raise Refusal(
                    f"Somebody has been writing for {SECONDS_FOR_WRITERS} s, perhaps a long job: try again later."
                ) from None
            began_at = await live.fetchval("select clock_timestamp()")
            before = await _those_who_enter(live)
            await live.executemany("insert into persons values ($1, $2, $3, $4) on conflict do nothing", people)
            changes = await _make_as_it_was(live, agency_id, tables)
            await live.executemany(
                "insert into person_agency (person_id, agency_id, agency_slug) values ($1, $2, $3) on conflict do nothing",
                entrances,
            )
            await live.executemany(
                "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4) on conflict do nothing",
                doors,
            )
            await live.execute("update agencies set closings = closings + 1 where id = $1", agency_id)
            rows = {change.table: [change.came_back, change.changed, change.went] for change in changes}
            await enqueue_beside(live, agency_id, "repeat_erasures", {"since": moment.isoformat(), "rows": rows})
            after = await _those_who_enter(live)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry else transaction.commit())
    return PutBack(changes, [name for id, name in after.items() if id not in before], began_at)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        url, timeout=30, server_settings={"application_name": "tend restore", "search_path": "app", "TimeZone": "UTC"}
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


async def _enter(connection: asyncpg.Connection, agency_id: UUID) -> None:
    await connection.execute(f"set local app.agency_id = '{agency_id}'; set local app.sees_all = 'on'")


@dataclass(frozen=True, slots=True)
class _Table:
    """`key`: its columns besides the agency's; none for the agency's own row."""

    model: type[TenantModel]
    columns: Sequence[str]
    key: Sequence[str]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def then(self) -> str:
        """The same rows as they were, beside the real table."""
        return f"pg_temp.then_{self.name}"

    @property
    def of_agency(self) -> str:
        return f"t.{'id' if self.model.reach is Reach.ROOT else 'agency_id'} = $1"

    @property
    def same(self) -> str:
        """Whether row `t` of today is row `p` of then."""
        return " and ".join(f"t.{name} = p.{name}" for name in self.key)


async def _tables(live: asyncpg.Connection) -> list[_Table]:
    """All there are, whoever points at a row before it."""
    models = {model._meta.db_table: model for model in tenant_models()}
    rows = await live.fetch(
        """select c.relname, array_agg(a.attname::text order by a.attnum) as columns,
                  array_agg(a.attname::text) filter (where a.attnum = any(k.conkey)) as key
             from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
            where c.relnamespace = 'app'::regnamespace and c.relname = any($1) group by c.relname""",
        list(models),
    )
    found = {
        row["relname"]: _Table(models[row["relname"]], row["columns"], [n for n in row["key"] if n != "agency_id"])
        for row in rows
    }
    return [found[name] for name in await children_first(live, models)]


async def _copy(past: asyncpg.Connection, live: asyncpg.Connection, table: _Table) -> None:
    """Into a temporary table beside the real one, without holding anybody up."""
    columns = ", ".join(table.columns)
    await live.execute(f"create temporary table then_{table.name} as select {columns} from app.{table.name} limit 0")
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(CHUNKS_AHEAD)

    async def read() -> None:
        await past.copy_from_query(f"select {columns} from app.{table.name}", output=chunks.put, format="binary")
        await chunks.put(None)

    async def arriving() -> AsyncIterator[bytes]:
        while (chunk := await chunks.get()) is not None:
            yield chunk

    async with asyncio.TaskGroup() as both:
        both.create_task(read())
        both.create_task(
            live.copy_to_table(f"then_{table.name}", schema_name="pg_temp", source=arriving(), format="binary")
        )
    await live.execute(f"create unique index on {table.then} ({', '.join(table.key)}); analyze {table.then}")


async def _global_rows(
    past: asyncpg.Connection, agency_id: UUID
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Doors, persons and entrances. Links that were mailed are not among them: those that were used or called off would
    open again."""
    doors = await past.fetch(
        """select kind, key_hash, agency_id, target_id from doors
            where agency_id = $1 and kind in ('agency', 'credential', 'connection', 'statement', 'report', 'question')""",
        agency_id,
    )
    people = await past.fetch(
        "select id, email, name, created_at from persons where id in (select person_id from memberships)"
    )
    entrances = await past.fetch(
        "select person_id, agency_id, agency_slug from person_agency where agency_id = $1", agency_id
    )
    return [tuple(row) for row in doors], [tuple(row) for row in people], [tuple(row) for row in entrances]


async def _make_as_it_was(live: asyncpg.Connection, agency_id: UUID, tables: Sequence[_Table]) -> list[Change]:
    went, later = Counter[str](), []
    for table in tables:
        try:
            async with live.transaction():
                went[table.name] = await _remove_what_came_since(live, agency_id, table)
        except asyncpg.ForeignKeyViolationError:
            # Rows that were there then point at some of it, until they are changed back: it goes after them.
            unpointed = await _unpointed(live, table)
            went[table.name] = await _remove_what_came_since(live, agency_id, table, unpointed=unpointed)
            later.append(table)
    changed, came_back = Counter[str](), Counter[str]()
    for table in reversed(tables):
        changed[table.name] = await _change_back(live, agency_id, table)
        came_back[table.name] = await _bring_back(live, agency_id, table)
    for table in later:
        went[table.name] += await _remove_what_came_since(live, agency_id, table)
    return [
        Change(name, came_back[name], changed[name], went[name])
        for name in (table.name for table in reversed(tables))
        if came_back[name] or changed[name] or went[name]
    ]


async def _remove_what_came_since(
    live: asyncpg.Connection, agency_id: UUID, table: _Table, *, unpointed: str = ""
) -> int:
    """Where rows that stay today point at it, it is put out instead."""
    if table.model.stays_today is not None or table.model.reach is Reach.ROOT:
        return 0
    since = f"{table.of_agency} and not exists (select from {table.then} p where {table.same})"
    if table.model.put_out is not None:
        tag = await live.execute(f"update app.{table.name} t set {table.model.put_out} where {since}", agency_id)
    else:
        tag = await live.execute(f"delete from app.{table.name} t where {since}{unpointed}", agency_id)
    return rows_touched(tag)


async def _unpointed(live: asyncpg.Connection, table: _Table) -> str:
    """SQL: that no row at all points at row `t`."""
    rows = await live.fetch(
        """select k.conrelid::regclass::text as child,
                  (select string_agg(format('c.%I = t.%I', own.attname, its.attname), ' and ')
                     from unnest(k.conkey, k.confkey) as pair (own, its)
                     join pg_attribute own on own.attrelid = k.conrelid and own.attnum = pair.own
                     join pg_attribute its on its.attrelid = k.confrelid and its.attnum = pair.its) as points
             from pg_constraint k where k.contype = 'f' and k.confrelid = $1::regclass""",
        f"app.{table.name}",
    )
    return "".join(f" and not exists (select from {row['child']} c where {row['points']})" for row in rows)


async def _change_back(live: asyncpg.Connection, agency_id: UUID, table: _Table) -> int:
    columns = [name for name in table.columns if name not in (*table.key, "agency_id", *ONLY_GROWS)]
    if table.model.stays_today is not None or not columns:
        return 0
    today, then = (", ".join(f"{alias}.{name}" for name in columns) for alias in "tp")
    return rows_touched(
        await live.execute(
            f"""update app.{table.name} t set ({", ".join(columns)}) = row({then}) from {table.then} p
                 where {table.of_agency} and {table.same} and row({today}) is distinct from row({then})""",
            agency_id,
        )
    )


async def _bring_back(live: asyncpg.Connection, agency_id: UUID, table: _Table) -> int:
    columns = ", ".join(table.columns)
    return rows_touched(
        await live.execute(
            f"""insert into app.{table.name} ({columns}) select {columns} from {table.then} p
                 where not exists (select from app.{table.name} t where {table.of_agency} and {table.same})
                 {"" if table.model.stays_today is None else "on conflict do nothing"}""",
            agency_id,
        )
    )


async def _those_who_enter(live: asyncpg.Connection) -> dict[UUID, str]:
    rows = await live.fetch(
        """select id, name || ' <' || email || '>' as name from memberships
            where person_id is not null and suspended_at is null and coalesce(ends_at > now(), true) order by name"""
    )
    return {row["id"]: row["name"] for row in rows}
