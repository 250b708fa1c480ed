"""One job, run: take it with a fresh fencing token, do it and end it in one transaction, or back off."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import structlog

from backend.kit import spans
from backend.kit.errors import NotAllowed
from backend.measuring import JOB_SECONDS, JOB_WAIT_SECONDS, JOBS
from backend.outbox import announce, job_underway
from tenants.actor import Actor, system
from tenants.database import is_busy, is_outage
from tenants.entering import acting_for
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE, Kind

log = structlog.get_logger()

LONGEST_BACK_OFF: Final = timedelta(hours=1)
LEASE: Final = timedelta(seconds=10)  # how long after its last sign of life a worker is taken for dead
RENEW_SECONDS: Final = 3.0
UNKNOWN_RETRY: Final = timedelta(seconds=30)  # a kind only newer workers know waits for one of them


class Fenced(RuntimeError):
    """The lease went to somebody else while the work was being done; its effect was rolled back."""


@dataclass(frozen=True, slots=True)
class _Taken:
    id: UUID
    agency_id: UUID
    workspace_id: UUID | None
    on_behalf_of_id: UUID | None
    kind: str
    payload: dict[str, Any]
    attempt: int
    token: UUID
    traceparent: str | None


async def run_job(agency_id: UUID, job_id: UUID, *, catalogue: Mapping[str, Kind] = CATALOGUE) -> None:
    """What the wire asks for. The ids are only a key to the row: authority and payload come from the row, and a job that
    is not waiting to be run (sent twice, done already, another agency's) is left alone."""
    taken = await _take(agency_id, job_id)
    if taken is None:
        return
    facts: spans.Facts = {
        "messaging.system": "tend",
        "messaging.operation.name": "run",
        "messaging.operation.type": "process",
        "messaging.destination.name": taken.kind,
        "messaging.message.id": str(taken.id),
        "tend.agency_id": str(taken.agency_id),
        "tend.try": taken.attempt,
    }
    within = spans.continued(taken.traceparent)
    with spans.span(f"run {taken.kind}", spans.SpanKind.CONSUMER, facts, within=within):
        await _run(taken, catalogue)


async def _run(taken: _Taken, catalogue: Mapping[str, Kind]) -> None:
    kind = catalogue.get(taken.kind)
    if kind is None:
        await _put_back(
            taken, kind, error=f"No worker knows the kind {taken.kind!r} yet.", after=UNKNOWN_RETRY, tries=None
        )
        return
    if taken.attempt > kind.tries:
        # It was taken often enough and never came back: whatever runs it dies.
        await _put_back(
            taken, kind, error="The worker died each time this job ran.", after=timedelta(0), tries=kind.tries
        )
        return
    began = monotonic()
    try:
        actor = await _actor_of(taken)
        async with asyncio.timeout(kind.timeout.total_seconds()):
            await _do(taken, kind, actor)
        JOBS.labels(taken.kind, "done").inc()
    except asyncio.CancelledError:
        # This process stops; whoever takes the job next has not tried it more often for that.
        await _put_back(taken, kind, error="The worker was stopped.", after=timedelta(0), tries=None)
        raise
    except Fenced as problem:
        spans.fail(problem)
        JOBS.labels(taken.kind, "fenced").inc()
        log.warning("job.fenced", job=str(taken.id), kind=taken.kind)
    except Exception as problem:
        spans.fail(problem)
        if isinstance(problem, NotAllowed) and taken.on_behalf_of_id is not None:
            # Whoever asked may not do it any more: no other try would end otherwise.
            await _put_back(taken, kind, error=problem.message, after=timedelta(0), tries=1)
            return
        log.warning("job.failed", job=str(taken.id), kind=taken.kind, attempt=taken.attempt, exc_info=problem)
        await _put_back(
            taken,
            kind,
            error=f"{type(problem).__name__}: {problem}"[:2_000],
            after=back_off(kind, taken.attempt),
            tries=kind.tries,
        )
    finally:
        JOB_SECONDS.labels(taken.kind).observe(monotonic() - began)


def back_off(kind: Kind, attempt: int) -> timedelta:
    """Doubling, at most LONGEST_BACK_OFF, with half of it left to chance so that failures do not come back together."""
    full: timedelta = min(kind.back_off * 2 ** (attempt - 1), LONGEST_BACK_OFF)
    return timedelta(seconds=full.total_seconds() * (0.5 + random.random() / 2))  # noqa: S311 - jitter, no secret


async def _take(agency_id: UUID, job_id: UUID) -> _Taken | None:
    """In a transaction of its own, so that a try that kills its worker has been counted. It need not be on disk before
    the work begins: a server that crashes and forgets it still has the job as `sent`, and its lease brings it back. The
    relay looks again when that lease would have ended, which is soon enough for the one that is given here."""
    token = uuid4()
    async with agency_scope(system(agency_id)) as scope:
        row = await scope.fetchrow(
            """with taken as (
                    update jobs set state = 'running', attempt = attempt + 1, lease_token = $3, lease_until = now() + $4,
                           progress = null
                     where agency_id = $1 and id = $2 and state = 'sent'
                    returning workspace_id, on_behalf_of_id, kind, payload, attempt, traceparent,
                              extract(epoch from now() - run_at)::float8 as waited)
               select taken.*, set_config('synchronous_commit', 'off', true) from taken""",
            agency_id,
            job_id,
            token,
            LEASE,
        )
        if row is None:
            return None
        announce("job", workspace_id=row["workspace_id"], subject_id=job_id)
    JOB_WAIT_SECONDS.labels(row["kind"]).observe(row["waited"])
    return _Taken(
        id=job_id,
        agency_id=agency_id,
        workspace_id=row["workspace_id"],
        on_behalf_of_id=row["on_behalf_of_id"],
        kind=row["kind"],
        payload=orjson.loads(row["payload"]),
        attempt=row["attempt"],
        token=token,
        traceparent=row["traceparent"],
    )


async def _actor_of(taken: _Taken) -> Actor:
    """Raises NotAllowed where whoever asked for the job may not act any more."""
    if taken.on_behalf_of_id is None:
        return system(taken.agency_id, workspace_id=taken.workspace_id)
    return await acting_for(taken.agency_id, taken.on_behalf_of_id, taken.workspace_id)


async def _do(taken: _Taken, kind: Kind, actor: Actor) -> None:
    """The work to its end, and the lease renewed beside it. Raises Fenced as soon as the lease is somebody else's."""
    renewing = asyncio.create_task(_renew(taken))
    working = asyncio.create_task(_work(taken, kind, actor, renewing))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if renewing.done() and not renewing.cancelled():
            renewing.result()
            raise Fenced
        await working
    finally:
        working.cancel()
        renewing.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)


