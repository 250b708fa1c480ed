from datetime import datetime
from typing import Final
from uuid import UUID

from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.safety.exposing import end_exposure
from backend.safety.holding import locked, must_respond, record
from backend.safety.models import EscalationBrief, Restriction, Takedown
from backend.safety.stepping import keep, note_step
from backend.safety.thresholds import REVIEWED_WITHIN
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

OUTCOMES: Final = ("stood_down", "resolved", "handed_off")


async def resolve_escalation(
    actor: Actor,
    escalation_id: UUID,
    *,
    outcome: str,
    note: str,
    lifts_restriction: bool,
    moment: datetime | None = None,
) -> None:
    """It is over: there was no danger, it is averted, or somebody else has it. With `lifts_restriction` the post and its
    case are there for everybody again; without, they stay with its readers. The hold on the member stays until somebody
    lifts it. Raises NotAllowed, NotFound, Invalid, and Conflict while a request to take something down runs."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=5_000)
    if outcome not in OUTCOMES:
        raise Invalid("It stood down, is resolved, or handed off.", path=("input", "outcome"))
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if await Takedown.exists(escalation_id=escalation_id, settled_by_id__isnull=True):
            raise Conflict("A request to take something down is open: settle it first.", path=("input", "escalationId"))
        escalation.state, escalation.outcome, escalation.resolved_at = "resolved", outcome, moment
        escalation.acted_at = escalation.acted_at or moment
        escalation.owner_id = escalation.owner_id or membership_id
        if escalation.severity in REVIEWED_WITHIN:
            escalation.review_due_at = moment + REVIEWED_WITHIN[escalation.severity]
        escalation.next_at = escalation.ack_expires_at = escalation.silenced_until = None
        await keep(
            escalation,
            *("state", "outcome", "resolved_at", "acted_at", "owner_id", "next_at", "ack_expires_at", "silenced_until"),
            "review_due_at",
        )
        await end_exposure(escalation, moment=moment)
        await EscalationBrief.filter(escalation_id=escalation_id).update(is_open=False)
        if lifts_restriction:
            await Restriction.filter(escalation_id=escalation_id).update(lifted_at=moment)
        await note_step(escalation, "resolved", by_id=membership_id, note=note, moment=moment)
        await record("resolved", escalation, outcome=outcome, lifts_restriction=lifts_restriction)
