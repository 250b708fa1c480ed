from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.kit.clock import now
from backend.outside import Unreachable, fetch
from backend.verification.models import VerificationEvidence
from backend.verification.opening import site_code
from backend.verification.settling import OPEN, held_task, settle
from backend.verification.thresholds import LARGEST_SITE
from tenants.actor import Actor


async def check_link(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: whether the code stands on the site. The server is asked before anything is locked; one that cannot be reached
    says no more than one that says nothing, and the member may show it again."""
    evidence = await VerificationEvidence.get_or_none(id=UUID(payload["evidence_id"]), state="checked")
    if evidence is None or evidence.url is None:
        return
    try:
        answer = await fetch("GET", evidence.url, largest=LARGEST_SITE)
        is_there = answer.status == 200 and site_code(evidence.task_id).encode() in answer.body
    except Unreachable:
        is_there = False
    await _decide(evidence.id, evidence.task_id, is_there=is_there)


async def give_up_link(_system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job is dead: the member may show it again."""
    evidence = await VerificationEvidence.get_or_none(id=UUID(payload["evidence_id"]), state="checked")
    if evidence is not None:
        await _decide(evidence.id, evidence.task_id, is_there=False)


async def _decide(evidence_id: UUID, task_id: UUID, *, is_there: bool) -> None:
    task = await held_task(task_id)
    evidence = await VerificationEvidence.get(id=evidence_id, workspace_id=task.workspace_id)
    if evidence.state != "checked":
        return
    evidence.decided_at = now()
    if not is_there:
        evidence.state, evidence.problem = "refused", "not_found_there"
    else:
        # The code is this task's alone, so nobody else can have shown it.
        evidence.state = "accepted"
    await evidence.save()
    if task.state in OPEN:
        await settle(task)
