"""Judgement apart from outcome: blind second reviews, held decisions, undoing, reopening, many at once, and waiting."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cast import Cast, ask

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import (
    Case,
    CaseMove,
    ClaimLost,
    Decision,
    DecisionEvent,
    Judged,
    Previewed,
    Review,
    approve_decision,
    ask_member,
    claim_next,
    decide,
    decide_many,
    deny_decision,
    record_answer,
    reopen_case,
    resume_case,
    set_quality_plan,
    undo_decision,
)
from backend.moderation.checking_quality import is_sampled
from backend.notices import Notice
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope

PLAN: dict[str, Any] = {
    "expected_version": 0,
    "second_review_severities": [],
    "newcomer_reviews": 0,
    "sampled_share": 0.0,
    "golden_share": 0.0,
    "held_actions": [],
    "held_from_days": 1,
}


class Bench:
    """Reviewers of a client of their own."""

    def __init__(self, acme: Cast, client: UUID, people: Sequence[Actor], version: UUID) -> None:
        self.acme, self.client, self.version = acme, client, version
        self.ann, self.ben, self.eve = people
        self.lead = acme.owner.narrowed_to(client)
        self.slug = next(slug for slug, id in acme.workspaces.items() if id == client)

    async def plan(self, **changes: Any) -> None:
        async with agency_scope(self.lead):
            await set_quality_plan(self.lead, self.client, **{**PLAN, **changes})

    async def case(self, policy: str = "harassment") -> Case:
        return await self.acme.case(workspace=self.slug, policy=f"{self.slug}:{policy}")

    async def judge(self, who: Actor, *, outcome: str = "violation", **changes: Any) -> Judged | None:
        """What they say of the case they are offered; None if they are offered none."""
        async with agency_scope(who):
            claim = await claim_next(who)
            if claim is None:
                return None
            said = {"policy_version_id": self.version, "actions": ("hide_post",)} if outcome == "violation" else {}
            return await decide(
                who, claim.case_id, token=claim.token, outcome=outcome, reason="x", **{**said, **changes}
            )

    async def look(self, case: Case) -> Case:
        async with agency_scope(self.acme.system):
            return await Case.get(id=case.id)

    async def path(self, case: Case) -> list[tuple[str, str]]:
        async with agency_scope(self.acme.system):
            moves = await CaseMove.filter(case_id=case.id).order_by("at", "id")
        return [(move.because, move.to_state) for move in moves]

    async def actions(self, case: Case) -> list[str]:
        async with agency_scope(self.acme.system) as scope:
            rows = await scope.fetch("select kind from actions where case_id = $1 order by kind", case.id)
        return [row["kind"] for row in rows]


@pytest.fixture
async def bench(acme: Cast) -> Bench:
    client = await acme.empty_workspace()
    people = [
        (await acme.hire(f"{name}-{client}", Role.MODERATOR, [client])).narrowed_to(client)
        for name in ("ann", "ben", "eve")
    ]
    return Bench(acme, client, people, (await acme.policy_version(client)).id)


async def test_where_the_plan_says_so_a_second_person_looks_blind_and_agreement_decides(bench: Bench) -> None:
    await bench.plan(second_review_severities=["high"])
    case = await bench.case()
    first = await bench.judge(bench.ann)
    assert first is not None
    assert first.decision is None
    assert ((await bench.look(case)).state, (await bench.look(case)).slot) == ("queued", 2)
    assert await bench.actions(case) == []
    assert await bench.judge(bench.ann) is None  # never twice the same
    second = await bench.judge(bench.ben)
    assert second is not None
    assert second.decision is not None
    assert await bench.actions(case) == ["hide_post", "tell_member", "tell_member"]
    assert await bench.path(case) == [
        ("reported", "queued"),
        ("claimed", "in_review"),
        ("severity", "queued"),
        ("claimed", "in_review"),
        ("decided", "closed"),
    ]


async def test_who_judges_second_does_not_see_what_the_first_said(bench: Bench, api) -> None:
    await bench.plan(second_review_severities=["high"])
    case = await bench.case()
    await bench.judge(bench.ann)
    query = (
        "query($id: ID!) { case(id: $id) { reviews { totalCount nodes { outcome } } journal { nodes { detail } } } }"
    )

    async def as_seen_by(name: str) -> Any:
        token = bench.acme.tokens[f"{name}-{bench.client}"]
        return (await ask(api, token, query, id=f"case_{case.id}"))["data"]["case"]

    assert (await as_seen_by("ann"))["reviews"]["nodes"] == [{"outcome": "VIOLATION"}]
    blind = await as_seen_by("ben")
    assert blind["reviews"] == {"totalCount": 0, "nodes": []}
    assert "violation" not in str(blind["journal"]).lower()
    await bench.judge(bench.ben)
    assert (await as_seen_by("eve"))["reviews"]["totalCount"] == 2


@pytest.mark.parametrize("differs", ["outcome", "actions", "policy"])
async def test_where_two_differ_a_lead_decides_and_both_reviews_are_kept(bench: Bench, differs: str) -> None:
    await bench.plan(second_review_severities=["high"])
    case = await bench.case()
    await bench.judge(bench.ann)
    other = await bench.acme.policy_version(bench.client, "spam")
    second = await bench.judge(
        bench.ben,
        **{
            "outcome": {"outcome": "no_violation"},
            "actions": {"actions": ("warn_member",)},
            "policy": {"policy_version_id": other.id},
        }[differs],
    )
    assert second is not None
    assert second.decision is None
    assert await bench.judge(bench.eve) is None
    last = await bench.judge(bench.lead, outcome="no_violation")
    assert last is not None
    assert last.decision is not None
    async with agency_scope(bench.acme.system):
        reviews = await Review.filter(case_id=case.id).order_by("submitted_at")
    assert [review.purpose for review in reviews] == ["first", "second", "third"]
    assert (await bench.look(case)).outcome == "no_violation"


async def test_newcomers_are_looked_after_until_they_have_judged_enough_under_the_policy(bench: Bench) -> None:
    await bench.plan(newcomer_reviews=2)
    because = []
    for _ in range(3):
        await bench.case()
        judged = await bench.judge(bench.ann)
        assert judged is not None
        because.append(judged.review.because)
        if judged.decision is None:
            await bench.judge(bench.ben)
    assert because == ["newcomer", "newcomer", ""]


async def test_a_policy_may_ask_for_a_second_look_itself(bench: Bench) -> None:
    from backend.policies import Detail, create_policy, current_version

    async with agency_scope(bench.lead):
        policy = await create_policy(
            bench.lead,
            bench.client,
            slug="doxxing",
            title="x",
            text="x",
            severity="high",
            tier="high",
            detail=Detail(needs_second_review=True),
        )
        version = await current_version(policy.id)
    await bench.case()
    judged = await bench.judge(bench.ann, policy_version_id=version.id)
    assert (judged.review.because, judged.decision) == ("policy", None)


def test_the_sample_is_as_large_as_the_plan_says_and_always_the_same() -> None:
    ids = [UUID(int=n) for n in range(20_000)]
    drawn = [id for id in ids if is_sampled(id, 0.05)]
    assert 850 <= len(drawn) <= 1_150  # five standard deviations
    assert drawn == [id for id in ids if is_sampled(id, 0.05)]
    assert not any(is_sampled(id, 0.0) for id in ids)
    assert all(is_sampled(id, 1.0) for id in ids)


async def test_a_held_decision_does_nothing_before_somebody_else_approves_it(bench: Bench) -> None:
    await bench.plan(held_actions=["hide_post"])
    case = await bench.case()
    judged = await bench.judge(bench.lead)
    assert judged.decision.is_held
    assert (await bench.look(case)).state == "held"
    assert await bench.actions(case) == []
    async with agency_scope(bench.acme.system):
        assert not await Notice.filter(subject_id=case.id).exists()
    for who in (bench.ann, bench.lead):  # no lead; and judged it herself
        with pytest.raises(NotAllowed):
            async with agency_scope(who):
                await approve_decision(who, judged.decision.id)
    deputy = bench.acme.admin.narrowed_to(bench.client)
    async with agency_scope(deputy):
        await approve_decision(deputy, judged.decision.id, reason="Yes.")
    assert (await bench.look(case)).state == "closed"
    assert await bench.actions(case) == ["hide_post", "tell_member", "tell_member"]
    with pytest.raises(Conflict):
        async with agency_scope(deputy):
            await approve_decision(deputy, judged.decision.id)


async def test_a_denied_decision_is_replaced_and_both_are_kept(bench: Bench) -> None:
    await bench.plan(held_actions=["hide_post"])
    case = await bench.case()
    judged = await bench.judge(bench.ann)
    async with agency_scope(bench.lead):
        decision = await deny_decision(bench.lead, judged.decision.id, outcome="no_violation", reason="It was a joke.")
    assert await bench.actions(case) == ["tell_member"]  # whoever reported it
    found = await bench.look(case)
    assert (found.state, found.outcome, found.decision_id) == ("closed", "no_violation", decision.id)
    async with agency_scope(bench.acme.system):
        events = {event.kind for event in await DecisionEvent.filter(decision_id=judged.decision.id)}
        assert await Decision.filter(case_id=case.id).count() == 2
    assert events == {"denied"}


async def test_without_a_plan_nobody_waits(bench: Bench) -> None:
    case = await bench.case()
    assert (await bench.judge(bench.ann)).decision is not None
    assert (await bench.look(case)).state == "closed"


async def test_who_decided_can_take_it_back_within_minutes(bench: Bench) -> None:
    case = await bench.case()
    judged = await bench.judge(bench.ann)
    with pytest.raises(NotAllowed):
        async with agency_scope(bench.ben):
            await undo_decision(bench.ben, judged.decision.id, reason="x")
    async with agency_scope(bench.ann):
        claim = await undo_decision(bench.ann, judged.decision.id, reason="The wrong one.")
        assert (await Case.get(id=case.id)).decision_id is None
        await decide(bench.ann, case.id, token=claim.token, outcome="no_violation", reason="x")
    assert (await bench.path(case))[-3:] == [
        ("undone", "queued"),
        ("claimed", "in_review"),
        ("decided", "closed"),
    ]
    with pytest.raises(Conflict):
        async with agency_scope(bench.ann):
            await undo_decision(bench.ann, judged.decision.id, reason="x")


async def test_after_the_window_only_a_lead_can_have_it_judged_again(bench: Bench) -> None:
    case = await bench.case()
    judged = await bench.judge(bench.ann)
    async with agency_scope(bench.acme.system) as scope:
        await scope.execute("update cases set closed_at = now() - interval '11 minutes' where id = $1", case.id)
    from backend.moderation import reopening

    later = now() + timedelta(minutes=11)
    original, reopening.now = reopening.now, lambda: later
    try:
        with pytest.raises(Conflict, match="too late"):
            async with agency_scope(bench.ann):
                await undo_decision(bench.ann, judged.decision.id, reason="x")
    finally:
        reopening.now = original
    with pytest.raises(NotAllowed):
        async with agency_scope(bench.ann):
            await reopen_case(bench.ann, case.id, reason="x")
    async with agency_scope(bench.lead):
        await reopen_case(bench.lead, case.id, reason="New evidence.")
    assert (await bench.look(case)).decision_id == judged.decision.id  # in force until another takes its place
    assert await bench.judge(bench.ann) is None
    again = await bench.judge(bench.ben, outcome="no_violation")
    assert again.decision.supersedes_id == judged.decision.id


async def test_a_case_with_a_newer_one_about_its_post_is_not_reopened(bench: Bench) -> None:
    from backend.communities import Post
    from backend.moderation import report_post

    case = await bench.case()
    await bench.judge(bench.ann, outcome="no_violation")
    async with agency_scope(bench.lead):
        await Post.filter(id=case.post_id).update(version=2)
        await report_post(bench.lead, case.post_id, reason="again")
    with pytest.raises(Conflict, match="newer case"):
        async with agency_scope(bench.lead):
            await reopen_case(bench.lead, case.id, reason="x")
    await bench.acme.check_tallies()


async def test_many_are_decided_as_they_were_seen_and_the_rest_is_left_out(bench: Bench) -> None:
    cases = [await bench.case("spam") for _ in range(4)]
    async with agency_scope(bench.ann):
        taken = await claim_next(bench.ann)
    seen = [Previewed(case.id, case.version) for case in cases]
    stale = next(case for case in cases if case.id != taken.case_id)
    seen = [Previewed(each.case_id, each.version - (each.case_id == stale.id)) for each in seen]
    version = (await bench.acme.policy_version(bench.client, "spam")).id
    with pytest.raises(NotAllowed):
        async with agency_scope(bench.ann):
            await decide_many(bench.ann, seen, outcome="no_violation", reason="x")
    async with agency_scope(bench.lead):
        decisions, left_out = await decide_many(
            bench.lead, seen, outcome="violation", reason="Spam.", policy_version_id=version, actions=["hide_post"]
        )
    assert set(left_out) == {taken.case_id, stale.id}
    assert {decision.case_id for decision in decisions} == {case.id for case in cases} - set(left_out)
    await bench.acme.check_tallies()
    with pytest.raises(NotFound):
        async with agency_scope(bench.lead):
            await decide_many(bench.lead, [Previewed(UUID(int=0), 1)], outcome="no_violation", reason="x")


async def test_what_two_people_look_at_is_not_decided_among_many(bench: Bench) -> None:
    await bench.plan(second_review_severities=["high"])
    cases = [await bench.case("spam"), await bench.case("harassment")]
    async with agency_scope(bench.lead):
        decisions, left_out = await decide_many(
            bench.lead, [Previewed(case.id, case.version) for case in cases], outcome="no_violation", reason="x"
        )
    assert ([decision.case_id for decision in decisions], left_out) == ([cases[0].id], [cases[1].id])


async def test_a_case_that_waits_for_an_answer_keeps_its_time(bench: Bench) -> None:
    case = await bench.case()
    async with agency_scope(bench.ann):
        claim = await claim_next(bench.ann)
        question = await ask_member(bench.ann, case.id, token=claim.token, whom="author", question="Why?", days=3)
    waiting = await bench.look(case)
    assert (waiting.state, waiting.claimed_by_id) == ("pending_info", None)
    with pytest.raises(ClaimLost):
        async with agency_scope(bench.ann):
            await decide(bench.ann, case.id, token=claim.token, outcome="no_violation", reason="x")
    async with agency_scope(bench.acme.system) as scope:
        await scope.execute("update cases set paused_at = paused_at - interval '1 hour' where id = $1", case.id)
    async with agency_scope(bench.lead):
        await record_answer(bench.lead, question, answer="It was a joke.")
    back = await bench.look(case)
    assert back.state == "queued"
    assert timedelta(0) <= back.due_at - case.due_at - timedelta(hours=1) < timedelta(minutes=1)
    assert timedelta(0) <= back.virtual_deadline - case.virtual_deadline - timedelta(hours=1) < timedelta(minutes=1)
    with pytest.raises(Conflict):
        async with agency_scope(bench.lead):
            await record_answer(bench.lead, question, answer="x")
    await bench.acme.check_tallies()


async def test_nobody_waits_for_ever(bench: Bench) -> None:
    case = await bench.case()
    async with agency_scope(bench.ann):
        claim = await claim_next(bench.ann)
        await ask_member(bench.ann, case.id, token=claim.token, whom="author", question="Why?", days=1)
    working = system(bench.acme.agency_id, workspace_id=bench.client)
    async with agency_scope(working):
        await resume_case(working, {"case_id": str(case.id)})
    assert (await bench.look(case)).state == "pending_info"  # not yet
    async with agency_scope(working) as scope:
        await scope.execute("update cases set pending_until = now() where id = $1", case.id)
        await resume_case(working, {"case_id": str(case.id)})
    assert (await bench.path(case))[-1] == ("unanswered", "queued")


async def test_only_a_reporter_who_is_a_member_can_be_asked(bench: Bench) -> None:
    case = await bench.case()
    async with agency_scope(bench.ann) as scope:
        claim = await claim_next(bench.ann)
        report = await scope.fetchval("select id from reports where case_id = $1", case.id)
        for given, refusal in ((None, Invalid), (UUID(int=0), NotFound)):
            with pytest.raises(refusal):
                await ask_member(
                    bench.ann,
                    case.id,
                    token=claim.token,
                    whom="reporter",
                    question="x",
                    days=1,
                    report_id=given,
                )
        await ask_member(bench.ann, case.id, token=claim.token, whom="reporter", question="x", days=1, report_id=report)
