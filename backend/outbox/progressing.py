"""Which job is under way in this process, and how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import orjson

from backend.outbox.announcing import announce
from tenants.actor import system
from tenants.scope import agency_scope, beside

SECONDS_BETWEEN: Final = 1.0


@dataclass(slots=True)
class _Underway:
    agency_id: UUID
    workspace_id: UUID | None
    job_id: UUID
    token: UUID
    told_at: float | None = None


_underway: ContextVar[_Underway | None] = ContextVar("job_underway", default=None)


@contextmanager
def job_underway(agency_id: UUID, job_id: UUID, *, token: UUID, workspace_id: UUID | None) -> Iterator[None]:
    """What is done inside is done for this job, which `token` holds."""
    entered = _underway.set(_Underway(agency_id, workspace_id, job_id, token))
    try:
        yield
    finally:
        _underway.reset(entered)


async def report_progress(done: int, total: int | None = None) -> None:
    """From within a long job, as often as it likes; at most once in SECONDS_BETWEEN it is written down, in a transaction
    of its own, since that of the job shows nothing before its end. Outside any job it does nothing."""
    job = _underway.get()
    if job is None or (job.told_at is not None and monotonic() - job.told_at < SECONDS_BETWEEN):
        return
    job.told_at = monotonic()
    await beside(_tell(job, done, total))


async def _tell(job: _Underway, done: int, total: int | None) -> None:
    async with agency_scope(system(job.agency_id)) as scope:
        changed = await scope.change(
            """update jobs set progress = $4::jsonb
                where agency_id = $1 and id = $2 and state = 'running' and lease_token = $3""",
            job.agency_id,
            job.job_id,
            job.token,
            orjson.dumps({"done": done, "total": total}).decode(),
        )
        if changed:
            announce("job", workspace_id=job.workspace_id, subject_id=job.job_id)
