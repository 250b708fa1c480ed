"""From the table to the wire: lease ready jobs, fairly per agency, and push their ids to arq.

Runs as tend_relay, which sees when a job is due and never what is in it. Redis gone: jobs stay `sent`, and their lease
brings them back. Several relays at once share the work (SKIP LOCKED).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from asyncpg.pool import Pool

from backend.outbox import Priority
from tenants import locks
from workers.catalogue import CATALOGUE, OUTSIDE_AT_ONCE, Kind

LEASE: Final = timedelta(seconds=15)  # to be picked up by a worker
PER_AGENCY: Final = 32  # jobs of one agency sent or running at once, and as many of DANGER; the rest waits here
AGENCIES: Final = 200  # looked at in one round
PUSHES_AT_ONCE: Final = 16  # each is four round trips to Redis


@dataclass(frozen=True, slots=True)
class Sent:
    """A job that is leased for sending."""

    agency_id: UUID
    id: UUID
    priority: Priority


@dataclass(slots=True)
class _Limit:
    """So many jobs of these kinds together may be under way; `left` are the places of one agency in this round."""

    kinds: frozenset[str]
    most: int
    left: int = 0


Push = Callable[[Sent], Awaitable[None]]


async def relay_once(pool: Pool, push: Push, *, catalogue: Mapping[str, Kind] = CATALOGUE) -> int:
    """One round over the agencies with something to do; how many jobs were sent."""
    limits = _limits(catalogue)
    async with pool.acquire(timeout=5) as connection:
        wakes = await connection.fetch(
            """select agency_id, max(id) as newest, min(ready_at) as since from ready_agency
                where ready_at <= now() group by agency_id order by since limit $1""",
            AGENCIES,
        )
        leased = [await _lease(connection, wake["agency_id"], newest=wake["newest"], limits=limits) for wake in wakes]
        # One job of each agency in turn: whoever has few does not stand behind all of whoever has many.
        in_turn = [job for jobs in zip_longest(*leased) for job in jobs if job is not None]
        for first in range(0, len(in_turn), PUSHES_AT_ONCE):
            await asyncio.gather(*map(push, in_turn[first : first + PUSHES_AT_ONCE]))
        return len(in_turn)


def _limits(catalogue: Mapping[str, Kind]) -> list[_Limit]:
    outside = frozenset(name for name, kind in catalogue.items() if kind.reaches_outside)
    own = [_Limit(frozenset({name}), kind.at_once) for name, kind in catalogue.items() if kind.at_once is not None]
    return [_Limit(outside, OUTSIDE_AT_ONCE), *own]


async def _lease(connection: Any, agency_id: UUID, *, newest: int, limits: Sequence[_Limit]) -> list[Sent]:
    """The jobs now leased for sending. In the same transaction the agency's wake-up is replaced by its next one: a job
    and its wake-up are committed together, so every wake-up seen before this transaction has its job visible in it."""
    async with connection.transaction():
        # One round trip each; SET takes no parameter, so only the canonical text of a UUID object goes into it.
        await connection.execute(f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'; SET LOCAL app.sees_all = 'on'")
        # Another relay at work on this agency: leave it to that one.
        if not await connection.fetchval(
            "select pg_try_advisory_xact_lock(hashtextextended($1, $2))", str(agency_id), locks.RELAYING
        ):
            return []
        await connection.execute(
            """update jobs set state = 'ready', lease_until = null, lease_token = null
                where agency_id = $1 and state in ('sent', 'running') and lease_until < now()""",
            agency_id,
        )
        sent = await _send_what_fits(connection, agency_id, limits)
        await connection.execute(
            "delete from ready_agency where agency_id = $1 and id <= $2 and ready_at <= now()", agency_id, newest
        )
        # What is due and was not sent waits for others of its agency: it comes again, but behind those who have been
        # waiting. No second row for the same time.
        await connection.execute(
            """insert into ready_agency (agency_id, ready_at)
               select $1, greatest(next.at, now() + interval '50 milliseconds') from (select least(
                    (select min(first.run_at) from unnest($2::int[]) as p (priority), lateral (
                            select run_at from jobs j where j.agency_id = $1 and j.state = 'ready'
                               and j.priority = p.priority order by run_at limit 1) first),
                    (select min(lease_until) from jobs
                      where agency_id = $1 and state in ('sent', 'running'))) as at) next
                where next.at is not null and not exists (
                      select from ready_agency r where r.agency_id = $1
                         and r.ready_at <= greatest(next.at, now() + interval '50 milliseconds'))""",
            agency_id,
            list(Priority),
        )
        return sent


async def _send_what_fits(connection: Any, agency_id: UUID, limits: Sequence[_Limit]) -> list[Sent]:
    """Priority by priority, each the earliest first, as many as the agency and its kinds may have under way."""
    busy = await connection.fetch(
        """select kind, priority = 0 as is_danger, count(*) as jobs from jobs
            where agency_id = $1 and state in ('sent', 'running') group by kind, priority = 0""",
        agency_id,
    )
    for limit in limits:
        limit.left = limit.most - sum(row["jobs"] for row in busy if row["kind"] in limit.kinds)
    rooms = {
        is_danger: PER_AGENCY - sum(row["jobs"] for row in busy if row["is_danger"] == is_danger)
        for is_danger in (True, False)
    }
    sent: list[Sent] = []
    for priority in Priority:
        is_danger, is_last = priority is Priority.DANGER, False
        while rooms[is_danger] > 0 and not is_last:
            chosen, is_last = await _choose(connection, agency_id, priority, room=rooms[is_danger], limits=limits)
            sent += await _send(connection, agency_id, chosen, priority)
            rooms[is_danger] -= len(chosen)
    return sent


async def _choose(
    connection: Any, agency_id: UUID, priority: Priority, *, room: int, limits: Sequence[_Limit]
) -> tuple[list[UUID], bool]:
    """The next jobs that fit, taken off the limits; and whether nothing else can be found. Kinds without room are passed
    over in the index, so that a thousand of one do not hide what is behind them. FOR UPDATE SKIP LOCKED passes over a job
    that somebody counts on until their scope ends."""
    rows = await connection.fetch(
        """select id, kind from jobs
            where agency_id = $1 and state = 'ready' and priority = $2 and run_at <= now()
              and kind <> all($3::text[])
            order by run_at, id limit $4 for update skip locked""",
        agency_id,
        priority,
        sorted({kind for limit in limits if limit.left <= 0 for kind in limit.kinds}),
        room,
    )
    chosen = []
    for row in rows:
        own = [limit for limit in limits if row["kind"] in limit.kinds]
        if any(limit.left <= 0 for limit in own):
            continue
        for limit in own:
            limit.left -= 1
        chosen.append(row["id"])
    return chosen, len(chosen) == len(rows)


async def _send(connection: Any, agency_id: UUID, ids: Sequence[UUID], priority: Priority) -> list[Sent]:
    await connection.execute(
        """update jobs set state = 'sent', lease_until = now() + $3::interval, dedupe_key = null
            where agency_id = $1 and id = any($2::uuid[])""",
        agency_id,
        ids,
        LEASE,
    )
    return [Sent(agency_id, id, priority) for id in ids]
