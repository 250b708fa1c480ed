"""An escalation from being raised to its end: who is paged when, who has it, and what time does to it. The hours are the
test's own; the database is real."""

import asyncio
from contextvars import Context
from datetime import datetime, timedelta

import pytest
from safety.conftest import House

from backend.education import set_training_requirement
from backend.evidence import EvidenceSnapshot, Hold
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.moderation import Case, ClaimRecord, claim_next
from backend.notices import NoticeDelivery
from backend.outbox import enqueue
from backend.people import suspend
from backend.safety import (
    Escalation,
    EscalationPolicy,
    Level,
    Target,
    WantedPolicy,
    accept_escalation,
    acknowledge_escalation,
    note_on_escalation,
    offer_escalation,
    regrade_escalation,
    resolve_escalation,
    set_escalation_policies,
    silence_escalation,
)
from tenants.scope import agency_scope

MINUTE = timedelta(minutes=1)


def pages(steps: list[tuple[str, int | None, int | None, str]]) -> list[tuple[int | None, int | None, str]]:
    return [(level, loop, who.split("-")[0]) for kind, level, loop, who in steps if kind == "paged"]


async def test_responders_are_paged_at_once_then_leads_then_owners_then_all_again(house: House) -> None:
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    for minutes in (5, 10, 15):
        await house.step_at(escalation_id, start + minutes * MINUTE)
    steps = await house.steps(escalation_id)
    assert [step[0] for step in steps if step[0] != "paged"] == ["raised"]
    assert pages(steps) == [
        (1, 0, "responder"),
        (1, 0, "second"),
        (2, 0, "lead"),
        (3, 0, "owner"),
        (1, 1, "responder"),
        (1, 1, "second"),
    ]


async def test_a_step_before_its_time_pages_nobody(house: House) -> None:
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    before = await house.steps(escalation_id)
    after = await house.step_at(escalation_id, start + 5 * MINUTE - timedelta(microseconds=1))
    assert (await house.steps(escalation_id), after.level) == (before, 1)


async def test_two_workers_on_one_timer_page_once(house: House) -> None:
    escalation_id = await house.raised()
    due = (await house.of(escalation_id)).raised_at + 5 * MINUTE
    async with asyncio.timeout(30):
        await asyncio.gather(*(house.step_at(escalation_id, due) for _ in range(4)))
    assert [level for level, _, _ in pages(await house.steps(escalation_id))] == [1, 1, 2]


async def test_whoever_acknowledges_a_second_before_has_it_and_nobody_else_is_paged(house: House) -> None:
    escalation_id = await house.raised()
    due = (await house.of(escalation_id)).raised_at + 5 * MINUTE
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id, moment=due - timedelta(seconds=1))
    escalation = await house.step_at(escalation_id, due)
    assert (escalation.state, escalation.owner_id) == ("acknowledged", house.responder.membership_id)
    assert {level for level, _, _ in pages(await house.steps(escalation_id))} == {1}


async def test_a_step_that_comes_while_somebody_acknowledges_waits_and_finds_it_taken(house: House) -> None:
    escalation_id = await house.raised()
    due = (await house.of(escalation_id)).raised_at + 5 * MINUTE
    async with asyncio.timeout(30):
        async with agency_scope(house.responder):
            await acknowledge_escalation(house.responder, escalation_id, moment=due - timedelta(seconds=1))
            step = asyncio.create_task(house.step_at(escalation_id, due), context=Context())
            await asyncio.sleep(0.3)
            assert not step.done()
        assert (await step).state == "acknowledged"


async def test_of_two_who_acknowledge_together_one_has_it(house: House) -> None:
    escalation_id = await house.raised()

    async def take(who: str) -> str:
        try:
            async with agency_scope(house.people[who]):
                await acknowledge_escalation(house.people[who], escalation_id)
        except Conflict:
            return "late"
        return "has it"

    async with asyncio.timeout(30):
        assert sorted(await asyncio.gather(take("responder"), take("second"))) == ["has it", "late"]


