from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.kit.errors import Invalid
from backend.kit.texts import clean
from backend.safety.holding import is_alive, locked, must_respond, record
from backend.safety.stepping import note_contact
from backend.safety.thresholds import EARLIEST
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

WHOM: Final = ("emergency_services", "authority", "platform", "client", "member", "relative", "other")
BY: Final = ("mail", "telephone", "form", "chat", "in_person")


async def record_contact(
    actor: Actor,
    escalation_id: UUID,
    *,
    whom: str,
    channel: str,
    note: str,
    told_at: datetime,
    moment: datetime | None = None,
) -> None:
    """Who was told what, when and by what; never changed. `note` names them. Also once the escalation is over. Raises
    NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=5_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        if not EARLIEST <= told_at <= moment + timedelta(minutes=1):
            raise Invalid("They were told before now, and in this century.", path=("input", "toldAt"))
        escalation = await locked(escalation_id, must_be_open=False)
        membership_id = await must_respond(actor, escalation, moment=moment)
        await note_contact(escalation, whom=whom, channel=channel, by_id=membership_id, note=note, moment=told_at)
        if escalation.owner_id == membership_id:
            await is_alive(escalation, moment=moment)
        await record("contacted", escalation, whom=whom, channel=channel)