async def _renew(taken: _Taken) -> None:
    """Until cancelled. Returns when the lease is lost, or has ended while the database could not be reached."""
    ends_at = monotonic() + LEASE.total_seconds()
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        asked_at = monotonic()
        try:
            async with agency_scope(system(taken.agency_id)) as scope:
                tag = await scope.execute(
                    """update jobs set lease_until = now() + $4
                        where agency_id = $1 and id = $2 and state = 'running' and lease_token = $3""",
                    taken.agency_id,
                    taken.id,
                    taken.token,
                    LEASE,
                )
        except Exception as problem:
            if not (is_outage(problem) or is_busy(problem)):
                raise
            if monotonic() > ends_at:
                return
        else:
            if tag != "UPDATE 1":
                return
            ends_at = asked_at + LEASE.total_seconds()


async def _work(taken: _Taken, kind: Kind, actor: Actor, renewing: "asyncio.Task[None]") -> None:
    """Effect and end in one transaction. Raises Fenced when the lease is no longer ours."""
    async with agency_scope(actor, request_id=f"job_{taken.id}") as scope:
        with job_underway(taken.agency_id, taken.id, token=taken.token, workspace_id=taken.workspace_id):
            await kind.work(actor, taken.payload)
        renewing.cancel()  # it would find the job ended and take that for a loss
        tag = await scope.execute(
            """update jobs set state = 'done', ended_at = now(), lease_token = null, lease_until = null, last_error = null
                where agency_id = $1 and id = $2 and state = 'running' and lease_token = $3""",
            taken.agency_id,
            taken.id,
            taken.token,
        )
        if tag != "UPDATE 1":
            raise Fenced
        announce("job", workspace_id=taken.workspace_id, subject_id=taken.id)


async def _put_back(taken: _Taken, kind: Kind | None, *, error: str, after: timedelta, tries: int | None) -> None:
    """Without `tries` the attempt does not count: nobody has tried."""
    error = error.replace("\x00", "?")
    async with agency_scope(system(taken.agency_id)) as scope:
        state = await scope.fetchval(
            """update jobs set lease_token = null, lease_until = null, last_error = $4,
                      attempt = attempt - case when $5::int is null then 1 else 0 end,
                      state = case when attempt >= $5::int then 'dead' else 'ready' end,
                      ended_at = case when attempt >= $5::int then now() end,
                      run_at = now() + $6
                where agency_id = $1 and id = $2 and state = 'running' and lease_token = $3 returning state""",
            taken.agency_id,
            taken.id,
            taken.token,
            error,
            tries,
            after,
        )
        if state == "dead" and kind is not None:
            told = await kind.give_up(scope.actor, taken.payload, error)
            await scope.execute(
                "update jobs set last_error = $3 where agency_id = $1 and id = $2", taken.agency_id, taken.id, told
            )
        if state is not None:
            JOBS.labels(taken.kind, "dead" if state == "dead" else "put back").inc()
            announce("job", workspace_id=taken.workspace_id, subject_id=taken.id)
            await scope.execute(
                "insert into ready_agency (agency_id, ready_at) values ($1, now() + $2)", taken.agency_id, after
            )
