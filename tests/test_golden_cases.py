"""Golden cases: offered as if they were new, compared in silence, and without any consequence."""

from uuid import UUID

import pytest
from cast import Cast, ask

from backend.kit.errors import Conflict, NotAllowed
from backend.moderation import (
    Case,
    Decision,
    GoldenAnswer,
    QualityPlan,
    Report,
    claim_next,
    decide,
    make_golden,
    mixing_in,
    release,
    retire_golden,
)
from backend.notices import Notice
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope


class Measure:
    """A case that `teacher` decided and a lead made golden; `pupil` has never seen it, and another case waits."""

    acme: Cast
    client: UUID
    known: Case
    waiting: Case
    pupil: Actor
    item: UUID
    version: UUID


@pytest.fixture
async def measure(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> Measure:
    made = Measure()
    made.acme, made.client = acme, await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == made.client)
    teacher, made.pupil = [
        (await acme.hire(f"{name}-{made.client}", Role.MODERATOR, [made.client])).narrowed_to(made.client)
        for name in ("teacher", "pupil")
    ]
    made.version = (await acme.policy_version(made.client)).id
    made.known = await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)
    async with agency_scope(teacher):
        claim = await claim_next(teacher)
        await decide(
            teacher,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=made.version,
            actions=["hide_post"],
        )
    lead = acme.owner.narrowed_to(made.client)
    async with agency_scope(lead):
        made.item = await make_golden(lead, made.known.id, note="Clear.")
        await QualityPlan.create(workspace_id=made.client, golden_share=0.5)
    monkeypatch.setattr(mixing_in._DICE, "random", lambda: 0.0)
    made.waiting = await acme.case(workspace=slug, policy=f"{slug}:spam")
    return made


async def offered(measure: Measure):
    async with agency_scope(measure.pupil):
        return await claim_next(measure.pupil)


async def test_it_looks_like_any_other_and_the_case_in_whose_place_it_came_waits(measure: Measure, api) -> None:
    claim = await offered(measure)
    async with agency_scope(measure.acme.system):
        golden, waiting = await Case.get(id=claim.case_id), await Case.get(id=measure.waiting.id)
    assert (golden.kind, golden.post_id, waiting.state) == ("golden", measure.known.post_id, "queued")
    query = """query($id: ID!) { case(id: $id) { kind state openedAt dueAt reportCount reports { totalCount }
        decisions { totalCount } moves { nodes { because toState } } } }"""
    token = measure.acme.tokens[f"pupil-{measure.client}"]
    seen = (await ask(api, token, query, id=f"case_{golden.id}"))["data"]["case"]
    assert (seen["kind"], seen["state"], seen["reportCount"], seen["reports"], seen["decisions"]) == (
        "MODERATION",
        "IN_REVIEW",
        2,
        {"totalCount": 2},
        {"totalCount": 0},
    )
    assert [move["because"] for move in seen["moves"]["nodes"]] == ["REPORTED", "CLAIMED"]
    assert (golden.opened_at, golden.due_at) == (waiting.opened_at, waiting.due_at)
    late = "update cases set due_at = now() - interval '1 hour' where id = $1"
    async with agency_scope(measure.acme.system) as scope:
        await scope.execute(late, golden.id)
    counted = """query($w: ID!) { workspace(id: $w) { caseCounts { inReview overdue } openCaseCount
        caseGroups(by: [STATE]) { state count } queues { nodes { overdueCount } } } }"""
    counts = (await ask(api, token, counted, w=f"workspace_{measure.client}"))["data"]["workspace"]
    assert counts == {
        "caseCounts": {"inReview": 0, "overdue": 0},
        "openCaseCount": 1,
        "caseGroups": [{"state": "CLOSED", "count": 1}, {"state": "QUEUED", "count": 1}],
        "queues": {"nodes": [{"overdueCount": 0}]},
    }, "it is counted nowhere"
    others = await ask(api, measure.acme.tokens["owner"], query, id=f"case_{golden.id}")
    assert others == {"data": {"case": None}}
    await measure.acme.check_tallies()


@pytest.mark.parametrize(("outcome", "is_right"), [("violation", True), ("no_violation", False)])
async def test_what_is_said_of_it_is_compared_and_has_no_consequence(
    measure: Measure, outcome: str, is_right: bool
) -> None:
    claim = await offered(measure)
    said = {"policy_version_id": measure.version, "actions": ["hide_post"]} if outcome == "violation" else {}
    async with agency_scope(measure.acme.system) as scope:
        before = await scope.fetchval("select count(*) from actions")
    async with agency_scope(measure.pupil):
        judged = await decide(measure.pupil, claim.case_id, token=claim.token, outcome=outcome, reason="x", **said)
    assert judged.decision is None
    async with agency_scope(measure.acme.system) as scope:
        [answer] = await GoldenAnswer.filter(golden_item_id=measure.item)
        assert (answer.is_right, answer.review_id) == (is_right, judged.review.id)
        assert not await Decision.filter(case_id=claim.case_id).exists()
        assert not await Notice.filter(subject_id=claim.case_id).exists()
        assert not await Report.filter(case_id=claim.case_id).exists()
        assert await scope.fetchval("select count(*) from actions") == before
        assert (await Case.get(id=measure.known.id)).outcome == "violation"
    await measure.acme.check_tallies()


async def test_nobody_is_offered_what_they_have_seen_before(measure: Measure) -> None:
    claim = await offered(measure)
    async with agency_scope(measure.pupil):
        await release(measure.pupil, claim.case_id, token=claim.token)
    async with agency_scope(measure.acme.system):
        given_back = await Case.get(id=claim.case_id)
    assert given_back.state == "closed"
    assert (await offered(measure)).case_id == measure.waiting.id
    await measure.acme.check_tallies()


async def test_what_is_retired_is_offered_to_nobody(measure: Measure) -> None:
    lead = measure.acme.owner.narrowed_to(measure.client)
    with pytest.raises(NotAllowed):
        async with agency_scope(measure.pupil):
            await retire_golden(measure.pupil, measure.item)
    async with agency_scope(lead):
        await retire_golden(lead, measure.item)
    assert (await offered(measure)).case_id == measure.waiting.id


async def test_only_what_is_decided_can_be_golden_and_only_once(measure: Measure) -> None:
    lead = measure.acme.owner.narrowed_to(measure.client)
    for case in (measure.known, measure.waiting):
        with pytest.raises(Conflict):
            async with agency_scope(lead):
                await make_golden(lead, case.id)


async def test_as_often_as_the_plan_says(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing_in._DICE, "random", lambda: 0.5)
    assert (await offered(measure)).case_id == measure.waiting.id
