"""Who comes in a crowd weighs little, who is few and right weighs much, and what was judged fine stays quiet."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from cast import ask
from reporting.conftest import Place

from backend.communities import Post
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.moderation import Case, Report, reopen_case
from backend.moderation.moving import moved
from backend.notices import Notice
from backend.policies import create_policy
from backend.reporting import Ordered, clusters_of_case, record_order, standing_of
from tenants.scope import agency_scope

OLD = timedelta(days=400)


async def make_credible(place: Place, member_id: UUID, *, posts: int = 6) -> None:
    """As many of their reports turned out to be right."""
    for _ in range(posts):
        await place.report(await place.post(), member_id)
    async with agency_scope(place.system):
        right = await Case.filter(workspace_id=place.client, state="queued")
        for case in right:
            await Case.filter(id=case.id).update(state="closed", outcome="violation", closed_at=now())
            await moved(case.id, workspace_id=place.client, of="queued", to="closed", because="decided")


async def test_two_hundred_accounts_against_one_member_stay_behind_three_who_know(
    place: Place, api: httpx.AsyncClient
) -> None:
    """Brigading: made within a day, all at once, in words of their own. Then a truthful minority: three members who were
    right before, about one post that hundreds have seen in silence."""
    few = [await place.member(since=now() - OLD - timedelta(days=n)) for n in range(3)]
    for member_id in few:
        await make_credible(place, member_id)
    target, true = await place.post("I disagree."), await place.post("Send me your address, child.")
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    crowd = [await place.member(since=midnight + timedelta(seconds=n)) for n in range(200)]
    for n, member_id in enumerate(crowd):
        words = f"This one is a truly awful person, number {n}"
        await place.report(target, member_id, reason=words, policy_id=place.policy())
    for member_id in few:
        await place.report(true, member_id, policy_id=place.policy())
    async with agency_scope(place.system):
        weights = [report.credibility for report in await Report.filter(post_id=true.id)]
    [first, second] = [case for case in await place.cases() if case.state == "queued"]
    assert weights == pytest.approx([1.5] * 3)  # six of six: (6 + 3) / 12 / 0.5
    # Mass: of 200, the sum of 1/√k; of three who do not know each other, 4.5. The crowd outweighs them six times and not
    # forty-four, and comes first, by hours: R = S (1 + log2(1 + M)) with S = 9, and both wait for T · 2^(-R/40).
    mass = sum(n**-0.5 for n in range(1, 201))
    assert mass == pytest.approx(26.859, abs=1e-3)
    assert [first.post_id, second.post_id] == [target.id, true.id]
    assert first.risk == pytest.approx(9 * (1 + 4.8002), abs=1e-2)
    assert second.risk == pytest.approx(9 * (1 + 2.4594), abs=1e-2)
    waits = [(case.virtual_deadline - case.opened_at) / timedelta(hours=1) for case in (first, second)]
    assert waits == pytest.approx([9.72, 14.00], abs=0.01)  # of 24; without clusters the crowd's would be 6.2
    # One look is enough: the crowd was wrong, is not heard again about this, and weighs less about anything.
    async with agency_scope(place.system) as scope:
        await scope.execute("update cases set virtual_deadline = '2000-01-01' where post_id = $1", target.id)
    await place.decide("no_violation")
    other = await place.post("I still disagree.")
    for member_id in crowd[:10]:
        await place.report(other, member_id, policy_id=place.policy())
        await place.report(target, member_id, reason="Again!", policy_id=place.policy())
    queued = [case for case in await place.cases() if case.state == "queued"]
    assert [case.post_id for case in queued] == [true.id, other.id], "the few come first now"
    mass = sum(n**-0.5 for n in range(1, 11)) * (3 / 7 / 0.5)  # of one day, each of whom was wrong once
    assert mass == pytest.approx(4.3038, abs=1e-3)
    assert queued[1].risk == pytest.approx(9 * (1 + 2.4070), abs=1e-2)
    async with agency_scope(place.lead):
        [cluster] = await clusters_of_case(place.lead, queued[1].id)
        assert (cluster.because, len(cluster.report_ids)) == ("new_accounts", 10)
        reasons = [reason.text for reason in await standing_of(place.lead, cluster.report_ids[0])]
    assert reasons == [
        "0 of their last 1 report was right",
        "An account made on the same day as 9 others who report this",
    ]
    query = """query($case: ID!, $report: ID!) {
        reportClusters(caseId: $case) { because count reports { channel } }
        reporterStanding(reportId: $report) { reasons { kind text } } }"""
    ids = {"case": f"case_{queued[1].id}", "report": f"report_{cluster.report_ids[0]}"}
    answer = (await ask(api, place.token, query, **ids))["data"]
    [shown] = answer["reportClusters"]
    assert (shown["because"], shown["count"], len(shown["reports"])) == ("NEW_ACCOUNTS", 10, 10)
    assert [reason["kind"] for reason in answer["reporterStanding"]["reasons"]] == ["RECORD", "NEW_ACCOUNTS"]
    assert "credib" not in str(answer).lower(), "never a score"
    for who in ("moderator", "stakeholder"):  # of other clients
        assert (await ask(api, place.cast.tokens[who], query, **ids))["data"] == {
            "reportClusters": None, "reporterStanding": None,
        }  # fmt: skip


async def fine(place: Place, *, reporters: int = 1) -> Post:
    """A post that was judged fine, after that many had reported it."""
    post = await place.post()
    for _ in range(reporters):
        await place.report(post, await place.member(since=now() - OLD))
    await place.decide("no_violation")
    return post


async def open_cases(place: Place) -> list[Case]:
    return [case for case in await place.cases() if case.state != "closed"]


async def test_who_reports_what_was_judged_fine_is_answered_at_once(place: Place) -> None:
    post = await fine(place)
    member_id = await place.member(since=now() - OLD)
    report_id = await place.report(post, member_id)
    assert await place.report(post, member_id) == report_id
    [case] = await place.cases()
    async with agency_scope(place.system):
        report = await Report.get(id=report_id)
        assert (case.state, report.case_id, report.set_aside) == ("closed", case.id, "judged_fine")
        [told] = await Notice.filter(member_id=member_id)
        assert (told.kind, "does not break the rules" in told.text) == ("report_decided", True)
        [line] = await JournalEntry.filter(subject_id=report_id)
        assert (line.action, line.detail["because"]) == ("report.set_aside", "judged_fine")


async def test_an_edit_opens_the_way_again(place: Place) -> None:
    post = await fine(place)
    await place.report(post, await place.member(since=now() - OLD))
    async with agency_scope(place.system):
        await Post.filter(id=post.id).update(text="worse", version=2)
    await place.report(post, await place.member(since=now() - OLD))
    [case] = await open_cases(place)
    assert case.report_count == 1


async def test_a_violation_is_judged_again_whenever_it_is_reported(place: Place) -> None:
    post = await place.post()
    await place.report(post, await place.member())
    await place.decide("violation")
    await place.report(post, await place.member())
    assert len(await open_cases(place)) == 1


async def test_a_lead_opens_it_again_and_whoever_was_set_aside_is_heard(place: Place) -> None:
    post = await fine(place)
    report_id = await place.report(post, await place.member(since=now() - OLD))
    [case] = await place.cases()
    async with agency_scope(place.lead):
        await reopen_case(place.lead, case.id, reason="x")
        assert (await Report.get(id=report_id)).set_aside is None
    assert len(await open_cases(place)) == 1


async def test_a_danger_that_nobody_had_named_opens_it_and_the_same_one_again_does_not(place: Place) -> None:
    async with agency_scope(place.cast.owner):
        danger = await create_policy(
            place.cast.owner, place.client, slug="life", title="x", text="x", severity="severe", tier="danger"
        )
    post = await fine(place)
    await place.report(post, await place.member(since=now() - OLD), policy_id=place.policy())
    assert await open_cases(place) == []
    await place.report(post, await place.member(since=now() - OLD), policy_id=danger.id)
    [case] = await open_cases(place)
    assert (case.tier, case.report_count) == ("danger", 2)
    await place.decide("no_violation")
    await place.report(post, await place.member(since=now() - OLD), policy_id=danger.id)
    assert await open_cases(place) == []


async def test_an_order_of_an_authority_opens_it(place: Place) -> None:
    post = await fine(place)
    ordered = Ordered(
        "act", authority="Court", member_state="DE", legal_basis="§ 1", language="DE", received_at=now(), urls=("x",)
    )
    async with agency_scope(place.lead):
        await record_order(place.lead, place.community, ordered, post_id=post.id)
    [case] = await open_cases(place)
    assert case.tier == "severe"


async def test_more_than_twice_the_weight_of_what_was_judged_opens_it_so_that_no_crowd_buries_anything(
    place: Place,
) -> None:
    """Two empty reports were judged first, and weighed two; the fifth later one of its own weighs more than four."""
    post = await fine(place, reporters=2)
    for n in range(5):
        assert len(await open_cases(place)) == 0, n
        await place.report(post, await place.member(since=now() - OLD - timedelta(days=n)))
    [case] = await open_cases(place)
    assert case.report_count == 5, "whoever was answered at once is heard after all"
    async with agency_scope(place.system):
        assert {report.set_aside for report in await Report.filter(post_id=post.id)} == {None}


async def test_a_crowd_of_one_day_does_not_open_it(place: Place) -> None:
    """Twenty of one day weigh 7.6; ten reports had been judged."""
    post = await fine(place, reporters=10)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    for n in range(20):
        await place.report(post, await place.member(since=midnight + timedelta(seconds=n)))
    assert await open_cases(place) == []
