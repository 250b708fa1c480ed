"""Who holds what when a turn ends: listed, and told to whoever has it and to whoever is on call then."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.safety.models import Escalation
from backend.safety.staffing import Staffing, staffing_of
from backend.safety.taking_turns import Turns, changes, on_call_at
from backend.safety.telling_colleagues import tell_colleagues
from backend.safety.thresholds import HANDED_OVER_DOWN_TO, LOOKED_AHEAD, TURN_ENDED_WITHIN, TURN_ENDS_WITHIN
from backend.safety.watching_reviews import was_told
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Held:
    """An open escalation that somebody has. `turn_ends_at`: when they are no longer on call, or were last, a day ago at most;
    None for who was not, and for whose turn does not end within two weeks. `next_id`: who is on call then in their place."""

    escalation_id: UUID
    owner_id: UUID
    turn_ends_at: datetime | None
    is_over: bool
    next_id: UUID | None


async def hand_over_list(actor: Actor, workspace_id: UUID, *, moment: datetime | None = None) -> list[Held]:
    """Of severity 1 to 3, the earliest end first. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.WORK_QUEUE)
    await find_workspace(workspace_id)
    return await held_in(workspace_id, moment=moment or await current().now())


async def held_in(workspace_id: UUID, *, moment: datetime) -> list[Held]:
    open_ = await Escalation.filter(
        workspace_id=workspace_id, state="acknowledged", severity__lte=HANDED_OVER_DOWN_TO
    ).order_by("raised_at", "id")
    if not open_:
        return []
    staffing = await staffing_of(workspace_id, moment=moment)
    found = [_held(escalation, staffing, moment=moment) for escalation in open_]
    never = moment + 2 * LOOKED_AHEAD
    return sorted(found, key=lambda each: each.turn_ends_at or never)


async def tell_of_turns(moment: datetime) -> None:
    """Half an hour before a turn ends, and after it where nobody looked then: once for each end. Call while holding the lock of
    deadlines."""
    scope = current()
    rows = await scope.fetch(
        """select distinct workspace_id from escalations
            where agency_id = $1 and ($2 or workspace_id = any($3)) and state = 'acknowledged' and severity <= $4
            order by workspace_id""",
        scope.actor.agency_id,
        scope.actor.sees_all,
        list(scope.actor.workspaces or ()),
        HANDED_OVER_DOWN_TO,
    )
    for row in rows:
        for held in await held_in(row["workspace_id"], moment=moment):
            if held.turn_ends_at is None or held.turn_ends_at > moment + TURN_ENDS_WITHIN:
                continue
            occasion = f"{held.owner_id} {held.turn_ends_at:%m%d%H%M}"
            if not await was_told(held.escalation_id, "turn_ends", occasion):
                await tell_colleagues(
                    [each for each in (held.owner_id, held.next_id) if each is not None],
                    await Escalation.get(id=held.escalation_id),
                    kind="turn_ends",
                    text="A turn ends, and an escalation is to be handed over: offer it, and accept it.",
                    occasion=occasion,
                )


def _held(escalation: Escalation, staffing: Staffing, *, moment: datetime) -> Held:
    owner_id = escalation.owner_id
    assert owner_id is not None
    ends = [
        end
        for turns in staffing.rotas.values()
        for level in turns.levels
        if (end := _end_of(turns, level, owner_id, staffing, moment=moment)) is not None
    ]
    if not ends:
        is_on_call = bool(staffing.rotas) and staffing.is_on_call(owner_id, moment)
        return Held(escalation.id, owner_id, None, bool(staffing.rotas) and not is_on_call, None)
    # Who is on call by two rotas has no turn that ends until the later one does.
    ends_at, next_id = max(ends, key=lambda end: end[0])
    return Held(escalation.id, owner_id, ends_at, ends_at <= moment, next_id)


def _end_of(
    turns: Turns, level: int, who: UUID, staffing: Staffing, *, moment: datetime
) -> tuple[datetime, UUID | None] | None:
    """The first moment from now on at which they are no longer on call; else the last one within a day."""
    last: tuple[datetime, UUID | None] | None = None
    was_on_call = False
    for at in changes(turns, since=moment - TURN_ENDED_WITHIN, until=moment + LOOKED_AHEAD):
        on_call = on_call_at(turns, level, at, may=staffing.may_respond)
        if was_on_call and on_call != who:
            last = (at, on_call)
            if at > moment:
                return last
        elif on_call == who and at > moment and not was_on_call:
            break  # a turn to come ends later: it is the one before that counts
        was_on_call = on_call == who
    return None if was_on_call else last
