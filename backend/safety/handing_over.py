from datetime import datetime
from uuid import UUID

from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.safety.acknowledging import take
from backend.safety.holding import is_alive, locked, must_own, record
from backend.safety.models import EscalationStep
from backend.safety.staffing import staffing_of
from backend.safety.stepping import WORDS, note_step
from backend.safety.telling_colleagues import tell_colleagues
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def offer_escalation(
    actor: Actor, escalation_id: UUID, *, to_id: UUID, note: str, moment: datetime | None = None
) -> None:
    """Ask a colleague to take it over; until they accept, it stays with whoever has it. Of several offers the last
    counts. Raises NotAllowed, Invalid, Conflict where it is not the actor's, and NotFound for whoever may not take it."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=5_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        owner_id = await must_own(actor, escalation, moment=moment)
        staffing = await staffing_of(escalation.workspace_id, moment=moment)
        if to_id not in staffing.colleagues:
            raise NotFound(path=("input", "staffId"))
        if to_id == owner_id or not staffing.may_respond(to_id):
            raise Invalid("Somebody else who is trained for this client can take it over.", path=("input", "staffId"))
        step_id = await note_step(escalation, "offered", membership_id=to_id, by_id=owner_id, note=note, moment=moment)
        await is_alive(escalation, moment=moment)
        await tell_colleagues(
            [to_id],
            escalation,
            kind="escalation_offered",
            text="A colleague asks you to take over an escalation.",
            occasion=str(step_id),
            severity=WORDS[escalation.severity],
        )
        await record("offered", escalation, to=f"staff_{to_id}")


async def accept_escalation(actor: Actor, escalation_id: UUID, *, moment: datetime | None = None) -> None:
    """Take over what a colleague offers. Raises NotAllowed without the training, NotFound, and Conflict where it is not
    offered to the actor any more."""
    actor.must_hold(Right.WORK_QUEUE)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        staffing = await staffing_of(escalation.workspace_id, moment=moment)
        last = (
            await EscalationStep.filter(
                escalation_id=escalation_id, kind__in=("offered", "handed_over", "acknowledged", "decayed")
            )
            .order_by("-at", "-id")
            .first()
        )
        is_offered = (
            escalation.state == "acknowledged"
            and last is not None
            and last.kind == "offered"
            and last.membership_id == actor.membership_id
            and last.by_id == escalation.owner_id
        )
        if not is_offered or actor.membership_id is None:
            raise Conflict("Nobody offers you this escalation, or not any more.", path=("input", "escalationId"))
        if not staffing.may_respond(actor.membership_id):
            raise Conflict("You do not hold the certificates that this client asks for now.")
        before = escalation.owner_id
        await take(escalation, actor.membership_id, moment=moment)
        await note_step(escalation, "handed_over", membership_id=actor.membership_id, by_id=before, moment=moment)
        await record("handed_over", escalation, before={"owner": before}, after={"owner": actor.membership_id})
