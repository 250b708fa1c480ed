"""Reporting: every complaint about one post ends in its one open case."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cast import Cast

from backend.communities import Member, Post
from backend.journal import JournalEntry
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.moderation import Case, Report, claim_next, decide, report_post
from backend.moderation.crediting import clusters_of
from backend.moderation.ordering import credibility, evidence_mass, risk, virtual_deadline
from tenants.scope import agency_scope


async def report(acme: Cast, actor, post: Post, **more):
    async with agency_scope(actor):
        return await report_post(actor, post.id, reason=more.pop("reason", "rude"), **more)


async def case_of(acme: Cast, post: Post) -> Case:
    async with agency_scope(acme.system):
        return await Case.get(post_id=post.id)


async def test_a_report_opens_a_case_in_the_queue_of_its_workspace(acme: Cast) -> None:
    post = await acme.post()
    report_id = await report(acme, acme.moderator, post, policy_id=acme.policies["harassment"])
    case = await case_of(acme, post)
    assert (case.state, case.report_count, case.severity, case.tier) == ("queued", 1, "high", "high")
    assert case.queue_id == await acme.queue_id(post.workspace_id)
    assert case.due_at == case.opened_at + timedelta(hours=24)
    async with agency_scope(acme.system):
        row = await Report.get(id=report_id)
        actions = [e.action for e in await JournalEntry.filter(subject_id=case.id)]
    assert (row.channel, row.membership_id, row.case_id) == ("staff", acme.moderator.membership_id, case.id)
    assert actions == ["case.reported"]


async def test_reports_about_one_post_merge_and_the_worst_policy_decides(acme: Cast) -> None:
    post = await acme.post()
    await report(acme, acme.moderator, post, policy_id=acme.policies["spam"])
    before = await case_of(acme, post)
    await report(acme, acme.colleague, post, policy_id=acme.policies["harassment"])
    after = await case_of(acme, post)
    assert (before.severity, before.tier, after.severity, after.tier) == ("low", "low", "high", "high")
    assert after.report_count == 2
    assert after.virtual_deadline < before.virtual_deadline
    assert after.version == before.version + 1


async def test_complaining_twice_is_one_report(acme: Cast) -> None:
    post = await acme.post()
    first = await report(acme, acme.moderator, post)
    assert await report(acme, acme.moderator, post, reason="still rude") == first
    assert (await case_of(acme, post)).report_count == 1


async def test_many_reporters_at_once_meet_in_one_case(acme: Cast) -> None:
    post = await acme.post()
    async with agency_scope(acme.system):
        members = [
            await Member.create(
                workspace_id=post.workspace_id,
                community_id=post.community_id,
                external_id=f"x-{new_id()}",
                handle="x",
                first_seen_at=datetime.now(UTC),
            )
            for _ in range(20)
        ]
    async with asyncio.timeout(30):
        await asyncio.gather(*(report(acme, acme.system, post, member_id=member.id) for member in members))
    case = await case_of(acme, post)
    assert case.report_count == 20


async def test_the_author_at_risk_and_the_audience_raise_the_urgency(acme: Cast) -> None:
    quiet = await acme.post()
    loud = await acme.post(view_count=9999)
    exposed = await acme.post()
    async with agency_scope(acme.system):
        await Member.filter(id=exposed.member_id).update(is_at_risk=True)
    for post in (quiet, loud, exposed):
        await report(acme, acme.moderator, post, policy_id=acme.policies["harassment"])
    risks = [(await case_of(acme, post)).risk for post in (quiet, loud, exposed)]
    assert risks == [18.0, 36.0, 27.0]


@pytest.mark.parametrize(
    ("severity", "mass", "at_risk", "views", "hours", "tier", "expected_risk", "expected_hours"),
    [  # reference/moderation.md, the table below F6
        ("low", 1, False, 0, 72, "low", 2.0, 69.55),
        ("high", 4.875, False, 0, 24, "high", 31.99, 13.79),
        ("high", 3.798, False, 0, 24, "high", 29.36, 14.43),
        ("severe", 1, True, 0, 4, "severe", 81.0, 58.97 / 60),
        ("medium", 2, False, 9999, 24, "high", 15.51, 18.34),
        ("severe", 20, True, 100000, 4, "severe", 491.38, 0.4),
    ],
)
def test_the_order_is_that_of_the_reference(
    severity, mass, at_risk, views, hours, tier, expected_risk, expected_hours
) -> None:
    points = risk(severity=severity, evidence_mass=mass, is_at_risk=at_risk, views=views)
    assert points == pytest.approx(expected_risk, abs=0.006)
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    waited = virtual_deadline(opened, tier=tier, risk=points) - opened
    assert waited / timedelta(hours=1) == pytest.approx(expected_hours, abs=0.006)


async def test_without_the_right_nothing_is_reported(acme: Cast) -> None:
    post = await acme.post()
    with pytest.raises(NotAllowed):
        await report(acme, acme.stakeholder, post)
    async with agency_scope(acme.system):
        assert not await Case.exists(post_id=post.id)


async def test_what_is_not_there_cannot_be_named(acme: Cast, globex: Cast) -> None:
    post, foreign = await acme.post(), await globex.post()
    elsewhere = await acme.post(workspace="shop")
    for target in (foreign, elsewhere):
        with pytest.raises(NotFound):
            await report(acme, acme.moderator, target)
    for more in (
        {"policy_id": globex.policies["spam"]},
        {"policy_id": acme.policies["chat:spam"]},
        {"member_id": elsewhere.member_id},
    ):
        with pytest.raises(NotFound):
            await report(acme, acme.moderator, post, **more)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001, "a\x00b", "\ud800"])
async def test_a_reason_must_be_a_text_people_can_read(acme: Cast, reason: str) -> None:
    post = await acme.post()
    with pytest.raises(Invalid):
        await report(acme, acme.moderator, post, reason=reason)


@pytest.mark.parametrize(
    ("agreed", "disagreed", "expected"),
    [(0, 0, 1.0), (6, 0, 1.5), (10, 0, 1.625), (100, 0, 1.943), (5, 5, 1.0), (0, 10, 0.375), (0, 100, 0.2)],
)
def test_who_is_right_more_often_weighs_more(agreed: int, disagreed: int, expected: float) -> None:
    assert credibility(agreed=agreed, disagreed=disagreed, upheld=0.5) == pytest.approx(expected, abs=5e-4)


def test_who_comes_in_a_crowd_weighs_less() -> None:
    assert evidence_mass((0.5, ["brigade"]) for _ in range(20)) == pytest.approx(3.798, abs=5e-4)
    assert evidence_mass((1.625, []) for _ in range(3)) == pytest.approx(4.875)
    assert evidence_mass([(1, ["a"]), (1, ["b"]), (1, ["a", "b"])]) == pytest.approx(2 + 2**-0.5), "each in its largest"


async def test_a_reporter_who_was_right_before_counts_for_more(acme: Cast) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    owner = acme.owner.narrowed_to(client)
    reporter = (await acme.post(workspace=slug)).member_id
    version = await acme.policy_version(client)
    weights = []
    for _ in range(3):
        post = await acme.post(workspace=slug)
        async with agency_scope(owner):
            report_id = await report_post(owner, post.id, reason="rude", member_id=reporter)
            weights.append((await Report.get(id=report_id)).credibility)
            claim = await claim_next(owner)
            await decide(
                owner,
                claim.case_id,
                token=claim.token,
                outcome="violation",
                reason="x",
                policy_version_id=version.id,
                actions=["hide_post"],
            )
    stranger, post = (await acme.post(workspace=slug)).member_id, await acme.post(workspace=slug)
    async with agency_scope(owner):
        report_id = await report_post(owner, post.id, reason="rude", member_id=stranger)
        assert (await Report.get(id=report_id)).credibility == 1.0, "what others were right about is not theirs"
    assert weights == [1.0, pytest.approx((1 + 3) / 7 / 0.5), pytest.approx((2 + 3) / 8 / 0.5)]


async def test_copied_words_accounts_of_one_day_and_one_network_are_a_crowd(acme: Cast) -> None:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    row = {"id": 1, "reason": "rude", "created_at": at, "first_seen_at": at - timedelta(days=400), "origin": None}
    assert clusters_of(row) == ()
    day = (at - timedelta(hours=5)).date()
    assert clusters_of({**row, "first_seen_at": at - timedelta(hours=5)}) == (("new_accounts", day),)
    long = "Please remove this at once, it is a SCAM"
    [copied] = clusters_of({**row, "reason": long})
    assert [copied] == [*clusters_of({**row, "id": 2, "reason": f"  {long.lower()} "})]
    assert clusters_of({**row, "reason": long, "origin": "x"}) == (copied, ("same_network", "x"))
