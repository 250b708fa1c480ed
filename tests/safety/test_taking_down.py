"""Requests under 47 U.S.C. 223a: 48 hours since they came, whoever asks is answered at once, and a clock that pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from inbox import Inbox
from safety.conftest import House

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid
from backend.notices import Notice
from backend.outbox import Job
from backend.safety import (
    EscalationStep,
    Requested,
    Takedown,
    acknowledge_escalation,
    complete_takedown,
    receive_takedown,
    settle_takedown,
    silence_escalation,
    tell_of_deadlines,
)
from tenants.scope import agency_scope

WHOLE = Requested(
    signature="A. B.", identification="The one on the beach.", location="https://example.com/1",
    good_faith="I never agreed.", contact="by mail", email="ab@example.com",
)  # fmt: skip


async def received(house: House, asked: Requested = WHOLE, *, hours_ago: float = 0, **danger: Any) -> Takedown:
    given = {"kind": "intimate_images", "impact": 2, "urgency": 3, "legal_basis": "take_it_down", **danger}
    escalation_id = await house.raised(**given)
    moment = now()
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
        takedown_id = await receive_takedown(
            house.responder, escalation_id, asked, received_at=moment - timedelta(hours=hours_ago)
        )
    return await of(house, takedown_id)


async def of(house: House, takedown_id: UUID) -> Takedown:
    async with agency_scope(house.system):
        return await Takedown.get(id=takedown_id)


async def test_a_whole_request_is_valid_when_it_comes(house: House) -> None:
    takedown = await received(house, hours_ago=3)
    assert takedown.valid_at == takedown.received_at
    assert takedown.deadline_at == takedown.received_at + timedelta(hours=48)
    assert (await house.of(takedown.escalation_id)).clock_from == takedown.received_at


async def test_whoever_asks_is_answered_at_once_with_what_is_missing(house: House, inbox: Inbox) -> None:
    asked = Requested(identification="The one on the beach.", contact="by mail", email="ab@example.com")
    takedown = await received(house, asked)
    assert takedown.valid_at is None
    [job] = await house.cast.run_jobs("answer_takedown", of=[house.client])
    assert job.state == "done", job.last_error
    text = inbox.to("ab@example.com")[-1].get_content()
    for said in ("your signature", "where it can be found", "without consent"):
        assert said in text
    assert "how you can be reached" not in text
    assert "beach" not in text
    takedown = await of(house, takedown.id)
    assert takedown.answered_at is not None
    async with agency_scope(house.responder):
        with pytest.raises(Invalid):  # what was said stays
            await complete_takedown(
                house.responder, takedown.id, Requested(contact="y"), expected_version=takedown.version
            )
        rest = Requested(signature="A. B.", location="here", good_faith="I never agreed.")
        await complete_takedown(house.responder, takedown.id, rest, expected_version=takedown.version)
    after = await of(house, takedown.id)
    assert after.valid_at is not None
    assert after.deadline_at == takedown.deadline_at
    await house.cast.run_jobs("answer_takedown", of=[house.client])
    assert "is complete" in inbox.to("ab@example.com")[-1].get_content()


async def test_at_36_hours_it_is_of_severity_1_and_pages(house: House) -> None:
    takedown = await received(house, hours_ago=20)
    assert (await house.of(takedown.escalation_id)).severity == 2
    at_36 = takedown.received_at + timedelta(hours=36)
    async with agency_scope(house.responder):
        await silence_escalation(house.responder, takedown.escalation_id, minutes=1_440, reason="waits for the site")
    async with agency_scope(house.system):
        timers = await Job.filter(kind="page_escalation", workspace_id=house.client)
        assert at_36 in [job.run_at for job in timers]  # its own, whatever else is waited for
    before = await house.step_at(takedown.escalation_id, at_36 - timedelta(seconds=1))
    assert (before.severity, before.state) == (2, "silenced")
    after = await house.step_at(takedown.escalation_id, at_36)
    assert (after.severity, after.state) == (1, "triggered")
    assert ("paged", 1, after.loop, "responder") in await house.steps(takedown.escalation_id)


async def test_one_that_was_written_down_late_is_as_grave_as_its_clock_says(house: House) -> None:
    takedown = await received(house, hours_ago=37)
    assert (await house.of(takedown.escalation_id)).severity == 1


async def test_what_is_open_is_told_at_36_hours_and_at_48_and_never_once_it_is_settled(house: House) -> None:
    takedown, settled = await received(house), await received(house)
    async with agency_scope(house.responder):
        with pytest.raises(Invalid):
            await settle_takedown(
                house.responder, settled.id, removed_at=None, refusal=None, expected_version=settled.version
            )
        await settle_takedown(
            house.responder, settled.id, removed_at=now(), copies=["https://example.com/2"], hash_types=["pdq"],
            refusal=None, expected_version=settled.version,
        )  # fmt: skip
        with pytest.raises(Conflict):
            await settle_takedown(
                house.responder, settled.id, removed_at=None, refusal="x", expected_version=settled.version + 1
            )
    for hours, count in ((35.9, 0), (36, 1), (47.9, 1), (48, 2), (60, 2)):
        async with agency_scope(house.system):
            await tell_of_deadlines(takedown.received_at + timedelta(hours=hours))
            told = await Notice.filter(kind="deadline_missed", workspace_id=house.client)
        assert [notice.subject_id for notice in told] == [takedown.escalation_id] * count
    after = await of(house, settled.id)
    assert (after.copies, after.hash_types, after.settled_by_id) == (
        ["https://example.com/2"], ["pdq"], house.responder.membership_id,
    )  # fmt: skip
    async with agency_scope(house.system):
        steps = await EscalationStep.filter(escalation_id=settled.escalation_id, kind__startswith="takedown")
    assert [step.kind for step in steps] == ["takedown_received", "takedown_settled"]


async def test_nothing_is_removed_before_it_was_asked_for_or_asked_for_tomorrow(house: House) -> None:
    takedown = await received(house)
    async with agency_scope(house.responder):
        with pytest.raises(Invalid):
            await settle_takedown(
                house.responder, takedown.id, removed_at=takedown.received_at - timedelta(hours=1), refusal=None,
                expected_version=takedown.version,
            )  # fmt: skip
        with pytest.raises(Invalid):
            await receive_takedown(
                house.responder, takedown.escalation_id, WHOLE, received_at=now() + timedelta(hours=1)
            )
        with pytest.raises(Invalid):
            first_moment = datetime(1, 1, 1, tzinfo=UTC)
            await receive_takedown(house.responder, takedown.escalation_id, WHOLE, received_at=first_moment)
