"""Strikes: what a violation counts, from when on and for how long, what it makes the member reach, and its end."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from cast import Cast, ask
from statements.conftest import Place

from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.moderation import (
    Standing,
    StrikeEntry,
    Threshold,
    add_strikes,
    report_post,
    set_strike_thresholds,
    strikes_expected,
    strikes_for,
    strikes_of,
    take_back_strikes,
)
from backend.moderation.striking import USUAL_THRESHOLDS, fired_threshold, points_for
from backend.policies import current_version
from tenants.scope import agency_scope


def settings(**said: Any) -> Any:
    usual = {"strike_count": 0, "strike_on_occurrence": 1, "first_occurrence_count": None, "needs_takedown": False}
    return SimpleNamespace(**{**usual, **said})


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({}, [0, 0, 0]),
        ({"strike_count": 1, "strike_on_occurrence": 2}, [0, 1, 1]),
        ({"strike_count": 4, "first_occurrence_count": 2}, [2, 4, 4]),
        ({"strike_count": 4, "first_occurrence_count": 0}, [0, 4, 4]),
        ({"strike_count": 2, "strike_on_occurrence": 3, "first_occurrence_count": 1}, [1, 0, 2]),
        ({"strike_count": 9, "first_occurrence_count": 9, "needs_takedown": True}, [0, 0, 0]),
    ],
)
def test_what_the_first_second_and_third_violation_count(said: dict[str, Any], counts: list[int]) -> None:
    """Ozone's rule; the second and third lines are its own examples."""
    assert [points_for(settings(**said), earlier=earlier) for earlier in range(3)] == counts


@pytest.mark.parametrize(
    ("before", "added", "fires"), [(2, 3, 5), (0, 2, None), (5, 1, None), (9, 30, 10), (0, 3, 3), (3, 0, None)]
)
def test_the_highest_threshold_that_is_crossed_fires_alone(before: int, added: int, fires: int | None) -> None:
    """Coop's rule with its examples: 3, 5 and 10."""
    found = fired_threshold(USUAL_THRESHOLDS, before=before, added=added)
    assert (None if found is None else found.points) == fires


async def test_a_decision_counts_and_says_so_where_it_stands(place: Place, api: Any) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=3, strike_days=30)
    decision = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        assert await strikes_of(ann, workspace_id=place.client) == Standing(3, 3)
        [line] = await JournalEntry.filter(action="case.decided", workspace_id=place.client)
        assert line.detail["strikes"] == 3
    answer = await ask(
        api,
        place.cast.tokens["owner"],
        """query($m: ID!, $d: ID!) {
             member(id: $m) { strikes { active total entries { nodes { points threshold isActive isReversal } } } }
             node(id: $d) { ... on Decision { strikes { nodes { points policy { title } } } } } }""",
        m=f"member_{ann}",
        d=f"decision_{decision.id}",
    )
    assert answer["data"] == {
        "member": {
            "strikes": {
                "active": 3,
                "total": 3,
                "entries": {"nodes": [{"points": 3, "threshold": 3, "isActive": True, "isReversal": False}]},
            }
        },
        "node": {"strikes": {"nodes": [{"points": 3, "policy": {"title": "No insults"}}]}},
    }
    hidden = await ask(
        api, place.cast.tokens["owner"], "query($m: ID!) { member(id: $m) { strikes { active } } }", m="member_x"
    )
    assert hidden == {"data": {"member": None}}


async def test_a_fine_post_counts_nothing(place: Place) -> None:
    ann = await place.member("ann")
    await place.decide(await place.post(ann), None)
    async with agency_scope(place.system):
        assert await StrikeEntry.filter(workspace_id=place.client).count() == 0


async def test_what_was_taken_back_counts_neither_as_points_nor_as_an_occurrence(place: Place) -> None:
    """In Ozone it goes on counting as an occurrence."""
    ann, policy = await place.member("ann"), await place.policy(strike_count=2, strike_on_occurrence=2)
    first = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        assert [await take_back_strikes(first.id, workspace_id=place.client) for _ in range(2)] == [True, False]
    await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        assert await strikes_of(ann, workspace_id=place.client) == Standing(0, 0)
    third = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        assert await strikes_of(ann, workspace_id=place.client) == Standing(2, 2)
        assert await take_back_strikes(third.id, workspace_id=place.client)
        assert await strikes_of(ann, workspace_id=place.client) == Standing(0, 0)


