"""A decision of high impact waits for a second person, who approves it or decides otherwise."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.moderation.deciding import checked, policy_of
from backend.moderation.decision_models import Decision, DecisionEvent, Review
from backend.moderation.leasing import reviewer
from backend.moderation.models import Case, ClaimRecord
from backend.moderation.taking_effect import take_effect
from tenants.actor import Actor
from tenants.rights import Right


async def approve_decision(lead: Actor, decision_id: UUID, *, reason: str = "") -> Decision:
    """Now it takes effect. Raises NotAllowed, also for whoever reviewed the case; NotFound; Conflict for a decision that
    is not held any more."""
    reason = clean(reason, field="reason", longest=5_000, may_be_empty=True)
    decision, case = await _held(lead, decision_id)
    await DecisionEvent.create(
        workspace_id=case.workspace_id,
        decision_id=decision.id,
        kind="approved",
        membership_id=lead.membership_id,
        reason=reason,
    )
    await take_effect(case, decision)
    await _record("approved", case, decision)
    return decision


async def deny_decision(
    lead: Actor,
    decision_id: UUID,
    *,
    outcome: str,
    reason: str,
    policy_version_id: UUID | None = None,
    actions: Collection[str] = (),
    days: int | None = None,
) -> Decision:
    """Another decision in its place, which takes effect at once: two people have looked. Both are kept. Raises as
    `approve_decision` does, and Invalid."""
    verdict = checked(outcome=outcome, reason=reason, policy_version_id=policy_version_id, actions=actions, days=days)
    held, case = await _held(lead, decision_id)
    await policy_of(verdict, workspace_id=case.workspace_id)
    membership_id = reviewer(lead)
    claim = await ClaimRecord.create(
        workspace_id=case.workspace_id,
        case_id=case.id,
        membership_id=membership_id,
        token_hash=new_id().bytes * 2,
        expires_at=now(),
        ended_at=now(),
        ended_by="decided",
        severity=case.severity,
        visible_seconds=0,
    )
    judged: dict[str, Any] = {
        "workspace_id": case.workspace_id,
        "case_id": case.id,
        "claim_id": claim.id,
        "membership_id": membership_id,
        "outcome": verdict.outcome,
        "policy_version_id": verdict.policy_version_id,
        "reason": verdict.reason,
        "actions": list(verdict.actions),
        "days": verdict.days,
    }
    await Review.create(slot=case.slot, purpose="third", because="denied", **judged)
    decision = await Decision.create(supersedes_id=held.id, evidence_end=held.evidence_end, **judged)
    await DecisionEvent.create(
        workspace_id=case.workspace_id,
        decision_id=held.id,
        kind="denied",
        membership_id=membership_id,
        reason=verdict.reason,
    )
    await take_effect(case, decision)
    await _record("denied", case, held)
    return decision


async def _held(lead: Actor, decision_id: UUID) -> tuple[Decision, Case]:
    lead.must_hold(Right.LEAD_QUEUE)
    reviewer(lead)
    decision = await Decision.get_or_none(id=decision_id)
    if decision is None:
        raise NotFound(path=("input", "decisionId"))
    case = await Case.filter(id=decision.case_id, workspace_id=decision.workspace_id).select_for_update().get()
    if case.state != "held" or case.decision_id != decision.id:
        raise Conflict("This decision does not wait for anybody.", path=("input", "decisionId"))
    if await Review.exists(case_id=case.id, workspace_id=case.workspace_id, membership_id=lead.membership_id):
        raise NotAllowed("You have judged this case: somebody else has to look.", path=("input", "decisionId"))
    return decision, case


async def _record(verb: str, case: Case, decision: Decision) -> None:
    await journal.record(
        f"decision.{verb}",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        decision=str(decision.id),
    )
