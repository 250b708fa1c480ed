"""Who is on call: beside a reference that walks from shift to shift, hour by hour, over changes of daylight saving time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.safety import Calendar
from backend.safety.taking_turns import Layer, Override, Turns, changes, on_call_at

ADA, BEN, CLEO, DAN = PEOPLE = [UUID(int=number) for number in range(1, 5)]
PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")
]
# Around the changes of daylight saving time of 2026 in these zones.
SPRING = datetime(2026, 3, 25, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 22, tzinfo=UTC)


def everybody(_: UUID) -> bool:
    return True


def shown(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment a clock there shows it first; where it never does, as much later as it skips."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def reference(turns: Turns, level: int, moment: datetime, may: set[UUID]) -> UUID | None:
    """Plainly: whose shift has begun last, of the last layer that covers the minute; then whoever stands in."""

    def by_layers(allowed: set[UUID]) -> UUID | None:
        found = None
        for layer in turns.layers:
            if layer.level != level or moment < layer.starts_at:
                continue
            if layer.ends_at is not None and layer.ends_at <= moment:
                continue
            local = moment.astimezone(turns.zone)
            minute, day = local.hour * 60 + local.minute, local.weekday()
            spans_midnight = layer.until_minute < layer.from_minute
            if spans_midnight and minute < layer.until_minute:
                day = (local.date() - timedelta(days=1)).weekday()
            elif spans_midnight:
                if minute < layer.from_minute:
                    continue
            elif not layer.from_minute <= minute < layer.until_minute:
                continue
            if layer.weekdays and day not in layer.weekdays:
                continue
            evening = (
                local.date() - timedelta(days=1) if spans_midnight and minute < layer.until_minute else local.date()
            )
            if layer.holidays == "not_on" and evening in layer.calendar:
                continue
            if layer.holidays == "only_on" and evening not in layer.calendar:
                continue
            begin, turn = layer.starts_at.astimezone(turns.zone).replace(tzinfo=None), 0
            while shown(begin + timedelta(hours=layer.shift_hours), turns.zone) <= moment:
                begin, turn = begin + timedelta(hours=layer.shift_hours), turn + 1
            who = layer.turns[turn % len(layer.turns)]
            if who in allowed:
                found = who
        return found

    for override in turns.overrides[::-1]:
        if override.level != level or not override.starts_at <= moment < override.ends_at or override.who not in may:
            continue
        if override.instead_of in (None, by_layers(set(PEOPLE))):
            return override.who
    return by_layers(may)


def sum_of(pair: tuple[datetime, timedelta]) -> datetime:
    return pair[0] + pair[1]


moments = st.integers(0, 9 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
layers = st.builds(
    lambda start, hours, turns, days, span, length, holidays, off: Layer(
        1,
        start,
        hours,
        turns,
        frozenset(days),
        *span,
        None if length is None else start + length,
        holidays,
        frozenset(start.date() + timedelta(days=day) for day in off),
    ),
    st.tuples(st.sampled_from((SPRING, AUTUMN)), moments).map(sum_of),
    st.sampled_from((1, 5, 8, 12, 24, 168)),
    st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4),
    st.sets(st.integers(0, 6), max_size=3),
    st.sampled_from(((0, 1440), (540, 1020), (1320, 360), (150, 165), (60, 180))),
    st.one_of(st.none(), moments.filter(bool)),
    st.sampled_from(("ignored", "not_on", "only_on")),
    st.sets(st.integers(0, 9), max_size=5),
)
overrides = st.builds(
    lambda who, instead, start, length: Override(1, who, instead, start, start + length),
    st.sampled_from(PEOPLE),
    st.one_of(st.none(), st.sampled_from(PEOPLE)),
    st.tuples(st.sampled_from((SPRING, AUTUMN)), moments).map(sum_of),
    moments.filter(bool),
)
rotas = st.builds(Turns, st.sampled_from(ZONES), st.lists(layers, max_size=3), st.lists(overrides, max_size=3))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    turns=rotas,
    base=st.sampled_from((SPRING, AUTUMN)),
    offsets=st.lists(moments, min_size=5, max_size=5),
    may=st.sets(st.sampled_from(PEOPLE), min_size=1),
)
def test_who_is_on_call_is_who_the_reference_finds(
    turns: Turns, base: datetime, offsets: list[timedelta], may: set[UUID]
) -> None:
    for offset in offsets:
        moment = base + offset
        assert on_call_at(turns, 1, moment, may=may.__contains__) == reference(turns, 1, moment, may), moment


@settings(max_examples=40, deadline=None, derandomize=True)
@given(turns=rotas, base=st.sampled_from((SPRING, AUTUMN)), offset=moments)
def test_between_two_changes_nobody_else_comes_on_call(turns: Turns, base: datetime, offset: timedelta) -> None:
    since = base + offset
    until = since + timedelta(days=3)
    known = changes(turns, since=since, until=until)
    assert known[0] == since
    moment, place = since, 0
    while moment < until:
        while place + 1 < len(known) and known[place + 1] <= moment:
            place += 1
        assert on_call_at(turns, 1, moment, may=everybody) == on_call_at(turns, 1, known[place], may=everybody), moment
        moment += timedelta(minutes=5)


def night(*, weekdays: frozenset[int] = frozenset()) -> Turns:
    """From 22:00 to 6:00 in Paris, Ada and Ben in turn, a day each."""
    start = datetime(2026, 10, 19, 22, tzinfo=PARIS)  # a Monday
    return Turns(PARIS, [Layer(1, start, 24, [ADA, BEN], weekdays, 22 * 60, 6 * 60)])


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        (datetime(2026, 10, 24, 21, 59, tzinfo=PARIS), None),
        (datetime(2026, 10, 24, 22, 0, tzinfo=PARIS), BEN),
        (datetime(2026, 10, 25, 2, 30, tzinfo=PARIS), BEN),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=PARIS), BEN),  # the hour that comes twice
        (datetime(2026, 10, 25, 5, 59, tzinfo=PARIS), BEN),
        (datetime(2026, 10, 25, 6, 0, tzinfo=PARIS), None),
        (datetime(2026, 10, 25, 22, 0, tzinfo=PARIS), ADA),
    ],
)
def test_a_night_of_nine_hours_ends_at_six_all_the_same(moment: datetime, who: UUID | None) -> None:
    assert on_call_at(night(), 1, moment, may=everybody) == who


def test_a_night_is_of_the_day_on_which_it_begins() -> None:
    sundays = night(weekdays=frozenset({6}))
    assert on_call_at(sundays, 1, datetime(2026, 10, 26, 5, tzinfo=PARIS), may=everybody) == ADA
    assert on_call_at(sundays, 1, datetime(2026, 10, 25, 5, tzinfo=PARIS), may=everybody) is None


def test_a_swap_over_midnight_is_of_the_one_who_swapped_alone() -> None:
    swap = Override(1, CLEO, BEN, datetime(2026, 10, 20, 23, tzinfo=PARIS), datetime(2026, 10, 21, 1, tzinfo=PARIS))
    turns = Turns(PARIS, night().layers, [swap])
    assert [
        on_call_at(turns, 1, datetime(2026, 10, 20, 22, tzinfo=PARIS) + timedelta(hours=hours), may=everybody)
        for hours in range(5)
    ] == [BEN, CLEO, CLEO, BEN, BEN]


def test_over_a_year_somebody_else_has_the_holidays_from_midnight_to_midnight_there() -> None:
    """In Bavaria, hour by hour: beside a list of its holidays that was written by hand."""
    bavaria = {(1, 1), (1, 6), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (6, 4), (10, 3), (11, 1), (12, 25), (12, 26)}
    start = datetime(2026, 1, 1, tzinfo=PARIS)
    known = Calendar("DE", "BY")
    days = Layer(1, start, 24, [ADA, BEN], holidays="not_on", calendar=known)
    both = Turns(PARIS, [days, Layer(1, start, 168, [CLEO], holidays="only_on", calendar=known)])
    moment, hours = start.astimezone(UTC), 0
    while (local := moment.astimezone(PARIS)).year == 2026:
        day = (local.date() - start.date()).days
        who = CLEO if (local.month, local.day) in bavaria else [ADA, BEN][day % 2]
        assert on_call_at(both, 1, moment, may=everybody) == who, local
        hours += who == CLEO
        moment += timedelta(hours=1)
    assert hours == 12 * 24, "none of them is a day on which the clock changes"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", date(2026, 10, 25), 25),
        ("Europe/Paris", date(2026, 3, 29), 23),
        ("Asia/Beirut", date(2026, 3, 29), 23),
    ],
    ids=["twice", "skipped", "without a midnight"],
)
def test_a_holiday_is_as_long_as_its_day(zone: str, day: date, hours: int) -> None:
    """Also where the clock is put forward at midnight, so that the day begins at one."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    calendar = Calendar(own={day: "Day of ours"})
    turns = Turns(ZoneInfo(zone), [Layer(1, start, 744, [ADA], holidays="not_on", calendar=calendar)])
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    edges = [*changes(turns, since=since, until=since + timedelta(days=5)), since + timedelta(days=5)]
    free = sum(
        (end - begin for begin, end in pairwise(edges) if on_call_at(turns, 1, begin, may=everybody) is None),
        timedelta(),
    )
    assert free == timedelta(hours=hours)


def test_the_night_into_a_holiday_is_worked_and_the_one_out_of_it_is_not() -> None:
    [layer] = night().layers
    turns = Turns(PARIS, [replace(layer, holidays="not_on", calendar={date(2026, 10, 24)})])
    found = [
        on_call_at(turns, 1, datetime(2026, 10, day, hour, tzinfo=PARIS), may=everybody)
        for day, hour in ((24, 5), (24, 23), (25, 5), (25, 23))
    ]
    assert found == [ADA, None, None, ADA]


def test_of_two_layers_the_later_counts_and_where_hers_may_not_the_one_beneath() -> None:
    start = datetime(2026, 10, 19, tzinfo=UTC)
    turns = Turns(ZoneInfo("UTC"), [Layer(1, start, 24, [ADA]), Layer(1, start, 24, [BEN])])
    assert on_call_at(turns, 1, start, may=everybody) == BEN
    assert on_call_at(turns, 1, start, may=lambda who: who != BEN) == ADA
    assert on_call_at(turns, 1, start, may=lambda _: False) is None
    assert on_call_at(turns, 2, start, may=everybody) is None
