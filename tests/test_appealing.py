"""Appeals: who may, until when, who looks, and what an answer changes."""

from datetime import timedelta
from uuid import UUID

import pytest
from cast import Cast

from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation import (
    Appeal,
    Case,
    Decision,
    DecisionEvent,
    Judged,
    Report,
    claim_next,
    create_queue,
    decide,
    decide_appeal,
    file_appeal,
    report_post,
    set_routing,
    undo_decision,
)
from backend.moderation.routing import Route
from backend.moderation.thresholds import APPEAL
from backend.notices import Notice
from backend.statements import APPEAL_WINDOW
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope


class Court:
    """A client whose case was decided by `first`; `second` has never seen it."""

    def __init__(self, acme: Cast, client: UUID, first: Actor, second: Actor, case: Case, version: UUID) -> None:
        self.acme, self.client, self.first, self.second = acme, client, first, second
        self.case, self.version = case, version

    async def decide(self, outcome: str) -> Judged:
        said = {"policy_version_id": self.version, "actions": ["hide_post"]} if outcome == "violation" else {}
        async with agency_scope(self.first):
            claim = await claim_next(self.first)
            return await decide(self.first, claim.case_id, token=claim.token, outcome=outcome, reason="x", **said)

    async def reporter(self) -> UUID:
        async with agency_scope(self.acme.system):
            return (await Report.filter(case_id=self.case.id).first()).member_id

    async def appeal(self, decision_id: UUID, member_id: UUID) -> UUID:
        async with agency_scope(self.acme.system):
            return await file_appeal(self.acme.system, decision_id, member_id=member_id, text="I do not agree.")

    async def answer(self, who: Actor, verdict: str, **said) -> list[UUID]:
        async with agency_scope(who):
            claim = await claim_next(who)
            assert claim is not None
            return await decide_appeal(
                who, claim.case_id, token=claim.token, verdict=verdict, answer="Dear you.", reason="x", **said
            )

    async def now(self) -> Case:
        async with agency_scope(self.acme.system):
            return await Case.get(id=self.case.id)

    async def events(self, decision_id: UUID) -> set[str]:
        async with agency_scope(self.acme.system):
            return {event.kind for event in await DecisionEvent.filter(decision_id=decision_id)}


@pytest.fixture
async def court(acme: Cast) -> Court:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    people = [
        (await acme.hire(f"{name}-{client}", Role.MODERATOR, [client])).narrowed_to(client)
        for name in ("first", "second")
    ]
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)
    return Court(acme, client, *people, case, (await acme.policy_version(client)).id)


async def test_an_author_who_was_right_gets_everything_back_and_both_sides_are_told(court: Court) -> None:
    judged = await court.decide("violation")
    appeal_id = await court.appeal(judged.decision.id, court.case.member_id)
    assert await court.answer(court.second, "overturned") == [appeal_id]
    async with agency_scope(court.acme.system):
        appeal = await Appeal.get(id=appeal_id)
        new = await Decision.get(id=appeal.new_decision_id)
        told = [(notice.kind, notice.member_id) for notice in await Notice.filter(workspace_id=court.client)]
    assert (appeal.state, appeal.answer, appeal.answered_by_id) == (
        "overturned",
        "Dear you.",
        court.second.membership_id,
    )
    assert (new.outcome, new.supersedes_id, new.case_id) == ("no_violation", judged.decision.id, court.case.id)
    found = await court.now()
    assert (found.state, found.outcome, found.decision_id) == ("closed", "no_violation", new.id)
    assert await court.events(judged.decision.id) == {"overturned"}
    assert told.count(("appeal_decided", court.case.member_id)) == 1
    assert (
        sum(kind == "report_decided" for kind, _ in told) == 4
    )  # both reporters: of the first, and of the new outcome
    await court.acme.check_tallies()


async def test_a_reporter_who_was_right_gets_what_they_reported_looked_after(court: Court) -> None:
    judged = await court.decide("no_violation")
    appeal_id = await court.appeal(judged.decision.id, await court.reporter())
    with pytest.raises(Invalid):
        await court.answer(court.second, "overturned")  # a violation of what?
    await court.answer(court.second, "overturned", policy_version_id=court.version, actions=["hide_post"])
    found = await court.now()
    async with agency_scope(court.acme.system) as scope:
        appeal = await Appeal.get(id=appeal_id)
        ordered = await scope.fetch(
            "select kind from actions where decision_id = $1 order by kind", appeal.new_decision_id
        )
    assert found.outcome == "violation"
    assert [row["kind"] for row in ordered] == ["hide_post", "tell_member"]


