"""From one level to the next: where an escalation is, and where time alone takes it. Pure; the hour is always given.

| from | when its time is over | to |
|---|---|---|
| triggered | | the next level that reaches anybody, each that does not is skipped and said |
| triggered, at the last | passes are left | level 1 of the next pass, after a pause (pending_repeat) where the policy wants one |
| triggered, at the last | none is left | exhausted: owners are paged, and again, until somebody takes it |
| pending_repeat | | triggered at level 1 |
| acknowledged | without a sign of life | triggered at level 1, whoever is on call by then |
| silenced | | triggered at level 1 |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backend.safety.thresholds import EXHAUSTED_AGAIN, NOBODY_AGAIN


@dataclass(frozen=True, slots=True)
class Ladder:
    """`waits`: seconds that each level has. `repeats`: how often it begins anew; None: for ever."""

    waits: tuple[int, ...]
    repeats: int | None
    repeat_after: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """`loop` only ever grows, so that no page has the key of another; repeats are counted from `began_loop`."""

    state: str
    level: int
    loop: int
    began_loop: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is paged, skipped, exhausted, decayed or sound_again. Owners are paged at the level after the last."""

    kind: str
    level: int
    loop: int


@dataclass(frozen=True, slots=True)
class Move:
    place: Place
    events: tuple[Event, ...]


def begin(ladder: Ladder, *, moment: datetime, covered: Sequence[bool], loop: int = 0) -> Move:
    """At level 1. `covered`: which levels reach anybody now, the first level first."""
    place = Place("triggered", 1, loop, loop, None)
    return _enter(place, ladder, level=1, moment=moment, covered=covered, events=())


def climb(place: Place, ladder: Ladder, *, moment: datetime, covered: Sequence[bool]) -> Move | None:
    """One step, however late it comes: every level has its whole time. None before it is due, and once it is resolved."""
    if place.next_at is None or moment < place.next_at:
        return None
    if place.state == "triggered":
        return _enter(place, ladder, level=place.level + 1, moment=moment, covered=covered, events=())
    if place.state == "pending_repeat":
        return _enter(place, ladder, level=1, moment=moment, covered=covered, events=())
    anew = replace(place, state="triggered", level=1, loop=place.loop + 1)
    if place.state == "exhausted":
        return _exhaust(replace(anew, level=len(ladder.waits) + 1), moment=moment, events=())
    said = Event("decayed" if place.state == "acknowledged" else "sound_again", place.level, place.loop)
    move = begin(ladder, moment=moment, covered=covered, loop=anew.loop)
    return Move(move.place, (said, *move.events))


def _enter(
    place: Place,
    ladder: Ladder,
    *,
    level: int,
    moment: datetime,
    covered: Sequence[bool],
    events: tuple[Event, ...],
) -> Move:
    for number in range(level, len(ladder.waits) + 1):
        if covered[number - 1]:
            paged = Event("paged", number, place.loop)
            until = moment + timedelta(seconds=ladder.waits[number - 1])
            return Move(replace(place, state="triggered", level=number, next_at=until), (*events, paged))
        events = (*events, Event("skipped", number, place.loop))
    return _repeat(replace(place, level=len(ladder.waits)), ladder, moment=moment, covered=covered, events=events)


def _repeat(
    place: Place, ladder: Ladder, *, moment: datetime, covered: Sequence[bool], events: tuple[Event, ...]
) -> Move:
    """After the last level. Where nobody is reached now, another pass at once would reach nobody either."""
    is_over = ladder.repeats is not None and place.loop - place.began_loop >= ladder.repeats
    if is_over or (ladder.repeats is not None and not any(covered)):
        return _exhaust(replace(place, level=len(ladder.waits) + 1), moment=moment, events=events)
    following = replace(place, loop=place.loop + 1, level=1)
    pause = ladder.repeat_after if any(covered) else max(ladder.repeat_after, NOBODY_AGAIN)
    if pause:
        return Move(
            replace(following, state="pending_repeat", next_at=moment + timedelta(seconds=pause)),
            events,
        )
    return _enter(following, ladder, level=1, moment=moment, covered=covered, events=events)


def _exhaust(place: Place, *, moment: datetime, events: tuple[Event, ...]) -> Move:
    again = moment + timedelta(seconds=EXHAUSTED_AGAIN)
    return Move(
        replace(place, state="exhausted", next_at=again), (*events, Event("exhausted", place.level, place.loop))
    )