async def test_without_a_sign_of_life_it_begins_anew_and_every_deed_is_one(house: House) -> None:
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id, moment=start)
        await note_on_escalation(house.responder, escalation_id, note="I call him.", moment=start + 14 * MINUTE)
    assert (await house.step_at(escalation_id, start + 15 * MINUTE)).state == "acknowledged"
    escalation = await house.step_at(escalation_id, start + 29 * MINUTE)
    assert (escalation.state, escalation.level, escalation.loop, escalation.owner_id) == ("triggered", 1, 1, None)
    assert (escalation.acknowledged_at, escalation.acted_at) == (start, start + 14 * MINUTE)
    assert [step[0] for step in await house.steps(escalation_id)][-3:] == ["decayed", "paged", "paged"]


async def test_an_owner_who_is_suspended_is_taken_for_gone_at_once(house: House) -> None:
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id, moment=start)
    async with agency_scope(house.cast.owner):
        await suspend(house.cast.owner, house.responder.membership_id)
    escalation = await house.step_at(escalation_id, start + MINUTE)
    assert escalation.state == "triggered"
    assert pages(await house.steps(escalation_id))[-1:] == [(1, 1, "second")]


async def test_whoever_is_suspended_between_two_pages_gets_no_second(house: House) -> None:
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    async with agency_scope(house.cast.owner):
        await suspend(house.cast.owner, house.responder.membership_id)
    for minutes in (5, 10, 15):
        await house.step_at(escalation_id, start + minutes * MINUTE)
    assert [who for level, loop, who in pages(await house.steps(escalation_id)) if loop == 1] == ["second"]


async def test_a_policy_that_is_edited_meanwhile_changes_nothing_that_is_open(house: House) -> None:
    escalation_id = await house.raised()
    before = await house.of(escalation_id)
    owners = WantedPolicy(5, [Level(60, [Target("owners")])])
    async with agency_scope(house.lead):
        await set_escalation_policies(house.lead, house.client, expected_version=0, policies=[owners])
    await house.step_at(escalation_id, before.raised_at + 5 * MINUTE)
    assert pages(await house.steps(escalation_id))[-1] == (2, 0, "lead")
    other = await house.raised()
    assert pages(await house.steps(other)) == [(1, 0, "owner")]
    async with agency_scope(house.lead):
        await set_escalation_policies(house.lead, house.client, expected_version=1, policies=[])
    assert len((await house.of(await house.raised())).policy["levels"]) == 3
    async with agency_scope(house.system):
        assert await EscalationPolicy.filter(workspace_id=house.client).count() == 2


async def test_a_level_that_reaches_nobody_is_skipped_and_said(house: House) -> None:
    nobody_then_lead = WantedPolicy(
        5, [Level(60, [Target("client_contact"), Target("telephony")]), Level(60, [Target("leads")])]
    )
    async with agency_scope(house.lead):
        await set_escalation_policies(house.lead, house.client, expected_version=0, policies=[nobody_then_lead])
    escalation_id = await house.raised()
    assert [step[:3] for step in await house.steps(escalation_id)] == [
        ("raised", None, None),
        ("skipped", 1, 0),
        ("paged", 2, 0),
    ]


async def test_who_raises_the_same_joins_and_it_only_gets_graver(house: House) -> None:
    case = await house.case()
    first = await house.raised(case, impact=3, urgency=3)
    assert (await house.of(first)).severity == 3
    assert await house.raised(case, by=house.responder, impact=4, urgency=4, summary="Not so bad.") == first
    assert (await house.of(first)).severity == 3
    assert await house.raised(case, by=house.responder, summary="He has left a letter.") == first
    escalation = await house.of(first)
    assert (escalation.severity, escalation.loop, escalation.state) == (1, 1, "triggered")


async def test_what_is_raised_while_somebody_resolves_the_same_is_paged_anew(house: House) -> None:
    case = await house.case()
    first = await house.raised(case)
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, first)
    async with asyncio.timeout(30):
        async with agency_scope(house.responder):
            await resolve_escalation(
                house.responder, first, outcome="stood_down", note="He laughed.", lifts_restriction=True
            )
            raising = asyncio.create_task(house.raised(case, by=house.second), context=Context())
            await asyncio.sleep(0.3)
            assert not raising.done()
        second = await raising
    assert second != first
    assert (await house.of(second)).state == "triggered"
    assert "joined" not in {step[0] for step in await house.steps(first)}


