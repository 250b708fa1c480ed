"""What is learned from an escalation: a review of it, and what follows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.safety.after_models import EscalationReview, FollowUp
from backend.safety.holding import locked, must_read, record
from backend.safety.staffing import staffing_of
from backend.safety.stepping import keep, note_step
from backend.safety.thresholds import LONGEST_FOLLOW_UP, MOST_FOLLOW_UPS
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def write_review(
    actor: Actor,
    escalation_id: UUID,
    *,
    what_happened: str,
    went_well: str,
    to_change: str,
    expected_version: int,
    moment: datetime | None = None,
) -> None:
    """Of one that is over; again, to change it. `expected_version`: 0 where there is none yet. Raises NotAllowed, NotFound,
    Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    words = {
        "what_happened": clean(what_happened, field="whatHappened", longest=10_000),
        "went_well": clean(went_well, field="wentWell", longest=10_000, may_be_empty=True),
        "to_change": clean(to_change, field="toChange", longest=10_000, may_be_empty=True),
    }
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        escalation = await locked(escalation_id, must_be_open=False)
        membership_id = await must_read(actor, escalation, moment=moment)
        if escalation.state != "resolved":
            raise Conflict("It is not over yet.", path=("input", "escalationId"))
        review = await EscalationReview.get_or_none(escalation_id=escalation_id)
        if expected_version != (0 if review is None else review.version):
            raise Conflict("Somebody has changed it meanwhile: read it again.", path=("input", "expectedVersion"))
        written: dict[str, Any] = {
            **words,
            "by_id": membership_id,
            "changed_at": moment,
            "version": expected_version + 1,
        }
        if review is None:
            written |= {"workspace_id": escalation.workspace_id, "escalation_id": escalation_id}
            await EscalationReview.create(**written, created_at=moment)
            escalation.reviewed_at = moment
            await keep(escalation, "reviewed_at")
        else:
            await EscalationReview.filter(id=review.id).update(**written)
        await note_step(escalation, "reviewed", by_id=membership_id, moment=moment)
        await record("reviewed", escalation, version=expected_version + 1)


async def set_follow_up(
    actor: Actor, escalation_id: UUID, *, what: str, owner_id: UUID, due_at: datetime, moment: datetime | None = None
) -> UUID:
    """Something is to change after an escalation, by whom and when. They see this sentence, and nothing else of it unless
    they are its reader. Its id. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    what = clean(what, field="what", longest=2_000)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        if not moment < due_at <= moment + LONGEST_FOLLOW_UP:
            raise Invalid(f"It is due within {LONGEST_FOLLOW_UP.days} days.", path=("input", "dueAt"))
        escalation = await locked(escalation_id, must_be_open=False)
        membership_id = await must_read(actor, escalation, moment=moment)
        if owner_id not in (await staffing_of(escalation.workspace_id, moment=moment)).colleagues:
            raise NotFound(path=("input", "staffId"))
        if await FollowUp.filter(escalation_id=escalation_id).count() >= MOST_FOLLOW_UPS:
            raise Conflict(f"An escalation has at most {MOST_FOLLOW_UPS}.", path=("input", "escalationId"))
        made = await FollowUp.create(
            id=new_id(),
            workspace_id=escalation.workspace_id,
            escalation_id=escalation_id,
            what=what,
            by_id=owner_id,
            due_at=due_at,
            asked_by_id=membership_id,
            created_at=moment,
        )
        await note_step(escalation, "follow_up_set", membership_id=owner_id, by_id=membership_id, moment=moment)
        await record("follow_up_set", escalation, follow_up=f"followup_{made.id}", owner=f"staff_{owner_id}")
        return made.id


async def finish_follow_up(actor: Actor, follow_up_id: UUID, *, note: str, moment: datetime | None = None) -> None:
    """It is done: by whose it is, or a reader of the escalation. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.REPORT)
    note = clean(note, field="note", longest=2_000, may_be_empty=True)
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        known = await FollowUp.get_or_none(id=follow_up_id)
        if known is None:
            raise NotFound(path=("input", "followUpId"))
        escalation = await locked(known.escalation_id, must_be_open=False)
        follow_up = await FollowUp.get(id=follow_up_id)
        if actor.membership_id is None or actor.membership_id != follow_up.by_id:
            await must_read(actor, escalation, moment=moment)
        if follow_up.done_at is not None:
            raise Conflict("This was done before.", path=("input", "followUpId"))
        await FollowUp.filter(id=follow_up_id).update(done_at=moment, done_note=note)
        await note_step(
            escalation, "follow_up_done", membership_id=follow_up.by_id, by_id=actor.membership_id, moment=moment
        )
        await record("follow_up_done", escalation, follow_up=f"followup_{follow_up_id}")