@pytest.mark.parametrize("verdict", ["upheld", "inadmissible"])
async def test_what_stays_stays_and_the_member_reads_why(court: Court, verdict: str) -> None:
    judged = await court.decide("violation")
    appeal_id = await court.appeal(judged.decision.id, court.case.member_id)
    await court.answer(court.second, verdict)
    async with agency_scope(court.acme.system):
        appeal = await Appeal.get(id=appeal_id)
    assert (appeal.state, appeal.new_decision_id) == (verdict, None)
    assert (await court.now()).decision_id == judged.decision.id
    assert await court.events(judged.decision.id) == set()


async def test_a_milder_decision_takes_the_place_of_the_first(court: Court) -> None:
    judged = await court.decide("violation")
    await court.appeal(judged.decision.id, court.case.member_id)
    await court.answer(court.second, "modified", policy_version_id=court.version, actions=["warn_member"])
    found = await court.now()
    async with agency_scope(court.acme.system):
        new = await Decision.get(id=found.decision_id)
    assert (new.outcome, new.actions, new.supersedes_id) == ("violation", ["warn_member"], judged.decision.id)


async def test_nobody_who_touched_the_case_is_offered_the_appeal(court: Court) -> None:
    judged = await court.decide("violation")
    owner = court.acme.owner.narrowed_to(court.client)
    async with agency_scope(owner):
        await report_post(owner, court.case.post_id, reason="x")  # who reported it, and then had it before her eyes
        claim = await claim_next(owner)
        await decide(owner, claim.case_id, token=claim.token, outcome="no_violation", reason="x")
    await court.appeal(judged.decision.id, court.case.member_id)
    for who in (court.first, owner):
        async with agency_scope(who):
            assert await claim_next(who) is None
    async with agency_scope(court.second):
        claim = await claim_next(court.second)
        appeal = await Case.get(id=claim.case_id)
        with pytest.raises(Conflict, match="answer it"):
            await decide(court.second, appeal.id, token=claim.token, outcome="no_violation", reason="x")
    assert (appeal.kind, appeal.post_id) == ("appeal", court.case.post_id)
    assert appeal.due_at == appeal.opened_at + APPEAL[court.case.tier]


async def test_each_may_appeal_once_in_time_and_only_against_what_concerns_them(court: Court, globex: Cast) -> None:
    judged = await court.decide("violation")
    stranger = (await court.acme.post()).member_id
    for member_id, refusal in ((stranger, NotFound), (await court.reporter(), Conflict), (UUID(int=0), NotFound)):
        with pytest.raises(refusal):
            await court.appeal(judged.decision.id, member_id)
    with pytest.raises(NotFound):
        async with agency_scope(globex.system):
            await file_appeal(globex.system, judged.decision.id, member_id=court.case.member_id, text="x")
    await court.appeal(judged.decision.id, court.case.member_id)
    with pytest.raises(Conflict, match="already"):
        await court.appeal(judged.decision.id, court.case.member_id)


async def test_after_the_window_it_is_too_late(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.moderation import appealing

    judged = await court.decide("violation")
    end = judged.decision.decided_at + APPEAL_WINDOW
    monkeypatch.setattr(appealing, "now", lambda: end + timedelta(seconds=1))
    with pytest.raises(Conflict, match="is over"):
        await court.appeal(judged.decision.id, court.case.member_id)
    monkeypatch.setattr(appealing, "now", lambda: end - timedelta(seconds=1))
    await court.appeal(judged.decision.id, court.case.member_id)


async def test_two_reporters_wait_in_one_case_and_are_answered_together(court: Court) -> None:
    judged = await court.decide("no_violation")
    async with agency_scope(court.acme.system):
        reporters = [report.member_id for report in await Report.filter(case_id=court.case.id)]
    filed = {await court.appeal(judged.decision.id, member_id) for member_id in reporters}
    async with agency_scope(court.acme.system):
        assert await Case.filter(post_id=court.case.post_id, kind="appeal").count() == 1
    assert set(await court.answer(court.second, "upheld")) == filed


async def test_appeals_go_where_routing_sends_them(court: Court) -> None:
    owner = court.acme.owner.narrowed_to(court.client)
    judged = await court.decide("violation")
    async with agency_scope(owner):
        queue = await create_queue(owner, court.client, name="Appeals")
        await set_routing(owner, court.client, expected_version=0, routes=[Route(queue.id, is_appeal=True)])
    await court.appeal(judged.decision.id, court.case.member_id)
    async with agency_scope(court.acme.system):
        appeal = await Case.get(post_id=court.case.post_id, kind="appeal")
    assert appeal.queue_id == queue.id


async def test_the_answer_to_an_appeal_is_not_undone(court: Court) -> None:
    judged = await court.decide("violation")
    await court.appeal(judged.decision.id, court.case.member_id)
    await court.answer(court.second, "overturned")
    found = await court.now()
    with pytest.raises(Conflict, match="not taken back"):
        async with agency_scope(court.second):
            await undo_decision(court.second, found.decision_id, reason="x")
