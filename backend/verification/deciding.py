"""What no machine can tell, somebody decides: about a piece of evidence, or about the whole of it."""

from typing import Literal
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.verification.giving import evidence_of
from backend.verification.models import VerificationEvidence, VerificationTask
from backend.verification.settling import OPEN, design_of, held_task, move, must_be_open, settle
from backend.verification.thresholds import LONGEST_NOTE
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def decide_evidence(
    actor: Actor, evidence_id: UUID, *, is_accepted: bool, note: str = ""
) -> VerificationEvidence:
    """Of two who decide the same, the second is refused. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=LONGEST_NOTE, may_be_empty=True)
    found = await VerificationEvidence.get_or_none(id=evidence_id)
    if found is None:
        raise NotFound(path=("input", "evidenceId"))
    task = await held_task(found.task_id)
    await must_not_be_close(actor, task)
    # Once the task is held: whoever was faster has written what they decided.
    evidence = await VerificationEvidence.get(id=evidence_id, workspace_id=task.workspace_id)
    if evidence.state != "waiting" or task.state not in OPEN:
        raise Conflict("This evidence was decided before.", path=("input", "evidenceId"))
    evidence.state, evidence.decided_at, evidence.note = "accepted" if is_accepted else "refused", now(), note
    evidence.problem = None if is_accepted else "refused_by_reviewer"
    evidence.decided_by_id = actor.membership_id
    await evidence.save()
    await journal.record(
        "verification.evidence_decided",
        subject_kind="verification",
        subject_id=task.id,
        workspace_id=task.workspace_id,
        evidence=str(evidence.id),
        kind=evidence.kind,
        state=evidence.state,
    )
    await settle(task)
    return evidence


async def vouch(actor: Actor, task_id: UUID, *, note: str) -> VerificationTask:
    """A moderator's word, where the programme takes it; each gives theirs once. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=LONGEST_NOTE)
    task = await held_task(task_id, field="verificationId")
    await must_not_be_close(actor, task)
    must_be_open(task)
    design = await design_of(task)
    if "moderator" not in (*design.strong, *design.weak):
        raise Invalid("This programme takes no moderator's word.", path=("input", "verificationId"))
    if await VerificationEvidence.exists(task_id=task.id, workspace_id=task.workspace_id, kind="moderator"):
        raise Conflict("Somebody has given their word already.", path=("input", "verificationId"))
    evidence = evidence_of(
        task,
        design,
        "moderator",
        state="accepted",
        decided_at=now(),
        note=note,
        given_by_id=actor.membership_id,
        decided_by_id=actor.membership_id,
    )
    await evidence.save(force_create=True)
    await journal.record(
        "verification.vouched", subject_kind="verification", subject_id=task.id, workspace_id=task.workspace_id
    )
    await settle(task)
    return task


async def close_task(
    actor: Actor, task_id: UUID, *, outcome: Literal["not_verified", "unverifiable"], grounds: str
) -> VerificationTask:
    """Say that the claim is not true, also of one that was verified, or that it cannot be told. Raises
    NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    grounds = clean(grounds, field="grounds", longest=LONGEST_NOTE)
    task = await held_task(task_id, field="verificationId")
    await must_not_be_close(actor, task)
    if task.state not in OPEN and not (task.state == "verified" and outcome == "not_verified"):
        raise Conflict("This verification has ended.", path=("input", "verificationId"))
    await move(task, outcome, grounds=grounds)
    return task


async def must_not_be_close(actor: Actor, task: VerificationTask) -> None:
    """Nobody verifies their own, nor whoever they are close to. Raises Conflict."""
    is_close = await current().fetchval(
        """select exists (select from conflicts c
             join verification_programmes p on p.agency_id = $1 and p.workspace_id = $2 and p.id = $4
            where c.agency_id = $1 and c.workspace_id = $2 and c.membership_id = $3 and c.ended_at is null
              and coalesce(c.member_id, $5) = $5 and coalesce(c.community_id, p.community_id) = p.community_id)""",
        actor.agency_id,
        task.workspace_id,
        actor.membership_id,
        task.programme_id,
        task.member_id,
    )
    if is_close:
        raise Conflict("You have declared that you are close to this: somebody else decides.")
