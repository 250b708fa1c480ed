from datetime import datetime, timedelta
from uuid import UUID

from backend.kit.errors import Conflict
from backend.kit.texts import clean
from backend.safety.exposing import begin_exposure
from backend.safety.holding import is_alive, locked, must_respond, record
from backend.safety.models import Escalation
from backend.safety.stepping import keep, let_read, note_step, set_timer
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def acknowledge_escalation(actor: Actor, escalation_id: UUID, *, moment: datetime | None = None) -> None:
    """The actor has it from now on, and sees what it is about. Without a sign of life it is taken from them again, and
    whoever is on call by then is paged. Again by the same: a sign of life.

    Raises NotAllowed for whoever is not trained, or neither paged nor on call; NotFound; Conflict where it is
    resolved, or somebody else was faster.
    """
    actor.must_hold(Right.WORK_QUEUE)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if escalation.state == "acknowledged":
            if escalation.owner_id != membership_id:
                raise Conflict("Somebody has this escalation already.", path=("input", "escalationId"))
            await is_alive(escalation, moment=moment)
        else:
            await take(escalation, membership_id, moment=moment)
            await note_step(escalation, "acknowledged", membership_id=membership_id, by_id=membership_id, moment=moment)
        await record("acknowledged", escalation)


async def note_on_escalation(actor: Actor, escalation_id: UUID, *, note: str, moment: datetime | None = None) -> None:
    """Say what was done or found out: a sign of life. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=5_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        await note_step(escalation, "noted", by_id=membership_id, note=note, moment=moment)
        if escalation.owner_id == membership_id:
            await is_alive(escalation, moment=moment)
        await record("noted", escalation)


async def take(escalation: Escalation, membership_id: UUID, *, moment: datetime) -> None:
    """It is theirs. Call while holding it."""
    escalation.state, escalation.owner_id, escalation.silenced_until = "acknowledged", membership_id, None
    escalation.acknowledged_at = escalation.acknowledged_at or moment
    escalation.ack_expires_at = moment + timedelta(seconds=escalation.policy["decaysSeconds"])
    escalation.next_at = escalation.ack_expires_at
    await keep(escalation, "state", "owner_id", "silenced_until", "acknowledged_at", "ack_expires_at", "next_at")
    await begin_exposure(escalation, membership_id, moment=moment)
    await let_read(escalation, [membership_id], because="responds", until=None)
    await set_timer(escalation)
