from datetime import datetime
from uuid import UUID

from backend.kit.errors import NotAllowed
from backend.kit.texts import clean
from backend.safety.holding import locked, record
from backend.safety.staffing import staffing_of
from backend.safety.stepping import let_read, note_step
from backend.safety.telling_colleagues import tell_colleagues
from backend.safety.thresholds import GLASS_HOLDS
from tenants.actor import Actor
from tenants.rights import Right, Role
from tenants.scope import current


async def break_glass(actor: Actor, escalation_id: UUID, *, reason: str, moment: datetime | None = None) -> datetime:
    """See what an escalation is about without being its responder: for a shift, with a reason that whoever has it is told
    of and the journal keeps. Until when. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.HOLD)
    if actor.membership_id is None:
        raise NotAllowed
    reason = clean(reason, field="reason", longest=2_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id, must_be_open=False)
        until = moment + GLASS_HOLDS
        await let_read(escalation, [actor.membership_id], because="broke_glass", until=until)
        step_id = await note_step(escalation, "glass_broken", by_id=actor.membership_id, note=reason, moment=moment)
        if escalation.owner_id is not None:
            told = [escalation.owner_id]
        else:
            told = (await staffing_of(escalation.workspace_id, moment=moment)).of_role(Role.OWNER)
        await tell_colleagues(
            [each for each in told if each != actor.membership_id],
            escalation,
            kind="glass_broken",
            text="Somebody looks at an escalation without being its responder. Its steps say who, and why.",
            occasion=str(step_id),
        )
        await record("glass_broken", escalation, grounds=reason, until=until)
        return until
