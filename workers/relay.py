"""From the table to the wire: lease ready jobs, fairly per agency, and push their ids to arq.

Runs as tend_relay, which sees when a job is due and never what is in it. Redis gone: jobs stay `sent`, and their lease
brings them back. Several relays at once share the work (SKIP LOCKED).
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from asyncpg.pool import Pool

LEASE: Final = timedelta(seconds=15)  # to be picked up by a worker
PER_AGENCY: Final = 32  # jobs of one agency sent or running at once; the rest waits here, not in front of others
AGENCIES: Final = 200  # looked at in one round

Push = Callable[[UUID, UUID], Awaitable[None]]  # agency, job


async def relay_once(pool: Pool, push: Push) -> int:
    """One round over the agencies with something to do; how many jobs were sent."""
    async with pool.acquire(timeout=5) as connection:
        wakes = await connection.fetch(
            """select agency_id, max(id) as newest, min(ready_at) as since from ready_agency
                where ready_at <= now() group by agency_id order by since limit $1""",
            AGENCIES,
        )
        leased = [
            [
                (wake["agency_id"], job_id)
                for job_id in await _lease(connection, wake["agency_id"], newest=wake["newest"])
            ]
            for wake in wakes
        ]
        # One job of each agency in turn: whoever has few does not stand behind all of whoever has many.
        in_turn = [job for jobs in zip_longest(*leased) for job in jobs if job is not None]
        for agency_id, job_id in in_turn:
            await push(agency_id, job_id)
        return len(in_turn)


async def _lease(connection: Any, agency_id: UUID, *, newest: int) -> list[UUID]:
    """The jobs now leased for sending. In the same transaction the agency's wake-up is replaced by its next one: a job
    and its wake-up are committed together, so every wake-up seen before this transaction has its job visible in it."""
    async with connection.transaction():
        # One round trip each; SET takes no parameter, so only the canonical text of a UUID object goes into it.
        await connection.execute(f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'; SET LOCAL app.sees_all = 'on'")
        # Another relay at work on this agency: leave it to that one.
        if not await connection.fetchval(
            "select pg_try_advisory_xact_lock(hashtextextended($1, 7302))", str(agency_id)
        ):
            return []
        await connection.execute(
            """update jobs set state = 'ready', lease_until = null, lease_token = null
                where agency_id = $1 and state in ('sent', 'running') and lease_until < now()""",
            agency_id,
        )
        rows = await connection.fetch(
            """with next as materialized (
                    select id from jobs where agency_id = $1 and state = 'ready' and run_at <= now()
                     order by run_at, id
                     limit greatest(0, $2 - (select count(*) from jobs
                                              where agency_id = $1 and state in ('sent', 'running')))
                       for update skip locked)
               update jobs j set state = 'sent', lease_until = now() + $3::interval, dedupe_key = null
                 from next where j.agency_id = $1 and j.id = next.id returning j.id""",
            agency_id,
            PER_AGENCY,
            LEASE,
        )
        await connection.execute(
            "delete from ready_agency where agency_id = $1 and id <= $2 and ready_at <= now()", agency_id, newest
        )
        # An agency at its limit comes again, but behind those who have been waiting. No second row for the same time.
        await connection.execute(
            """insert into ready_agency (agency_id, ready_at)
               select $1, next.at from (
                    select case when count(*) filter (where state in ('sent', 'running')) >= $2
                           then now() + interval '100 milliseconds'
                           else least(min(run_at) filter (where state = 'ready'),
                                      min(lease_until) filter (where state in ('sent', 'running'))) end as at
                      from jobs where agency_id = $1 and state in ('ready', 'sent', 'running')) next
                where next.at is not null and not exists (
                      select from ready_agency r where r.agency_id = $1 and r.ready_at <= next.at)""",
            agency_id,
            PER_AGENCY,
        )
        return [row["id"] for row in rows]
