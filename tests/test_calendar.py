"""Work at a local time of each client: once a day, also where the clock is put forward or back."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cast import Cast

from backend.kit.ids import new_id
from backend.moderation import open_workspace
from backend.outbox import Job, WorkspaceSlot
from tenants.scope import agency_scope
from workers.calendar import LocalEntry, fill_slots


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(zone: str, at: time, begin: str, end: str) -> list[str]:
    """As a worker finds them that looks every five minutes."""
    entry, moment, found = LocalEntry("k", at=at), utc(begin), []
    while moment < utc(end):
        slot = entry.latest_slot(moment, ZoneInfo(zone))
        if slot not in found:
            found.append(slot)
        moment += timedelta(minutes=5)
    return [f"{slot:%m-%dT%H:%M}" for slot in found]


def test_six_in_the_morning_is_six_in_summer_and_winter() -> None:
    assert slots("Europe/Paris", time(6), "2026-03-28T12:00", "2026-03-30T12:00") == [
        "03-28T05:00",
        "03-29T04:00",
        "03-30T04:00",
    ]


def test_a_time_that_the_clock_skips_comes_once_as_much_later() -> None:
    """02:30 of 29 March does not exist in Paris: 03:30 by the new time."""
    assert slots("Europe/Paris", time(2, 30), "2026-03-28T12:00", "2026-03-30T12:00") == [
        "03-28T01:30",
        "03-29T01:30",
        "03-30T00:30",
    ]


def test_a_time_that_comes_twice_is_taken_the_first_time_and_not_the_second() -> None:
    assert slots("Europe/Paris", time(2, 30), "2026-10-24T12:00", "2026-10-26T12:00") == [
        "10-24T00:30",
        "10-25T00:30",
        "10-26T01:30",
    ]


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns"]
)
def test_every_day_of_a_year_has_one_turn_wherever_one_lives(zone: str) -> None:
    for at in (time(0), time(0, 1), time(2, 15), time(23, 59)):
        entry, moment, found = LocalEntry("k", at=at), utc("2026-01-01T12:00"), []
        while moment < utc("2027-01-01T12:00"):
            slot = entry.latest_slot(moment, ZoneInfo(zone))
            assert slot <= moment
            if not found or slot != found[-1]:
                found.append(slot)
            moment += timedelta(hours=1)
        days = [slot.astimezone(ZoneInfo(zone)).date() for slot in found]
        assert len(set(days)) == len(days) >= 365
        assert found == sorted(found)


def test_a_day_that_never_was_has_no_turn_of_its_own() -> None:
    """Samoa went from 29 to 31 December 2011."""
    entry, moment, found = LocalEntry("k", at=time(6)), utc("2011-12-28T00:00"), set()
    while moment < utc("2012-01-02T00:00"):
        found.add(entry.latest_slot(moment, ZoneInfo("Pacific/Apia")))
        moment += timedelta(hours=1)
    days = sorted(slot.astimezone(ZoneInfo("Pacific/Apia")).date() for slot in found)
    assert date(2011, 12, 30) not in days
    assert len(days) == len(set(days))


def test_only_on_its_weekdays() -> None:
    entry = LocalEntry("k", at=time(6), weekdays=frozenset({0}))
    slot = entry.latest_slot(utc("2026-11-25T12:00"), ZoneInfo("Asia/Tokyo"))  # a Wednesday
    assert slot.astimezone(ZoneInfo("Asia/Tokyo")).isoformat() == "2026-11-23T06:00:00+09:00"


async def client_in(cast: Cast, zone: str, *, since: str = "2026-01-01T00:00") -> UUID:
    slug = f"z-{str(new_id())[-12:]}"
    async with agency_scope(cast.system) as scope:
        made = await open_workspace(cast.system, slug=slug, name=slug, time_zone=zone)
        await scope.execute("update workspaces set created_at = $2 where id = $1", made.id, utc(since))
    return made.id


async def turns(cast: Cast, client: UUID) -> tuple[list[str], int]:
    async with agency_scope(cast.system):
        found = await WorkspaceSlot.filter(workspace_id=client, name="morning").order_by("slot_at")
        jobs = await Job.filter(workspace_id=client, kind="morning").count()
        # As if it had been sent: the next turn is a job of its own.
        await Job.filter(workspace_id=client, kind="morning").update(dedupe_key=None, state="done")
    return [f"{slot.slot_at:%m-%dT%H:%M}" for slot in found], jobs


async def test_each_client_has_its_own_morning_and_after_a_pause_the_latest_one_is_caught_up_once(acme: Cast) -> None:
    calendar = (LocalEntry("morning", at=time(6)),)
    tokyo, new_york = await client_in(acme, "Asia/Tokyo"), await client_in(acme, "America/New_York")
    for _ in range(2):
        await fill_slots(utc("2026-06-01T03:00"), calendar=calendar)
    assert await turns(acme, tokyo) == (["05-31T21:00"], 1)
    assert await turns(acme, new_york) == (["05-31T10:00"], 1)
    for _ in range(2):
        await fill_slots(utc("2026-06-05T12:00"), calendar=calendar)
    assert await turns(acme, tokyo) == (["05-31T21:00", "06-04T21:00"], 2)
    assert await turns(acme, new_york) == (["05-31T10:00", "06-05T10:00"], 2)


async def test_what_was_due_before_a_client_came_is_not_its(acme: Cast) -> None:
    client = await client_in(acme, "Asia/Tokyo", since="2026-06-01T00:00")
    await fill_slots(utc("2026-06-01T03:00"), calendar=(LocalEntry("morning", at=time(6)),))
    assert await turns(acme, client) == ([], 0)
