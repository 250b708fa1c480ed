"""The escalation at hand, locked; and whether somebody may answer for it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.safety.models import Escalation, EscalationReader
from backend.safety.staffing import staffing_of
from backend.safety.stepping import keep, set_timer
from tenants.actor import Actor


async def locked(escalation_id: UUID, *, must_be_open: bool = True) -> Escalation:
    """Held until the scope ends. Raises NotFound, Conflict for one that is resolved."""
    escalation = await Escalation.filter(id=escalation_id).select_for_update().first()
    if escalation is None:
        raise NotFound(path=("input", "escalationId"))
    if must_be_open and escalation.state == "resolved":
        raise Conflict("This escalation is resolved.", path=("input", "escalationId"))
    return escalation


async def must_respond(actor: Actor, escalation: Escalation, *, moment: datetime) -> UUID:
    """The actor's membership: trained for the client, and paged, on call, or the one who has it. Raises NotAllowed."""
    if actor.membership_id is None:
        raise NotAllowed
    staffing = await staffing_of(escalation.workspace_id, moment=moment)
    if not staffing.may_respond(actor.membership_id):
        raise NotAllowed("Only whoever holds the certificates that this client asks for may do this.")
    if (
        escalation.owner_id != actor.membership_id
        and not staffing.is_on_call(actor.membership_id, moment)
        and not await _was_let_in(escalation, actor.membership_id)
    ):
        raise NotAllowed("Only who was paged, or is on call, may do this.")
    return actor.membership_id


async def _was_let_in(escalation: Escalation, membership_id: UUID) -> bool:
    return await EscalationReader.filter(
        escalation_id=escalation.id, membership_id=membership_id, because__in=("paged", "responds")
    ).exists()


async def must_read(actor: Actor, escalation: Escalation, *, moment: datetime) -> UUID:
    """The actor's membership: a responder as in `must_respond`, or whoever broke the glass. Raises NotAllowed."""
    if actor.membership_id is not None:
        broken = await EscalationReader.get_or_none(
            escalation_id=escalation.id, membership_id=actor.membership_id, because="broke_glass"
        )
        if broken is not None and (broken.until is None or broken.until > moment):
            return actor.membership_id
    return await must_respond(actor, escalation, moment=moment)


async def must_own(actor: Actor, escalation: Escalation, *, moment: datetime) -> UUID:
    """Raises NotAllowed, Conflict where somebody else has it, or nobody."""
    membership_id = await must_respond(actor, escalation, moment=moment)
    if escalation.state != "acknowledged" or escalation.owner_id != membership_id:
        raise Conflict("This escalation is not yours: acknowledge it first.", path=("input", "escalationId"))
    return membership_id


async def is_alive(escalation: Escalation, *, moment: datetime) -> None:
    """Somebody has done something about it: an acknowledgement runs its whole time from now. Call while holding it."""
    if escalation.state != "acknowledged":
        return
    escalation.ack_expires_at = moment + timedelta(seconds=escalation.policy["decaysSeconds"])
    escalation.next_at = escalation.ack_expires_at
    escalation.acted_at = escalation.acted_at or moment
    await keep(escalation, "ack_expires_at", "next_at", "acted_at")
    await set_timer(escalation)


async def record(verb: str, escalation: Escalation, *, grounds: str | None = None, **detail: Any) -> None:
    """What staff says of a danger stands in its steps, for its readers; the journal has ids and our words."""
    await journal.record(
        f"escalation.{verb}",
        subject_kind="escalation",
        subject_id=escalation.id,
        workspace_id=escalation.workspace_id,
        grounds=grounds,
        **detail,
    )
