from collections.abc import Mapping
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict
from backend.operating.kinds import Kind
from backend.operating.looking import at_work_for, lock_job
from tenants.actor import Actor
from tenants.scope import current

CALLED_OFF: Final = "Somebody called it off."


async def cancel_job(actor: Actor, job_id: UUID, *, kinds: Mapping[str, Kind]) -> None:
    """A job that nobody has begun will not be done, and whatever waits for it is told. One of a kind that no worker knows
    has nobody to tell. Raises NotAllowed, NotFound, and Conflict for a job that runs or has ended, and for a kind that
    may not be called off."""
    job = await lock_job(actor, job_id)
    if job.state not in ("ready", "sent"):
        raise Conflict("Only a job that nobody has begun can be called off.")
    kind = kinds.get(job.kind)
    if kind is not None and not kind.may_be_called_off:
        raise Conflict("Others count on this work, and would wait for it in vain: it cannot be called off.")
    await current().execute(
        """update jobs set state = 'cancelled', ended_at = now(), dedupe_key = null, lease_until = null, last_error = $3
            where agency_id = $1 and id = $2""",
        actor.agency_id,
        job_id,
        CALLED_OFF if kind is None else await kind.give_up(at_work_for(actor, job), job.payload, CALLED_OFF),
    )
    await journal.record(
        "job.cancelled", subject_kind="job", subject_id=job_id, workspace_id=job.workspace_id, kind=job.kind
    )
