from collections.abc import Mapping
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict
from backend.operating.kinds import Kind
from backend.operating.looking import at_work_for, lock_job
from tenants.actor import Actor
from tenants.scope import current


async def replay_job(actor: Actor, job_id: UUID, *, kinds: Mapping[str, Kind]) -> None:
    """A dead job is ready again, under the same id and with all its tries before it, and what has failed with it waits
    again. Raises NotAllowed, NotFound, and Conflict for a job that is not dead."""
    job = await lock_job(actor, job_id)
    if job.state != "dead":
        raise Conflict("Only a job that was given up can be replayed.")
    await current().execute(
        """update jobs set state = 'ready', attempt = 0, run_at = now(), ended_at = null, progress = null
            where agency_id = $1 and id = $2""",
        actor.agency_id,
        job_id,
    )
    if job.kind in kinds:
        await kinds[job.kind].replay(at_work_for(actor, job), job.payload)
    await current().execute("insert into ready_agency (agency_id) values ($1)", actor.agency_id)
    await journal.record(
        "job.replayed", subject_kind="job", subject_id=job_id, workspace_id=job.workspace_id, kind=job.kind
    )
