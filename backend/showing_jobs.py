"""Jobs for the command line, in lines of text; what is in them stays in them."""

from uuid import UUID

from backend import operating
from backend.kit.errors import NotFound
from backend.kit.ids import parse_published
from backend.outbox import Job, Priority
from tenants.actor import Actor
from workers.catalogue import CATALOGUE


async def lines(actor: Actor, *, state: str | None, kind: str | None, most: int) -> list[str]:
    """The latest first."""
    jobs = await operating.look_at_jobs(actor, state=state, kind=kind, most=most)
    return [f"job_{job.id} {job.state:9} {job.kind:20} {job.attempt:3} {job.run_at:%Y-%m-%dT%H:%M:%SZ}" for job in jobs]


async def one(actor: Actor, name: str) -> list[str]:
    job: Job = await operating.look_at_job(actor, _id(name))
    shown = {
        "kind": job.kind,
        "state": job.state,
        "priority": Priority(job.priority).name.lower(),
        "client": None if job.workspace_id is None else f"workspace_{job.workspace_id}",
        "attempt": job.attempt,
        "created at": job.created_at,
        "due at": job.run_at,
        "ended at": job.ended_at,
        "leased until": job.lease_until,
        "progress": job.progress,
        "last error": job.last_error,
    }
    return [f"{label:12} {value}" for label, value in shown.items() if value is not None]


async def replay(actor: Actor, name: str) -> None:
    await operating.replay_job(actor, _id(name), kinds=CATALOGUE)


async def cancel(actor: Actor, name: str) -> None:
    await operating.cancel_job(actor, _id(name), kinds=CATALOGUE)


def _id(name: str) -> UUID:
    parsed = parse_published(name)
    if parsed is None or parsed[0] != "job":
        raise NotFound("This is no id of a job.")
    return parsed[1]