@pytest.mark.parametrize(
    "summary", [" ", "\u200b", "\u3164", "\u2800\uffa0"], ids=["blank", "zero width", "Hangul's filler", "Braille's"]
)
async def test_a_summary_of_which_nothing_is_seen_says_nothing(house: House, summary: str) -> None:
    case = await house.case()
    with pytest.raises(Invalid):
        await house.raised(case, summary=summary)
    async with agency_scope(house.system):
        assert not await Escalation.exists(workspace_id=house.client)


async def test_two_who_raise_the_same_at_once_raise_one(house: House) -> None:
    case = await house.case()
    async with asyncio.timeout(30):
        raised = await asyncio.gather(*(house.raised(case, by=who) for who in (house.moderator, house.lead)))
    assert len(set(raised)) == 1


@pytest.mark.parametrize(
    ("impact", "urgency", "legal_basis", "severity"),
    [(None, None, None, 1), (None, 4, None, 2), (4, 4, None, 5), (4, 4, "tco_order", 1), (4, 4, "take_it_down", 2), (3, 2, None, 3)],
)  # fmt: skip
async def test_how_grave_it_is_stands_in_a_table_and_law_says_what_it_is_at_least(
    house: House, impact: int | None, urgency: int | None, legal_basis: str | None, severity: int
) -> None:
    escalation_id = await house.raised(impact=impact, urgency=urgency, legal_basis=legal_basis)
    assert (await house.of(escalation_id)).severity == severity


async def test_a_deadline_in_law_makes_it_graver_by_itself(house: House) -> None:
    escalation_id = await house.raised(impact=4, urgency=4, legal_basis="take_it_down")
    start = (await house.of(escalation_id)).raised_at
    escalation = await house.step_at(escalation_id, start + timedelta(hours=36))
    assert (escalation.severity, escalation.level, escalation.loop) == (1, 1, 1)


async def test_raising_keeps_the_evidence_holds_the_member_and_takes_the_claim_back(house: House) -> None:
    case = await house.case()
    async with agency_scope(house.moderator):
        claim = await claim_next(house.moderator)
    assert claim is not None
    assert claim.case_id == case.id
    await house.raised(case)
    async with agency_scope(house.system):
        assert await EvidenceSnapshot.filter(case_id=case.id, is_context=False).count() == 1
        assert await Hold.filter(subject_id=case.member_id, lifted_at=None).count() == 1
        assert (await Case.get(id=case.id)).state == "queued"
        assert (await ClaimRecord.get(case_id=case.id)).ended_by == "handed_over"


async def test_an_exercise_pages_and_restricts_nothing(house: House) -> None:
    case = await house.case()
    escalation_id = await house.raised(case, is_drill=True)
    assert pages(await house.steps(escalation_id)) == [(1, 0, "responder"), (1, 0, "second")]
    async with agency_scope(house.supporter) as scope:
        assert await scope.fetchval("select count(*) from posts where id = $1", case.post_id) == 1
    async with agency_scope(house.system):
        assert not await Hold.exists(subject_id=case.member_id)
    assert await house.raised(case) != escalation_id


async def test_a_page_goes_by_mail_at_once_whatever_somebody_wants_otherwise(house: House) -> None:
    async with agency_scope(house.system) as scope:
        await scope.execute(
            """insert into notice_settings (agency_id, id, membership_id, quiet_from, quiet_until)
               values ($1, gen_random_uuid(), $2, 0, 23)""",
            house.cast.agency_id,
            house.responder.membership_id,
        )
    escalation_id = await house.raised()
    await house.cast.run_jobs("gather_danger")
    await house.cast.run_jobs("mail_danger")
    async with agency_scope(house.cast.system) as scope:
        [row] = await scope.fetch(
            """select d.state, d.how from notice_deliveries d join notices n on n.id = d.notice_id
                where n.subject_id = $1 and d.membership_id = $2""",
            escalation_id,
            house.responder.membership_id,
        )
    assert tuple(row) == ("sent", "at_once")
    async with agency_scope(house.cast.system):
        assert await NoticeDelivery.filter(kind="escalation", state="sent").exists()


