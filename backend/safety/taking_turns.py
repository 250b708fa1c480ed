"""Who is on call at a moment. Pure.

Shifts change by the local clock, also over a change of daylight saving time: a shift from 22:00 to 6:00 ends at 6:00,
whether it lasted seven hours or nine. Where the clock shows a time twice, the first counts; where it skips one, as much
later as it skips. Holidays begin and end at midnight there, but for a night, which is of the day on which it begins.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS: Final = ("ignored", "not_on", "only_on")


@dataclass(frozen=True, slots=True)
class Layer:
    """`turns` take shifts of `shift_hours` one after the other since `starts_at`. On `weekdays` (none: all), from
    `from_minute` to `until_minute` of the local day; over midnight where that is earlier: then the weekday is that of
    the evening. On days of `calendar` it is not, or on these alone, as `holidays` says: ignored, not_on or only_on. Layers
    are given in the order in which later ones count."""

    level: int
    starts_at: datetime
    shift_hours: int
    turns: Sequence[UUID]
    weekdays: frozenset[int] = frozenset()
    from_minute: int = 0
    until_minute: int = 1440
    ends_at: datetime | None = None
    holidays: str = "ignored"
    calendar: Container[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Override:
    """`who` instead of whoever is on call, or of `instead_of` alone. Of several the last counts."""

    level: int
    who: UUID
    instead_of: UUID | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Turns:
    zone: ZoneInfo
    layers: Sequence[Layer]
    overrides: Sequence[Override] = ()

    @property
    def levels(self) -> list[int]:
        return sorted({layer.level for layer in self.layers} | {override.level for override in self.overrides})


def on_call_at(turns: Turns, level: int, moment: datetime, *, may: Callable[[UUID], bool]) -> UUID | None:
    """Who is on call; None for nobody. Of whom `may` says no nothing is expected: then a layer beneath counts, or whom
    they stand in for."""
    for override in reversed(turns.overrides):
        if override.level == level and override.starts_at <= moment < override.ends_at and may(override.who):
            if override.instead_of is None:
                return override.who
            if override.instead_of == _by_layers(turns, level, moment, may=lambda _: True):
                return override.who
    return _by_layers(turns, level, moment, may=may)


def _by_layers(turns: Turns, level: int, moment: datetime, *, may: Callable[[UUID], bool]) -> UUID | None:
    for layer in reversed(turns.layers):
        if layer.level == level and _covers(layer, moment, turns.zone):
            who = layer.turns[_shift(layer, moment, turns.zone) % len(layer.turns)]
            if may(who):
                return who
    return None


def _covers(layer: Layer, moment: datetime, zone: ZoneInfo) -> bool:
    if moment < layer.starts_at or (layer.ends_at is not None and moment >= layer.ends_at):
        return False
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    day = day_of(layer, moment, zone)
    if layer.from_minute < layer.until_minute:
        is_within = layer.from_minute <= minute < layer.until_minute
    else:
        is_within = minute < layer.until_minute or minute >= layer.from_minute
    is_of_days = not layer.weekdays or day.weekday() in layer.weekdays
    is_of_year = layer.holidays == "ignored" or (day in layer.calendar) == (layer.holidays == "only_on")
    return is_within and is_of_days and is_of_year


def day_of(layer: Layer, moment: datetime, zone: ZoneInfo) -> date:
    """On which day, to the layer, the moment is: what a night has after midnight is of the evening before."""
    local = moment.astimezone(zone)
    is_after_midnight = layer.until_minute < layer.from_minute and local.hour * 60 + local.minute < layer.until_minute
    return local.date() - timedelta(days=is_after_midnight)


def _shift(layer: Layer, moment: datetime, zone: ZoneInfo) -> int:
    """The number of the shift, from 0. Boundaries are local times, compared as the moments they are."""
    start = layer.starts_at.astimezone(zone).replace(tzinfo=None)
    passed = moment.astimezone(zone).replace(tzinfo=None) - start
    number = max(0, passed // timedelta(hours=layer.shift_hours) - 1)
    while _boundary(start, number + 1, layer.shift_hours, zone) <= moment:
        number += 1
    return number


def _boundary(start: datetime, number: int, shift_hours: int, zone: ZoneInfo) -> datetime:
    return (start + timedelta(hours=shift_hours * number)).replace(tzinfo=zone).astimezone(UTC)


def without_holidays(turns: Turns) -> Turns:
    """As it would be if no day were one."""
    return replace(turns, layers=[replace(layer, calendar=frozenset()) for layer in turns.layers])


def changes(turns: Turns, *, since: datetime, until: datetime) -> list[datetime]:
    """Every moment in between at which somebody else may be on call, in order; `since` is the first."""
    found = {since}
    for layer in turns.layers:
        found |= {layer.starts_at, *([layer.ends_at] if layer.ends_at else ())}
        found |= set(_of_days(layer, turns.zone, since, until))
        start = layer.starts_at.astimezone(turns.zone).replace(tzinfo=None)
        number = _shift(layer, max(since, layer.starts_at), turns.zone)
        while (boundary := _boundary(start, number, layer.shift_hours, turns.zone)) < until:
            found.add(boundary)
            number += 1
    for override in turns.overrides:
        found |= {override.starts_at, override.ends_at}
    return sorted(moment for moment in found if since <= moment < until)


def _of_days(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterable[datetime]:
    """When its hours begin and end, and its days. Both of two where the clock goes back: then it may cover twice."""
    day = (since.astimezone(zone) - timedelta(days=1)).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    while day.replace(tzinfo=zone).astimezone(UTC) < until:
        for minute in {0, layer.from_minute, layer.until_minute % 1440}:
            local = day + timedelta(minutes=minute)
            yield from (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        # The hour that is shown twice or not at all begins and ends at moments of its own.
        noon = day + timedelta(hours=12)
        if noon.replace(tzinfo=zone).utcoffset() != (noon + timedelta(days=1)).replace(tzinfo=zone).utcoffset():
            first = noon.replace(tzinfo=zone).astimezone(UTC)
            yield from (first + timedelta(minutes=15 * step) for step in range(100))
        day += timedelta(days=1)
