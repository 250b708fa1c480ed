from datetime import datetime, timedelta
from uuid import UUID

from backend.kit.errors import Conflict, Invalid
from backend.kit.texts import clean
from backend.safety.exposing import end_exposure
from backend.safety.holding import locked, must_respond, record
from backend.safety.stepping import keep, note_step, set_timer
from backend.safety.thresholds import LONGEST_SILENCE
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def silence_escalation(
    actor: Actor, escalation_id: UUID, *, minutes: int, reason: str, moment: datetime | None = None
) -> None:
    """Nobody is paged until then; then it begins anew. Raises NotAllowed, NotFound, Invalid, and Conflict for one of
    severity 1, which is never silenced."""
    actor.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=2_000)
    if not timedelta(0) < timedelta(minutes=minutes) <= LONGEST_SILENCE:
        raise Invalid("A silence lasts between a minute and a day.", path=("input", "minutes"))
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if escalation.severity == 1:
            raise Conflict("What is of severity 1 is never silenced.", path=("input", "escalationId"))
        escalation.state = "silenced"
        escalation.owner_id = escalation.ack_expires_at = None
        escalation.silenced_until = escalation.next_at = moment + timedelta(minutes=minutes)
        await keep(escalation, "state", "owner_id", "ack_expires_at", "silenced_until", "next_at")
        await end_exposure(escalation, moment=moment)
        await note_step(escalation, "silenced", by_id=membership_id, note=reason, moment=moment)
        await set_timer(escalation)
        await record("silenced", escalation, minutes=minutes)
