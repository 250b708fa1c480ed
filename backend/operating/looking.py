from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend.kit.errors import NotFound
from backend.outbox import Job
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def look_at_jobs(
    actor: Actor, *, state: str | None = None, kind: str | None = None, most: int = 50
) -> Sequence[Job]:
    """Those the actor sees, the latest first. Raises NotAllowed."""
    actor.must_hold(Right.OPERATE)
    jobs = Job.all() if actor.workspaces is None else Job.filter(workspace_id__in=list(actor.workspaces))
    wanted = {name: value for name, value in (("state", state), ("kind", kind)) if value is not None}
    return await jobs.filter(**wanted).order_by("-created_at", "-id").limit(most)


async def look_at_job(actor: Actor, job_id: UUID) -> Job:
    """Raises NotAllowed, and NotFound also for a job of a client that the actor does not see."""
    actor.must_hold(Right.OPERATE)
    return _seen(actor, await Job.get_or_none(id=job_id))


async def lock_job(actor: Actor, job_id: UUID) -> Any:
    """The same, locked until the scope ends: no worker and no relay takes it meanwhile."""
    actor.must_hold(Right.OPERATE)
    await current().execute("select id from jobs where agency_id = $1 and id = $2 for update", actor.agency_id, job_id)
    return _seen(actor, await Job.get_or_none(id=job_id))


def at_work_for(actor: Actor, job: Job) -> Actor:
    """Whoever works on it works for its client alone, and so does who ends it in its place."""
    return actor if job.workspace_id is None else actor.narrowed_to(job.workspace_id)


def _seen(actor: Actor, job: Job | None) -> Job:
    if job is None or (actor.workspaces is not None and job.workspace_id not in actor.workspaces):
        raise NotFound(path=("input", "jobId"))
    return job
