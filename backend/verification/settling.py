"""Where a task is, from what was shown: the table that the model-based test walks through.

invited            nothing was shown yet
evidence_received  something was, and Tend looks by itself, or more is needed
checking           something waits for somebody to look
verified           two weak pieces of different kinds, or one strong, were accepted; until `valid_until`
not_verified       somebody found that the claim is not true, at once or later
unverifiable       somebody found that it cannot be told, or the time ended with too little
expired            the time ended with nothing, or a verification is too old
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.verification.models import VerificationDesign, VerificationEvidence, VerificationTask
from backend.verification.thresholds import ENOUGH

OPEN: Final = ("invited", "evidence_received", "checking")


def state_of(evidence: Iterable[VerificationEvidence]) -> str:
    """Of a task that has not ended."""
    shown = list(evidence)
    points: dict[str, int] = {}
    for each in shown:
        if each.state == "accepted":
            points[each.kind] = 2 if each.is_strong else 1
    if sum(points.values()) >= ENOUGH:
        return "verified"
    if any(each.state == "waiting" for each in shown):
        return "checking"
    return "evidence_received" if shown else "invited"


async def held_task(task_id: UUID, *, field: str | None = None) -> VerificationTask:
    """Locked. Raises NotFound."""
    task = await VerificationTask.filter(id=task_id).select_for_update().get_or_none()
    if task is None:
        raise NotFound(path=() if field is None else ("input", field))
    return task


def must_be_open(task: VerificationTask) -> None:
    """Raises Conflict."""
    if task.state not in OPEN or (task.state != "checking" and task.open_until <= now()):
        raise Conflict("This verification has ended.")


async def design_of(task: VerificationTask) -> VerificationDesign:
    return await VerificationDesign.get(
        programme_id=task.programme_id, version=task.programme_version, workspace_id=task.workspace_id
    )


async def settle(task: VerificationTask) -> str:
    """Where it is now, after something about its evidence has changed. Call while holding it."""
    state = state_of(await VerificationEvidence.filter(task_id=task.id, workspace_id=task.workspace_id))
    if state == task.state:
        return state
    if state == "verified":
        design = await design_of(task)
        task.verified_at = now()
        days = design.valid_days
        task.valid_until = None if days is None else task.verified_at + timedelta(days=days)
    await move(task, state)
    return state


async def move(task: VerificationTask, state: str, *, grounds: str = "") -> None:
    """Call while holding it. What has ended stays ended, but for a verification that is taken back or grows old; what was
    still looked at then need not be."""
    before, task.state = task.state, state
    if state not in OPEN:
        await VerificationEvidence.filter(
            task_id=task.id, workspace_id=task.workspace_id, state__in=["asked", "checked", "waiting"]
        ).update(state="refused", problem="not_needed", decided_at=now())
    task.ended_at = None if state in OPEN else now()
    await VerificationTask.filter(id=task.id, workspace_id=task.workspace_id).update(
        state=state,
        ended_at=task.ended_at,
        verified_at=task.verified_at,
        valid_until=task.valid_until,
        **({"grounds": grounds} if grounds else {}),
    )
    await journal.record(
        f"verification.{state}",
        subject_kind="verification",
        subject_id=task.id,
        workspace_id=task.workspace_id,
        before={"state": before},
        after={"state": state},
        grounds=grounds or None,
    )
