"""A week of a busy client in simulated time, with the real order of work: nothing starves, and danger waits for minutes."""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from backend.moderation.ordering import risk
from backend.moderation.thresholds import TARGET
from backend.moderation.timing import Clock

MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
HOURS: Final = 7 * 24
# Of each tier: cases an hour, how grave their policies are, and minutes that one takes. 69 minutes of work an hour.
TIERS: Final = {
    "danger": (0.15, "severe", 6),
    "severe": (0.8, "severe", 5),
    "high": (5, "high", 3),
    "medium": (12, "medium", 2),
    "low": (25, "low", 1),
}
SLACK: Final = 3 * 6  # minutes: everybody has just begun with the longest
RAID: Final = range(2 * 24 + 18, 2 * 24 + 20)  # Wednesday evening: ten times as much of what is medium or low


@dataclass(eq=False)
class Case:
    """`by`: its virtual deadline."""

    tier: str
    opened_at: datetime
    by: datetime
    claimed_at: datetime = MONDAY
    place: int = 0  # of all, in the order of their claims

    @property
    def waited(self) -> timedelta:
        return self.claimed_at - self.opened_at

    @property
    def minutes(self) -> int:
        return TIERS[self.tier][2]


def opened(tier: str, at: datetime, *, reporters: int, views: int) -> Case:
    points = risk(severity=TIERS[tier][1], evidence_mass=reporters, is_at_risk=False, views=views)
    return Case(tier, at, Clock().deadlines(at, tier=tier, risk=points).virtual)


def week(seed: int, *, times: float = 1.0) -> list[Case]:
    """Evenings are three times as busy as nights."""
    dice, cases = random.Random(seed), []
    for hour in range(HOURS):
        busy = times * (1.5 if hour % 24 >= 16 else 0.5 if hour % 24 < 8 else 1.0)
        for tier, (per_hour, _, _) in TIERS.items():
            rate = per_hour * busy * (10 if hour in RAID and tier in ("medium", "low") else 1)
            minute = dice.expovariate(rate) * 60
            while minute < 60:
                at = MONDAY + timedelta(hours=hour, minutes=minute)
                reporters = dice.choice((1, 1, 1, 2, 3, 20 if hour in RAID else 4))
                cases.append(opened(tier, at, reporters=reporters, views=int(dice.expovariate(1 / 50))))
                minute += dice.expovariate(rate) * 60
    return sorted(cases, key=lambda case: case.opened_at)


def on_duty(at: datetime) -> int:
    """Nobody at night, few by day."""
    if at.hour < 8:
        return 0
    return (2 if at.hour < 16 else 3) - (at.weekday() >= 5)


def in_order(case: Case) -> tuple[bool, datetime]:
    """As claiming has it: danger first, then by virtual deadline."""
    return case.tier != "danger", case.by


def work_off(cases: Sequence[Case], order: Callable[[Case], Any] = in_order) -> None:
    """Minute by minute, until nothing waits: whoever is free takes the first."""
    waiting: list[tuple[Any, int, Case]] = []
    busy: list[datetime] = []
    at, come, claimed = MONDAY, 0, 0
    while come < len(cases) or waiting:
        while come < len(cases) and cases[come].opened_at <= at:
            heapq.heappush(waiting, (order(cases[come]), come, cases[come]))
            come += 1
        while busy and busy[0] <= at:
            heapq.heappop(busy)
        while waiting and len(busy) < on_duty(at):
            case = heapq.heappop(waiting)[2]
            case.claimed_at, case.place, claimed = at, claimed, claimed + 1
            heapq.heappush(busy, at + case.minutes * MINUTE)
        at += MINUTE


def capacity(since: datetime, until: datetime) -> int:
    """In minutes of work."""
    return sum(on_duty(since + n * MINUTE) for n in range((until - since) // MINUTE))


def longest_wait(cases: Sequence[Case], tier: str) -> timedelta:
    return max(case.waited for case in cases if case.tier == tier)


def test_in_a_week_with_nights_a_raid_and_few_reviewers_everybody_is_looked_at_in_time() -> None:
    cases = week(7)
    work_off(cases)
    for tier in ("high", "medium", "low"):
        assert longest_wait(cases, tier) <= TARGET[tier], tier
    by_day = [case for case in cases if case.tier == "danger" and on_duty(case.opened_at)]
    assert len(by_day) > 10
    assert max(case.waited for case in by_day) <= TARGET["danger"]


def test_where_more_comes_than_can_be_done_all_are_late_in_turn_and_nobody_for_ever() -> None:
    """What comes after a case's deadline has a later one itself, however grave it is (F6). So past its deadline a case waits
    for what was there by then, and is claimed once that is worked off."""
    cases = week(7, times=1.6)  # 40 % more than can be done
    work_off(cases)
    by_day = [case for case in cases if case.tier == "danger" and on_duty(case.opened_at)]
    assert max(case.waited for case in by_day) <= TARGET["danger"], "danger does not wait for what is late"
    late = [case for case in cases if case.claimed_at > case.by and case.tier != "danger"]
    assert len(late) > 1_000
    for case in late[::40]:
        before = [other for other in cases if case.by <= other.claimed_at and other.place < case.place]
        assert max((other.opened_at for other in before if other.tier != "danger"), default=MONDAY) < case.by
        assert capacity(case.by, case.claimed_at) <= sum(other.minutes for other in before) + SLACK
    assert longest_wait(cases, "low") <= 1.4 * TARGET["low"]


def test_a_brigade_makes_a_harmless_post_no_emergency() -> None:
    one, many = (opened("low", MONDAY, reporters=count, views=0) for count in (1, 1_000))
    danger = opened("danger", MONDAY + timedelta(hours=1), reporters=1, views=0)
    assert (one.by - MONDAY) * 0.8 < many.by - MONDAY < one.by - MONDAY
    assert danger.by < many.by
