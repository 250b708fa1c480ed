from datetime import datetime
from uuid import UUID

from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean
from backend.safety.holding import is_alive, locked, must_respond, record
from backend.safety.models import EscalationStep
from backend.safety.stepping import note_item
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def tick_item(
    actor: Actor, escalation_id: UUID, *, key: str, is_done: bool, note: str, moment: datetime | None = None
) -> None:
    """An item of the escalation's protocol is done; or, with `is_done` false, it is not after all, and the note says why.
    Nothing that was said is taken away: the last word counts. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    note = clean(note, field="note", longest=5_000, may_be_empty=is_done)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id)
        membership_id = await must_respond(actor, escalation, moment=moment)
        if key not in {item["key"] for item in escalation.protocol["items"]}:
            raise NotFound(path=("input", "key"))
        last = await last_ticks(escalation_id)
        if (key in last and last[key].kind == "item_done") is is_done:
            said = "This is ticked already." if is_done else "This is not ticked."
            raise Conflict(said, path=("input", "key"))
        kind = "item_done" if is_done else "item_undone"
        await note_item(escalation, kind, key=key, by_id=membership_id, note=note, moment=moment)
        if escalation.owner_id == membership_id:
            await is_alive(escalation, moment=moment)
        await record(kind, escalation, item=key)


async def last_ticks(escalation_id: UUID) -> dict[str, EscalationStep]:
    """By key of the item, the last word about it."""
    steps = await EscalationStep.filter(escalation_id=escalation_id, kind__in=("item_done", "item_undone")).order_by(
        "at", "id"
    )
    return {step.target: step for step in steps}
