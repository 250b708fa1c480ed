"""When nobody is on call: told days ahead, and paged when it is so."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend.education import changes_of_training
from backend.notices import Recipient, tell
from backend.safety.knowing_holidays import Calendar
from backend.safety.staffing import Staffing, staffing_of
from backend.safety.taking_turns import Turns, changes, day_of, on_call_at, without_holidays
from backend.safety.thresholds import LOOKED_AHEAD
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right, Role
from tenants.scope import current

SHORTEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """From a moment until another nobody is on call on this level of a rota. `holidays`: their names, where somebody would
    be if these were days as any other."""

    rota_id: UUID
    level: int
    starts_at: datetime
    ends_at: datetime
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnCall:
    """`membership_id` is None for nobody."""

    rota_id: UUID
    level: int
    membership_id: UUID | None


async def coverage_gaps(actor: Actor, workspace_id: UUID, *, moment: datetime | None = None) -> list[Gap]:
    """Within LOOKED_AHEAD, of the client's rotas and the agency's, the earliest first. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_STAFF)
    await find_workspace(workspace_id)
    return await gaps_of(workspace_id, moment=moment or await current().now())


async def who_is_on_call(actor: Actor, workspace_id: UUID, *, moment: datetime | None = None) -> list[OnCall]:
    """By rota and level. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.READ_STAFF)
    await find_workspace(workspace_id)
    moment = moment or await current().now()
    staffing = await staffing_of(workspace_id, moment=moment)
    return [
        OnCall(rota_id, level, on_call_at(turns, level, moment, may=staffing.may_respond))
        for rota_id, turns in staffing.rotas.items()
        for level in turns.levels
    ]


async def gaps_of(workspace_id: UUID, *, moment: datetime) -> list[Gap]:
    found: list[Gap] = []
    async for start, end, staffing in spans_of(workspace_id, moment=moment):
        for rota_id, turns in staffing.rotas.items():
            for level in turns.levels:
                if on_call_at(turns, level, start, may=staffing.may_respond) is None:
                    names = _holidays(turns, level, start, may=staffing.may_respond)
                    _add(found, Gap(rota_id, level, start, end, names))
    return sorted(
        (gap for gap in found if gap.ends_at - gap.starts_at >= SHORTEST), key=lambda gap: (gap.starts_at, gap.level)
    )


async def spans_of(workspace_id: UUID, *, moment: datetime) -> AsyncIterator[tuple[datetime, datetime, Staffing]]:
    """Within LOOKED_AHEAD, one after the other: from a moment until another the same people are on call, and who works there."""
    until = moment + LOOKED_AHEAD
    known = await staffing_of(workspace_id, moment=moment)
    moments = await _moments(known, since=moment, until=until)
    # Who may answer changes when certificates and memberships begin or end, and at no other moment.
    changing = await _changes_of_people(known, since=moment, until=until)
    as_of = moment
    for start, end in zip(moments, [*moments[1:], until], strict=True):
        if any(as_of < change <= start for change in changing):
            as_of, known = start, await staffing_of(workspace_id, moment=start)
        yield start, end, known


async def watch_coverage(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: of each client. A gap of now is paged to leads and owners, as danger; gaps to come are told once each."""
    rows = await current().fetch(
        """select id from workspaces where agency_id = $1 and deletes_at is null and ($2 or id = any($3)) order by id""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
    )
    moment = await current().now()
    for row in rows:
        await current().lock(locks.ESCALATING, f"coverage of {row['id']}")  # of two who look at once one tells
        gaps = await gaps_of(row["id"], moment=moment)
        if gaps:
            staffing = await staffing_of(row["id"], moment=moment)
            responsible = staffing.of_role(Role.LEAD) or staffing.of_role(Role.OWNER)
            for gap in gaps:
                is_now = gap.starts_at <= moment
                await _tell(row["id"], gap, responsible, is_now=is_now)


async def _tell(workspace_id: UUID, gap: Gap, responsible: list[UUID], *, is_now: bool) -> None:
    """One of now is told anew every day it lasts; one to come once."""
    kind = "nobody_on_call" if is_now else "coverage_gap"
    when = f"{gap.starts_at:%Y-%m-%d}" if is_now else f"{gap.starts_at:%m%d%H%M}-{gap.ends_at:%m%d%H%M}"
    occasion = f"{gap.level} {when}"
    scope = current()
    told = await scope.fetch(
        """select membership_id from notices
            where agency_id = $1 and subject_id = $2 and kind = $3 and occasion = $4 and membership_id = any($5)""",
        scope.actor.agency_id,
        gap.rota_id,
        kind,
        occasion,
        responsible,
    )
    known = {row["membership_id"] for row in told}
    await tell(
        [Recipient(membership_id=each) for each in responsible if each not in known],
        kind=kind,
        subject_id=gap.rota_id,
        workspace_id=workspace_id,
        text="Nobody is on call there now." if is_now else "Within two weeks nobody is on call there for a while.",
        occasion=occasion,
    )


async def _moments(staffing: Staffing, *, since: datetime, until: datetime) -> list[datetime]:
    found = {since, *await _changes_of_people(staffing, since=since, until=until)}
    for turns in staffing.rotas.values():
        found |= set(changes(turns, since=since, until=until))
    return sorted(found)


async def _changes_of_people(staffing: Staffing, *, since: datetime, until: datetime) -> list[datetime]:
    people = sorted({who for turns in staffing.rotas.values() for who in _people(turns)} or staffing.responders)
    rows = await current().fetch(
        """select distinct at from memberships m, unnest(array[m.starts_at, m.ends_at]) at
            where m.agency_id = $1 and m.id = any($2) and at > $3 and at < $4""",
        current().actor.agency_id,
        people,
        since,
        until,
    )
    return sorted({*(row["at"] for row in rows), *await changes_of_training(people, since=since, until=until)})


def _people(turns: Turns) -> set[UUID]:
    return {who for layer in turns.layers for who in layer.turns} | {override.who for override in turns.overrides}


def _holidays(turns: Turns, level: int, moment: datetime, *, may: Callable[[UUID], bool]) -> tuple[str, ...]:
    if on_call_at(without_holidays(turns), level, moment, may=may) is None:
        return ()
    days = [(layer.calendar, day_of(layer, moment, turns.zone)) for layer in turns.layers if layer.level == level]
    names = [calendar.name_of(day) for calendar, day in days if isinstance(calendar, Calendar)]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _add(found: list[Gap], gap: Gap) -> None:
    """Together with the one before it where that goes on."""
    for place in range(len(found) - 1, -1, -1):
        before = found[place]
        if (before.rota_id, before.level) == (gap.rota_id, gap.level):
            if before.ends_at == gap.starts_at:
                names = tuple(dict.fromkeys((*before.holidays, *gap.holidays)))
                found[place] = Gap(gap.rota_id, gap.level, before.starts_at, gap.ends_at, names)
                return
            break
    found.append(gap)