async def test_a_hand_over_is_accepted_by_whom_it_was_offered_to_alone(house: House) -> None:
    escalation_id = await house.raised()
    responder, second = house.responder, house.second
    async with agency_scope(responder):
        await acknowledge_escalation(responder, escalation_id)
        await offer_escalation(responder, escalation_id, to_id=second.membership_id, note="His mother knows.")
    assert (await house.of(escalation_id)).owner_id == responder.membership_id
    async with agency_scope(house.lead):
        with pytest.raises(Conflict):
            await accept_escalation(house.lead, escalation_id)
    async with agency_scope(second):
        await accept_escalation(second, escalation_id)
    assert (await house.of(escalation_id)).owner_id == second.membership_id
    async with agency_scope(second):
        with pytest.raises(Conflict):
            await accept_escalation(second, escalation_id)


async def test_severity_one_takes_two_to_lower_and_is_never_silenced(house: House) -> None:
    escalation_id = await house.raised()
    less = {"impact": 3, "urgency": 3, "reason": "He is at home."}
    async with agency_scope(house.responder):
        with pytest.raises(Conflict):
            await silence_escalation(house.responder, escalation_id, minutes=5, reason="x")
        assert await regrade_escalation(house.responder, escalation_id, **less) is False
        assert await regrade_escalation(house.responder, escalation_id, **less) is False
    assert (await house.of(escalation_id)).severity == 1
    async with agency_scope(house.second):
        assert await regrade_escalation(house.second, escalation_id, impact=4, urgency=4, reason="x") is False
    async with agency_scope(house.responder):
        assert await regrade_escalation(house.responder, escalation_id, **less) is False
    async with agency_scope(house.second):
        assert await regrade_escalation(house.second, escalation_id, **less) is True
        with pytest.raises(Invalid):
            await silence_escalation(house.second, escalation_id, minutes=24 * 60 + 1, reason="x")
        await silence_escalation(house.second, escalation_id, minutes=60, reason="He sleeps.")
    silenced = await house.of(escalation_id)
    assert (silenced.severity, silenced.state, silenced.silenced_until) == (3, "silenced", silenced.next_at)
    assert (await house.step_at(escalation_id, _next(silenced.next_at))).state == "triggered"


async def test_only_a_trained_responder_who_was_paged_or_is_on_call_takes_it(house: House) -> None:
    escalation_id = await house.raised()
    for who in (house.moderator, house.supporter, house.lead):
        async with agency_scope(who):
            with pytest.raises(NotAllowed):
                await acknowledge_escalation(who, escalation_id)
    assert (await house.of(escalation_id)).state == "triggered"


async def test_what_is_resolved_has_an_outcome_and_moves_no_more(house: House) -> None:
    escalation_id = await house.raised()
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
        await resolve_escalation(
            house.responder, escalation_id, outcome="handed_off", note="The police is there.", lifts_restriction=False
        )
    escalation = await house.of(escalation_id)
    assert (escalation.state, escalation.outcome, escalation.next_at) == ("resolved", "handed_off", None)
    later = await house.step_at(escalation_id, escalation.raised_at + timedelta(days=1))
    assert later.version == escalation.version
    async with agency_scope(house.responder):
        with pytest.raises(Conflict):
            await note_on_escalation(house.responder, escalation_id, note="x")


async def test_a_lost_timer_is_set_again(house: House) -> None:
    escalation_id = await house.raised()
    async with agency_scope(house.cast.system) as scope:
        await scope.execute("delete from jobs where agency_id = $1 and kind = 'page_escalation'", house.cast.agency_id)
        await scope.execute(
            "update escalations set next_at = now() - interval '1 minute' where agency_id = $1 and id = $2",
            house.cast.agency_id,
            escalation_id,
        )
        await enqueue("sweep_escalations", {})
    await house.cast.run_jobs("sweep_escalations")
    await house.cast.run_jobs("page_escalation")
    assert (await house.of(escalation_id)).level == 2


async def test_somebody_else_is_a_responder_where_the_client_asks_for_training(house: House) -> None:
    async with agency_scope(house.lead):
        await set_training_requirement(house.lead, house.client, kinds=["crisis"])
    await house.certify("moderator")
    escalation_id = await house.raised(by=house.lead)
    assert pages(await house.steps(escalation_id)) == [(1, 0, "moderator")]


def _next(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment
