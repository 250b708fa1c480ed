"""Numbers for leads: each is what a plain recount gives, and nothing is a hundred per cent of nothing."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cast import Cast, ask

from backend.kit.agreement import cohen_kappa, krippendorff_alpha
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.moderation import (
    Case,
    ClaimRecord,
    Decision,
    QualityPlan,
    Review,
    Share,
    claim_next,
    decide,
    numbers_of,
    undo_decision,
)
from tenants.rights import Role
from tenants.scope import agency_scope


def test_kappa_is_what_the_textbook_says() -> None:
    table = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    pairs = [pair for pair, times in table.items() for _ in range(times)]
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([]) is None
    assert cohen_kappa([("yes", "yes")]) is None  # nothing else was ever said: no agreement beyond chance can be seen
    assert cohen_kappa([("a", "b"), ("b", "a")]) == -1


def test_alpha_is_what_krippendorff_says() -> None:
    raters = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[rater[n] for rater in raters if rater[n] != "."] for n in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.7434, abs=5e-5)
    assert krippendorff_alpha([["a"], ["b"]]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


async def some_work(acme: Cast, client: UUID) -> None:
    """Six cases: two judged twice, one late, one undone and decided again, one held by somebody, one waiting."""
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    who = [(await acme.hire(f"{name}-{client}", Role.MODERATOR, [client])).narrowed_to(client) for name in ("a", "b")]
    version = (await acme.policy_version(client)).id
    for n in range(6):
        case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
        async with agency_scope(acme.system) as scope:
            await QualityPlan.get_or_create(workspace_id=client)
            severities = ["high"] if n < 2 else []
            await QualityPlan.filter(workspace_id=client).update(second_review_severities=severities)
            if n == 2:
                await scope.execute("update cases set due_at = now() - interval '1 second' where id = $1", case.id)
        for judge in who[: 2 if n < 2 else 1]:
            if n == 5:
                break
            async with agency_scope(judge):
                claim = await claim_next(judge)
                if n == 4:
                    continue
                said: dict[str, Any] = {"policy_version_id": version, "actions": ["hide_post"]} if n == 0 else {}
                outcome = "violation" if n == 0 else "no_violation"
                judged = await decide(judge, claim.case_id, token=claim.token, outcome=outcome, reason="x", **said)
                if n == 3:
                    again = await undo_decision(judge, judged.decision.id, reason="x")
                    await decide(judge, again.case_id, token=again.token, outcome="no_violation", reason="x")


async def test_every_number_is_what_a_recount_gives(acme: Cast, client: UUID) -> None:
    await some_work(acme, client)
    since, until = now() - timedelta(hours=1), now() + timedelta(hours=1)
    lead = acme.owner.narrowed_to(client)
    async with agency_scope(lead):
        numbers = await numbers_of(lead, client, since=since, until=until)
        cases = await Case.filter(workspace_id=client)
        reviews = await Review.filter(workspace_id=client)
        decisions = await Decision.filter(workspace_id=client)
        claims = await ClaimRecord.filter(workspace_id=client)
    closed = [case for case in cases if case.state == "closed"]
    seconds = sorted(
        sum((claim.ended_at - claim.claimed_at).total_seconds() for claim in claims if claim.case_id == case.id)
        for case in closed
    )
    assert (numbers.queued, numbers.in_review, numbers.held, numbers.overdue) == (1, 1, 0, 0)
    assert numbers.in_time == Share(sum(case.closed_at <= case.due_at for case in closed), len(closed)) == Share(3, 4)
    assert numbers.judged_twice == Share(2, 4)
    assert numbers.violations == Share(1, len(decisions)) == Share(1, 5)
    assert numbers.undone == Share(1, 5)
    assert numbers.overturned == Share(0, 5)
    assert numbers.appeals_in_time == Share(0, 0)
    assert numbers.handle_time.count == 4
    assert numbers.handle_time.median == pytest.approx((seconds[1] + seconds[2]) / 2, abs=0.01)
    assert (numbers.agreement.pairs, numbers.agreement.alike) == (2, Share(2, 2))
    assert numbers.agreement.kappa is None  # of two, nobody can say
    by_person = {load.membership_id: load.reviews for load in numbers.loads}
    assert by_person == {id: sum(r.membership_id == id for r in reviews) for id in {r.membership_id for r in reviews}}


async def test_of_nothing_there_is_no_value(acme: Cast, client: UUID) -> None:
    lead = acme.owner.narrowed_to(client)
    async with agency_scope(lead):
        numbers = await numbers_of(lead, client, since=now() - timedelta(days=1), until=now())
    assert (numbers.in_time.value, numbers.in_time.interval, numbers.age.median) == (None, None, None)
    assert numbers.loads == ()


async def test_only_leads_ask_and_only_for_windows_that_make_sense(acme: Cast, globex: Cast, client: UUID) -> None:
    day = timedelta(days=1)
    for who, workspace_id, since, refusal in (
        (acme.moderator, acme.workspaces["forum"], now() - day, NotAllowed),
        (acme.owner, globex.workspaces["forum"], now() - day, NotFound),
        (acme.owner, client, now(), Invalid),
        (acme.owner, client, now() - 400 * day, Invalid),
    ):
        with pytest.raises(refusal):
            async with agency_scope(who):
                await numbers_of(who, workspace_id, since=since, until=now() - timedelta(seconds=1))


async def test_they_are_read_over_the_api_by_leads_alone(api, acme: Cast, client: UUID) -> None:
    await some_work(acme, client)
    query = """query($w: ID!, $since: DateTime!, $until: DateTime!) {
        moderationNumbers(workspaceId: $w, since: $since, until: $until) {
            queued inTime { numerator denominator value low high }
            workload { reviewCount exposure staff { name } } } }"""

    def window(at: datetime) -> str:
        return at.isoformat()

    given = {
        "w": f"workspace_{client}",
        "since": window(now() - timedelta(days=1)),
        "until": window(now() + timedelta(days=1)),
    }
    answer = await ask(api, acme.tokens["owner"], query, **given)
    numbers = answer["data"]["moderationNumbers"]
    assert numbers["inTime"] == {
        "numerator": 3,
        "denominator": 4,
        "value": 0.75,
        "low": pytest.approx(0.3006, abs=1e-4),
        "high": pytest.approx(0.9544, abs=1e-4),
    }
    assert [load["reviewCount"] for load in numbers["workload"]] == [5, 2]
    names = [load["staff"]["name"] for load in numbers["workload"]]
    assert names == sorted(names)
    refused = await ask(api, acme.tokens["moderator"], query, **{**given, "w": f"workspace_{acme.workspaces['forum']}"})
    assert refused == {"data": {"moderationNumbers": None}}