async def test_points_end_and_what_took_them_back_ends_with_them(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=2)
    decisions = [await place.decide(await place.post(ann), policy) for _ in range(2)]
    async with agency_scope(place.system) as scope:
        await take_back_strikes(decisions[0].id, workspace_id=place.client)
        assert await strikes_of(ann, workspace_id=place.client) == Standing(2, 2)
        ends = {each.expires_at for each in await StrikeEntry.filter(decision_id=decisions[0].id)}
        assert len(ends) == 1
        days = await scope.fetchval(
            "select extract(day from expires_at - created_at)::int from strike_entries where decision_id = $1",
            decisions[1].id,
        )
        assert days in (89, 90)
    for change in ("update strike_entries set points = 0", "delete from strike_entries"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with agency_scope(place.system) as scope:
                await scope.execute(f"{change} where agency_id = $1", place.cast.agency_id)


async def test_points_that_have_expired_are_still_in_the_total(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=2)
    decision = await place.decide(await place.post(ann), None)
    async with agency_scope(place.system):
        await StrikeEntry.create(
            workspace_id=place.client,
            member_id=ann,
            decision_id=decision.id,
            policy_id=policy,
            points=3,
            expires_at=now() - timedelta(days=1),
        )
    await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        assert await strikes_of(ann, workspace_id=place.client) == Standing(2, 5)
        [entry] = await StrikeEntry.filter(workspace_id=place.client, points=2)
        assert entry.threshold is None, "only active points count towards a threshold"


async def test_the_version_that_was_broken_says_what_it_counts(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=1)
    await place.decide(await place.post(ann), policy)
    await place.revise(policy, strike_count=5)
    await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system):
        entries = await StrikeEntry.filter(workspace_id=place.client).order_by("created_at")
        assert [(each.points, each.threshold) for each in entries] == [(1, None), (5, 5)]


async def test_of_several_policies_the_worst_counts(place: Place) -> None:
    ann = await place.member("ann")
    policies = [await place.policy(strike_count=count) for count in (1, 4, 2)]
    takedown = await place.policy(needs_takedown=True)
    async with agency_scope(place.system):
        versions = [await current_version(policy) for policy in policies]
        strikes = await strikes_for(ann, versions, workspace_id=place.client)
        assert (strikes.points, strikes.threshold, strikes.needs_takedown) == (4, Threshold(3), False)
        worst = await strikes_for(ann, [*versions, await current_version(takedown)], workspace_id=place.client)
        assert (worst.points, worst.threshold, worst.needs_takedown) == (0, None, True)


async def test_two_decisions_about_a_member_at_once_count_one_on_the_other(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=3, strike_on_occurrence=2)
    decisions = [await place.decide(await place.post(ann), None) for _ in range(4)]

    async def count(decision_id: Any) -> int:
        async with agency_scope(place.system):
            version = await current_version(policy)
            assert version is not None
            added = await add_strikes(
                workspace_id=place.client, decision_id=decision_id, member_id=ann, versions=[version]
            )
            return added.points

    async with asyncio.timeout(20):
        points = await asyncio.gather(*(count(decision.id) for decision in decisions))
    assert sorted(points) == [0, 3, 3, 3]


async def test_a_client_sets_thresholds_of_its_own_and_takes_them_back(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=4)
    async with agency_scope(place.moderator):
        await set_strike_thresholds(
            place.moderator, place.client, [Threshold(4, "silence_member", 7), Threshold(8, "suspend_member")]
        )
        version = await current_version(policy)
        assert version is not None
        strikes = await strikes_for(ann, [version], workspace_id=place.client)
        assert strikes.threshold == Threshold(4, "silence_member", 7)
        await set_strike_thresholds(place.moderator, place.client, [])
        assert (await strikes_for(ann, [version], workspace_id=place.client)).threshold == Threshold(3)


@pytest.mark.parametrize(
    "thresholds",
    [
        [Threshold(3), Threshold(3)],
        [Threshold(0)],
        [Threshold(1_001)],
        [Threshold(3, "warn_member", 7)],
        [Threshold(3, None, 7)],
        [Threshold(3, "silence_member", 0), Threshold(4, "silence_member", 3_651)],
        [Threshold(points) for points in range(1, 22)],
    ],
)
async def test_thresholds_that_make_no_sense_are_refused(acme: Cast, thresholds: list[Threshold]) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(acme.owner):
            await set_strike_thresholds(acme.owner, acme.workspaces["forum"], thresholds)


async def test_whoever_decides_sees_beforehand_what_it_would_count(place: Place, api: Any, globex: Cast) -> None:
    ann, policy = await place.member("ann"), await place.policy(strike_count=3)
    await place.decide(await place.post(ann), policy)
    post = await place.post(ann)
    async with agency_scope(place.moderator) as scope:
        await report_post(place.moderator, post.id, reason="again")
        case_id = await scope.fetchval("select id from cases where post_id = $1", post.id)
        version = await current_version(policy)
        assert version is not None
    query = """query($c: ID!, $v: ID!) { strikePreview(caseId: $c, policyVersionId: $v) {
                 points active threshold action days needsTakedown } }"""
    ids = {"c": f"case_{case_id}", "v": f"policyversion_{version.id}"}
    answer = await ask(api, place.cast.tokens["owner"], query, **ids)
    assert answer["data"]["strikePreview"] == {
        "points": 3,
        "active": 3,
        "threshold": 5,
        "action": None,
        "days": None,
        "needsTakedown": False,
    }
    for token in (place.cast.tokens["stakeholder"], globex.tokens["owner"]):
        assert await ask(api, token, query, **ids) == {"data": {"strikePreview": None}}
    with pytest.raises(NotFound):
        async with agency_scope(globex.owner):
            await strikes_expected(globex.owner, case_id, version.id)
