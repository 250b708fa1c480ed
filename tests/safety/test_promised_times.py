"""What an agency promises, what law leaves of it, and what the client instructs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import ask
from safety.conftest import House

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.safety import (
    Notification,
    Requested,
    SafetyFiling,
    SafetySettings,
    Takedown,
    acknowledge_escalation,
    draft_filing,
    receive_takedown,
    regrade_escalation,
    resolve_escalation,
    safety_numbers,
    set_safety_contacts,
    set_safety_settings,
    settle_takedown,
)
from tenants.scope import agency_scope

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OURS = [300, 900, 7_200, 86_400, 432_000]
THEIRS = [120, 600, 3_600, 7_200, 7_200]


async def promise(house: House, within: list[int] | None) -> None:
    owner = house.cast.owner
    async with agency_scope(owner):
        known = await SafetySettings.get_or_none()
        await set_safety_settings(
            owner,
            has_monthly_drills=False if known is None else known.has_monthly_drills,
            acknowledge_within=within,
            expected_version=0 if known is None else known.version,
        )


@pytest.fixture
async def promising(house: House) -> AsyncIterator[House]:
    """Tests share the agency: what is usual holds before and after."""
    await promise(house, None)
    yield house
    await promise(house, None)


async def test_each_escalation_keeps_what_was_promised_when_it_was_raised_or_graded(promising: House) -> None:
    house = promising
    before = await house.raised(impact=2, urgency=2)
    await promise(house, THEIRS)
    after = await house.raised(impact=2, urgency=2)
    assert [(await house.of(each)).promised_seconds for each in (before, after)] == [900, 600]
    async with agency_scope(house.responder):
        await regrade_escalation(house.responder, before, impact=1, urgency=1, reason="x")
        await regrade_escalation(house.responder, after, impact=1, urgency=1, reason="x")
    assert [(await house.of(each)).promised_seconds for each in (before, after)] == [120, 120]


async def test_the_board_counts_each_by_its_own_promise(promising: House) -> None:
    house = promising
    start = now()
    kept = await house.raised()
    await promise(house, THEIRS)
    broken = await house.raised()
    for escalation_id in (kept, broken):
        async with agency_scope(house.responder):
            await acknowledge_escalation(house.responder, escalation_id, moment=now() + 4 * MINUTE)
    async with agency_scope(house.lead):
        rows = await safety_numbers(house.lead, house.client, since=start - HOUR, until=start + HOUR)
    assert [row.promised_seconds for row in rows[:5]] == THEIRS
    assert (rows[0].in_time, rows[0].count) == (1, 2)


@pytest.mark.parametrize(
    "within",
    [
        [300, 900, 7_200, 86_400],
        [59, 900, 7_200, 86_400, 432_000],
        [900, 300, 7_200, 86_400, 432_000],
        [45 * 60 + 1, 7_200, 7_200, 86_400, 432_000],
        [300, 36 * 3_600 + 1, 48 * 3_600, 86_400 * 5, 432_000],
        [300, 900, 48 * 3_600 + 1, 86_400 * 5, 432_000],
        [300, 900, 7_200, 86_400 * 5 + 1, 86_400 * 10],
        [300, 900, 7_200, 86_400, 86_400 * 10 + 1],
    ],
    ids=["four", "too soon", "out of order", "order", "take down", "notices", "fourth", "fifth"],
)
async def test_a_promise_is_never_looser_than_law_leaves(promising: House, within: list[int]) -> None:
    with pytest.raises(Invalid):
        await promise(promising, within)
    assert (await promising.of(await promising.raised())).promised_seconds == OURS[0]


async def test_the_loosest_can_be_promised(promising: House) -> None:
    await promise(promising, [45 * 60, 36 * 3_600, 48 * 3_600, 86_400 * 5, 86_400 * 10])
    assert (await promising.of(await promising.raised())).promised_seconds == 45 * 60


async def test_nothing_is_resolved_while_law_waits_for_something_to_be_taken_down(house: House) -> None:
    escalation_id = await house.raised(kind="intimate_images")
    over: dict[str, Any] = {"outcome": "resolved", "note": "x", "lifts_restriction": True}
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
        takedown_id = await receive_takedown(
            house.responder, escalation_id, Requested("x", "x", "x", "x", "x"), received_at=now()
        )
        with pytest.raises(Conflict, match="settle it first"):
            await resolve_escalation(house.responder, escalation_id, **over)
    assert (await house.of(escalation_id)).state == "acknowledged"
    async with agency_scope(house.responder):
        version = (await Takedown.get(id=takedown_id)).version
        await settle_takedown(
            house.responder, takedown_id, removed_at=None, refusal="Not shown.", expected_version=version
        )
        await resolve_escalation(house.responder, escalation_id, **over)
    assert (await house.of(escalation_id)).state == "resolved"


async def test_the_clients_instruction_is_seen_and_stops_nothing(house: House, api: httpx.AsyncClient) -> None:
    before = await house.raised()

    async def instruct(words: str | None) -> None:
        async with agency_scope(house.lead):
            await set_safety_contacts(house.lead, house.client, email=None, telephony_url=None, no_authorities=words)

    await instruct("Ask our lawyers first.")
    after = await house.raised()
    query = "query($e: ID!) { node(id: $e) { ... on Escalation { clientInstruction } } }"
    for escalation_id in (before, after):
        shown = await ask(api, house.token("responder"), query, e=f"escalation_{escalation_id}")
        assert shown["data"]["node"] == {"clientInstruction": "Ask our lawyers first."}
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, after)
        told = Notification("x", "now", "x", ("DE",), "x", "x", "x")
        filing_id = await draft_filing(house.responder, after, told)
        assert (await SafetyFiling.get(id=filing_id)).state == "drafted"
        await resolve_escalation(house.responder, after, outcome="resolved", note="x", lifts_restriction=True)
    await instruct(None)
    assert (await house.of(before)).client_instruction is None
    assert (await house.of(after)).client_instruction == "Ask our lawyers first.", "what is over keeps what held then"
