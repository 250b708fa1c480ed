"""A drill goes through the whole chain, says everywhere that it is one, and is counted in no number but its own."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from cast import ask
from inbox import Inbox
from safety.conftest import House

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.notices import Notice
from backend.safety import (
    Escalation,
    EscalationBrief,
    SafetySettings,
    acknowledge_escalation,
    break_glass,
    drill_if_due,
    note_on_escalation,
    offer_escalation,
    resolve_escalation,
    safety_numbers,
    set_follow_up,
    set_safety_contacts,
    set_safety_settings,
    start_drill,
    tell_of_deadlines,
    write_review,
)
from tenants.scope import agency_scope

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def numbers(house: House) -> list[object]:
    """What is real, and the drills after it."""
    async with agency_scope(house.lead):
        rows = await safety_numbers(house.lead, house.client, since=now() - DAY, until=now() + DAY)
    return [[row for row in rows if row.is_drill is drill] for drill in (False, True)]


async def drilled(house: House) -> Escalation:
    async with agency_scope(house.lead):
        escalation_id = await start_drill(house.lead, house.client, kind="self_harm")
    return await house.of(escalation_id)


async def test_only_a_lead_starts_one_and_it_is_worked_as_the_real_one_is(house: House) -> None:
    async with agency_scope(house.responder):
        with pytest.raises(NotAllowed):
            await start_drill(house.responder, house.client, kind="self_harm")
    drill = await drilled(house)
    assert (drill.is_drill, drill.severity, drill.state, drill.protocol["version"]) == (True, 1, "triggered", 0)
    second = await house.step_at(drill.id, drill.next_at)
    assert (second.level, second.state) == (2, "triggered")
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, drill.id)
        await resolve_escalation(house.responder, drill.id, outcome="resolved", note="x", lifts_restriction=True)
        await write_review(house.responder, drill.id, what_happened="x", went_well="", to_change="", expected_version=0)
    assert (await house.of(drill.id)).review_due_at is not None


async def test_everything_that_tells_of_it_says_drill(house: House, inbox: Inbox) -> None:
    async with agency_scope(house.lead):
        await set_safety_contacts(house.lead, house.client, email="safety@client.example", telephony_url=None)
    drill = await drilled(house)
    await house.step_at(drill.id, drill.next_at)
    who = house.responder
    async with agency_scope(who):
        await acknowledge_escalation(who, drill.id)
        await offer_escalation(who, drill.id, to_id=house.second.membership_id, note="x")
    async with agency_scope(house.cast.owner):
        await break_glass(house.cast.owner, drill.id, reason="x")
    async with agency_scope(who):
        await resolve_escalation(who, drill.id, outcome="resolved", note="x", lifts_restriction=True)
        await set_follow_up(who, drill.id, what="x", owner_id=house.moderator.membership_id, due_at=now() + HOUR)
    async with agency_scope(house.system):
        await tell_of_deadlines(now() + 100 * HOUR)
        notices = await Notice.filter(subject_id=drill.id)
        brief = await EscalationBrief.get(escalation_id=drill.id)
    kinds = {notice.kind for notice in notices}
    assert kinds == {"escalation_drill", "escalation_offered", "glass_broken", "review_overdue"}
    assert all(notice.text.startswith("Drill: ") for notice in notices)
    assert brief.summary.startswith("Drill: ")
    await house.cast.run_jobs("page_outside", of=[house.client])
    for kind in ("gather_danger", "mail_danger", "gather_notices", "mail_notices"):
        await house.cast.run_jobs(kind, even_later=True)
    subjects = [mail["Subject"] for mail in inbox.mails]
    mine = [subject for subject in subjects if house.slug in subject]
    assert any("severity 1, self harm" in subject for subject in mine)
    assert all("Drill" in subject for subject in mine), mine


async def test_it_is_counted_apart_and_nowhere_else(house: House, api: httpx.AsyncClient) -> None:
    real = await house.raised()
    async with agency_scope(house.second):
        await acknowledge_escalation(house.second, real)
    before, none = await numbers(house)
    others = """query($w: ID!, $since: DateTime!, $until: DateTime!) {
        moderationNumbers(workspaceId: $w, since: $since, until: $until) { workload { staff { name } seconds } age { count } }
        integrityReport(workspaceId: $w, since: $since, until: $until) { lines { code } total { reported } } }"""
    window = {"since": "2026-01-01T00:00:00Z", "until": "2026-12-31T00:00:00Z", "w": f"workspace_{house.client}"}
    counted = await ask(api, house.token("lead"), others, **window)
    drill = await drilled(house)
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, drill.id)
        await note_on_escalation(house.responder, drill.id, note="x")
    after, drills = await numbers(house)
    assert after == before
    assert none != drills
    assert [(row.count, row.in_time, row.open) for row in drills] == [(1, 1, 1)] + [(0, 0, 0)] * 4
    assert await ask(api, house.token("lead"), others, **window) == counted


@pytest.fixture
async def wanting(house: House) -> AsyncIterator[House]:
    """Its agency wants drills for the time of a test; looked at for this client alone."""
    async with agency_scope(house.cast.system):
        settings, _ = await SafetySettings.get_or_create(defaults={"updated_at": now()})
        before = settings.has_monthly_drills
        await SafetySettings.all().update(has_monthly_drills=True)
    yield house
    async with agency_scope(house.cast.system):
        await SafetySettings.all().update(has_monthly_drills=before)


async def due(house: House, moment: object) -> bool:
    async with agency_scope(house.system):
        return await drill_if_due(house.system, moment) is not None


async def test_an_agency_that_wants_them_has_one_every_four_weeks_of_each_kind_in_turn(wanting: House) -> None:
    house, start = wanting, now()
    assert await due(house, start)
    assert not await due(house, start)
    assert not await due(house, start + 21 * DAY)
    assert await due(house, start + 28 * DAY)
    async with agency_scope(house.system):
        drills = await Escalation.filter(workspace_id=house.client).order_by("raised_at")
    assert [(each.kind, each.is_drill, each.raised_by_id) for each in drills] == [
        ("self_harm", True, None),
        ("threat_to_life", True, None),
    ]
    async with agency_scope(house.lead):
        await start_drill(house.lead, house.client, kind="other", moment=start + 50 * DAY)
    assert not await due(house, start + 56 * DAY), "one that was started by hand counts as well"
    assert await due(house, start + 77 * DAY)


async def test_a_real_one_is_no_drill_and_without_the_setting_there_is_none(wanting: House) -> None:
    house = wanting
    await house.raised()
    assert await due(house, now())
    async with agency_scope(house.cast.system):
        await SafetySettings.all().update(has_monthly_drills=False)
    assert not await due(house, now() + 400 * DAY)


async def test_the_settings_are_set_by_a_lead_of_the_whole_agency_over_those_they_read(house: House) -> None:
    with_ = {"has_monthly_drills": False, "acknowledge_within": None, "expected_version": 0}
    async with agency_scope(house.lead):
        with pytest.raises(Invalid):
            await set_safety_settings(house.lead, **with_)
    async with agency_scope(house.moderator):
        with pytest.raises(NotAllowed):
            await set_safety_settings(house.moderator, **with_)
    owner = house.cast.owner
    async with agency_scope(owner):
        known = await SafetySettings.get_or_none()
        with pytest.raises(Conflict):
            await set_safety_settings(owner, **{**with_, "expected_version": 1 + (known.version if known else 0)})
