"""When a message goes, on a clock of our own."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.notices.scheduling import Hours, due_at
from backend.notices.thresholds import BURST


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BERLIN = Hours("Europe/Berlin", digest_hour=8)
NOON = utc("2026-07-01 12:00")


def test_at_once_is_now() -> None:
    assert due_at(NOON, "at_once", hours=BERLIN) == NOON


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        # Europe/Berlin puts its clock forward on 29 March 2026, and back on 25 October.
        ("2026-03-27 12:00", "2026-03-28 07:00"),
        ("2026-03-28 12:00", "2026-03-29 06:00"),
        ("2026-03-29 05:59", "2026-03-29 06:00"),
        ("2026-03-29 06:00", "2026-03-30 06:00"),
        ("2026-10-24 12:00", "2026-10-25 07:00"),
        ("2026-10-25 06:30", "2026-10-25 07:00"),
        ("2026-12-31 23:30", "2027-01-01 07:00"),
    ],
)
def test_a_daily_digest_comes_at_the_local_hour_also_when_the_clock_changes(moment: str, due: str) -> None:
    assert due_at(utc(moment), "daily", hours=BERLIN) == utc(due)


def test_an_hour_that_there_is_twice_comes_once_and_one_that_is_skipped_comes_an_hour_later() -> None:
    two = Hours("Europe/Berlin", digest_hour=2)
    first = due_at(utc("2026-10-24 12:00"), "daily", hours=two)
    assert first == utc("2026-10-25 00:00")
    assert due_at(first, "daily", hours=two) == utc("2026-10-26 01:00")
    assert due_at(utc("2026-03-28 12:00"), "daily", hours=two) == utc("2026-03-29 01:00")


@pytest.mark.parametrize(
    ("zone", "due"),
    [("UTC", "2026-07-01 13:00"), ("Asia/Kolkata", "2026-07-01 12:30"), ("Asia/Kathmandu", "2026-07-01 12:15")],
)
def test_an_hourly_digest_comes_when_the_clock_there_is_at_the_full_hour(zone: str, due: str) -> None:
    assert due_at(utc("2026-07-01 12:10"), "hourly", hours=Hours(zone)) == utc(due)


@pytest.mark.parametrize(
    ("quiet", "moment", "due"),
    [
        ((22, 7), "2026-07-01 19:59", "2026-07-01 19:59"),
        ((22, 7), "2026-07-01 20:00", "2026-07-02 05:00"),
        ((22, 7), "2026-07-02 04:59", "2026-07-02 05:00"),
        ((22, 7), "2026-07-02 05:00", "2026-07-02 05:00"),
        ((12, 14), "2026-07-01 10:30", "2026-07-01 12:00"),
        ((0, 0), "2026-07-01 22:00", "2026-07-01 22:00"),
        ((22, 7), "2026-03-28 22:00", "2026-03-29 05:00"),
        ((22, 7), "2026-10-24 21:00", "2026-10-25 06:00"),
    ],
)
def test_quiet_hours_are_waited_out(quiet: tuple[int, int], moment: str, due: str) -> None:
    hours = Hours("Europe/Berlin", quiet_from=quiet[0], quiet_until=quiet[1])
    assert due_at(utc(moment), "at_once", hours=hours) == utc(due)


def test_a_digest_in_quiet_hours_comes_when_they_end() -> None:
    hours = Hours("Europe/Berlin", digest_hour=6, quiet_from=22, quiet_until=7)
    assert due_at(NOON, "daily", hours=hours) == utc("2026-07-02 05:00")


@pytest.mark.parametrize("how", ["at_once", "hourly", "daily"])
def test_danger_breaks_through_everything(how: str) -> None:
    night = utc("2026-07-01 23:00")
    hours = Hours("Europe/Berlin", quiet_from=22, quiet_until=7)
    assert due_at(night, how, is_danger=True, hours=hours, latest=night) == night


def test_the_first_of_a_burst_goes_at_once_and_the_others_together_when_it_is_over() -> None:
    first = due_at(NOON, "at_once", hours=BERLIN)
    second = due_at(NOON + timedelta(seconds=10), "at_once", hours=BERLIN, latest=first)
    third = due_at(NOON + timedelta(minutes=4), "at_once", hours=BERLIN, latest=second)
    later = due_at(NOON + 2 * BURST, "at_once", hours=BERLIN, latest=third)
    assert (first, second, third, later) == (NOON, NOON + BURST, NOON + BURST, NOON + 2 * BURST)


def test_what_waits_for_the_morning_goes_together() -> None:
    hours = Hours("Europe/Berlin", quiet_from=22, quiet_until=7)
    first = due_at(utc("2026-07-01 21:00"), "at_once", hours=hours)
    second = due_at(utc("2026-07-01 23:00"), "at_once", hours=hours, latest=first)
    assert first == second == utc("2026-07-02 05:00")
