"""A closed case is judged again: undone by whoever decided it, within minutes, or reopened by a lead."""

from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.texts import clean
from backend.moderation.claiming import lease
from backend.moderation.decision_models import Appeal, Decision, DecisionEvent
from backend.moderation.leasing import Claim, reviewer
from backend.moderation.models import Case
from backend.moderation.moving import moved
from backend.moderation.staying_quiet import hear_those_set_aside
from backend.moderation.taking_back import take_back
from backend.moderation.thresholds import LEASE, UNDO
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def undo_decision(moderator: Actor, decision_id: UUID, *, reason: str) -> Claim:
    """Take one's own decision back within UNDO: what it did is reversed, and the case is claimed by `moderator` again.
    Raises NotAllowed for somebody else's, NotFound, Invalid, Conflict when it is too late."""
    membership_id = reviewer(moderator)
    reason = clean(reason, field="reason", longest=5_000)
    decision = await Decision.get_or_none(id=decision_id)
    if decision is None:
        raise NotFound(path=("input", "decisionId"))
    case = await _locked(decision.case_id)
    if decision.membership_id != membership_id:
        raise NotAllowed("Only whoever decided can undo it.", path=("input", "decisionId"))
    if case.state != "closed" or case.decision_id != decision.id or case.kind != "moderation":
        raise Conflict("This decision is not in force any more.", path=("input", "decisionId"))
    if await Appeal.exists(new_decision_id=decision.id, workspace_id=case.workspace_id):
        raise Conflict("The answer to an appeal is not taken back.", path=("input", "decisionId"))
    if now() - max(decision.decided_at, case.closed_at or decision.decided_at) > UNDO:
        raise Conflict("It is too late to undo this: ask a lead to reopen the case.", path=("input", "decisionId"))
    await _open(case, because="undone", decision_id=None)
    await DecisionEvent.create(
        workspace_id=case.workspace_id,
        decision_id=decision.id,
        kind="undone",
        membership_id=membership_id,
        reason=reason,
    )
    await take_back(case, decision)
    claimed = await current().fetchrow(
        """update cases set state = 'in_review', claimed_by_id = $4, claimed_until = now() + $5::interval
            where agency_id = $1 and workspace_id = $2 and id = $3 returning workspace_id, id, kind, severity, claimed_until""",
        moderator.agency_id,
        case.workspace_id,
        case.id,
        membership_id,
        LEASE,
    )
    await _record("undone", case, reason=reason)
    return await lease(claimed, membership_id=membership_id)


async def reopen_case(lead: Actor, case_id: UUID, *, reason: str) -> None:
    """To its queue again, for somebody who has not judged it; the decision stays in force until another takes its place.
    Raises NotAllowed, NotFound, Invalid, Conflict."""
    lead.must_hold(Right.LEAD_QUEUE)
    reviewer(lead)
    reason = clean(reason, field="reason", longest=5_000)
    case = await _locked(case_id)
    if case.state != "closed" or case.kind != "moderation":
        raise Conflict("This case is not closed.", path=("input", "caseId"))
    await _open(case, because="reopened", decision_id=case.decision_id)
    await _record("reopened", case, reason=reason)


async def _locked(case_id: UUID) -> Case:
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None:
        raise NotFound(path=("input", "caseId"))
    return case


async def _open(case: Case, *, because: str, decision_id: UUID | None) -> None:
    try:
        async with current().part():
            await Case.filter(id=case.id, workspace_id=case.workspace_id).update(
                state="queued", outcome=None, closed_at=None, slot=1, decision_id=decision_id, version=case.version + 1
            )
    except IntegrityError:
        raise Conflict("There is a newer case about this post: judge that one.", path=("input",)) from None
    await hear_those_set_aside(case.id, workspace_id=case.workspace_id)
    await moved(case.id, workspace_id=case.workspace_id, of="closed", to="queued", because=because)


async def _record(verb: str, case: Case, **detail: Any) -> None:
    await journal.record(
        f"case.{verb}", subject_kind="case", subject_id=case.id, workspace_id=case.workspace_id, **detail
    )
