"""Deciding: once, by who holds the claim, with everything that follows in one transaction."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from cast import Cast

from backend.acting import Action, carry_out_actions
from backend.communities import MemberWarning, Post, warn_member
from backend.journal import JournalEntry
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation import (
    Case,
    CaseAlreadyClosed,
    ClaimLost,
    ClaimRecord,
    Decision,
    claim_next,
    decide,
)
from backend.notices import Notice
from backend.outbox import Job
from tenants.actor import Actor, system
from tenants.scope import agency_scope


class Scene:
    """A moderator with a claimed case of a client of its own."""

    def __init__(self, acme: Cast, client: UUID, case: Case, version: UUID) -> None:
        self.acme, self.client, self.case, self.version = acme, client, case, version
        self.moderator: Actor = acme.moderator.narrowed_to(client)
        self.token = ""

    async def claim(self) -> None:
        async with agency_scope(self.moderator):
            claim = await claim_next(self.moderator, workspace_id=self.client)
        assert claim is not None
        assert claim.case_id == self.case.id
        self.token = claim.token

    async def decide(self, **changes) -> Decision | None:
        wanted = {
            "token": self.token,
            "outcome": "violation",
            "reason": "An insult.",
            "policy_version_id": self.version,
            "actions": ("hide_post", "warn_member"),
            **changes,
        }
        actor = wanted.pop("actor", self.moderator)
        async with agency_scope(actor):
            return (await decide(actor, self.case.id, **wanted)).decision

    async def traces(self) -> dict[str, int]:
        async with agency_scope(self.acme.system):
            return {
                "decisions": await Decision.filter(case_id=self.case.id).count(),
                "actions": await Action.filter(case_id=self.case.id).count(),
                "notices": await Notice.filter(subject_id=self.case.id).count(),
                "journal": await JournalEntry.filter(subject_id=self.case.id, action="case.decided").count(),
                "jobs": await Job.filter(
                    workspace_id=self.client, kind__in=["carry_out_actions", "deliver_notices"]
                ).count(),
                "closed": await Case.filter(id=self.case.id, state="closed").count(),
            }


NOTHING = {"decisions": 0, "actions": 0, "notices": 0, "journal": 0, "jobs": 0, "closed": 0}


@pytest.fixture
async def scene(acme: Cast) -> Scene:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=3)
    made = Scene(acme, client, case, (await acme.policy_version(client)).id)
    await made.claim()
    return made


async def test_a_decision_closes_the_case_and_everything_follows_in_one_transaction(scene: Scene) -> None:
    decision = await scene.decide()
    assert await scene.traces() == {"decisions": 1, "actions": 5, "notices": 3, "journal": 1, "jobs": 6, "closed": 1}
    async with agency_scope(scene.acme.system):
        case = await Case.get(id=scene.case.id)
        [claim] = await ClaimRecord.filter(case_id=case.id)
    assert (case.outcome, case.claimed_by_id, claim.ended_by) == ("violation", None, "decided")
    assert (decision.membership_id, decision.policy_version_id) == (scene.moderator.membership_id, scene.version)


async def test_without_a_violation_there_is_nothing_to_do_and_reporters_are_told(scene: Scene) -> None:
    await scene.decide(outcome="no_violation", policy_version_id=None, actions=())
    assert await scene.traces() == {"decisions": 1, "actions": 3, "notices": 3, "journal": 1, "jobs": 4, "closed": 1}
    async with agency_scope(scene.acme.system):
        assert "does not break" in (await Notice.filter(subject_id=scene.case.id).first()).text


async def test_two_decisions_at_once_leave_one(scene: Scene) -> None:
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(scene.decide() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, Decision) for answer in answers) == 1
    assert sum(isinstance(answer, CaseAlreadyClosed) for answer in answers) == 4
    assert (await scene.traces())["decisions"] == 1


async def test_a_late_decision_with_a_stale_token_is_refused_and_nothing_changes(scene: Scene) -> None:
    await scene.acme.end_leases(scene.client)
    with pytest.raises(ClaimLost):
        await scene.decide()
    assert await scene.traces() == NOTHING
    colleague = scene.acme.colleague.narrowed_to(scene.client)
    async with agency_scope(colleague):
        theirs = await claim_next(colleague, workspace_id=scene.client)
    with pytest.raises(ClaimLost):
        await scene.decide()
    assert await scene.traces() == NOTHING
    await scene.decide(actor=colleague, token=theirs.token)
    assert (await scene.traces())["closed"] == 1


async def test_a_token_is_worth_nothing_in_other_hands(scene: Scene) -> None:
    with pytest.raises(ClaimLost):
        await scene.decide(actor=scene.acme.colleague.narrowed_to(scene.client))
    with pytest.raises(NotFound):
        await scene.decide(actor=scene.acme.contractor)
    assert await scene.traces() == NOTHING


async def test_a_case_that_changed_since_it_was_read_is_refused(scene: Scene) -> None:
    async with agency_scope(scene.acme.system):
        version = (await Case.get(id=scene.case.id)).version
    with pytest.raises(Conflict):
        await scene.decide(expected_version=version - 1)
    assert await scene.traces() == NOTHING
    await scene.decide(expected_version=version)


@pytest.mark.parametrize(
    "changes",
    [
        {"policy_version_id": None},
        {"outcome": "no_violation"},
        {"outcome": "no_violation", "policy_version_id": None, "actions": ("hide_post",)},
        {"reason": " "},
        {"reason": "x" * 5001},
        {"reason": "a\x00b"},
    ],
)
async def test_a_decision_that_contradicts_itself_is_refused(scene: Scene, changes: dict) -> None:
    with pytest.raises(Invalid):
        await scene.decide(**changes)
    assert await scene.traces() == NOTHING


async def test_a_policy_of_another_client_or_agency_cannot_be_named(scene: Scene, globex: Cast) -> None:
    for cast, workspace in ((scene.acme, "forum"), (globex, "forum")):
        foreign = await cast.policy_version(cast.workspaces[workspace])
        with pytest.raises(NotFound):
            await scene.decide(policy_version_id=foreign.id)
    assert await scene.traces() == NOTHING


async def test_a_decision_can_never_be_changed(scene: Scene) -> None:
    decision = await scene.decide()
    for change in ("update decisions set reason = 'otherwise'", "delete from decisions"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with agency_scope(scene.acme.system) as scope:
                await scope.execute(f"{change} where agency_id = $1 and id = $2", scene.acme.agency_id, decision.id)
    async with agency_scope(scene.acme.system):
        assert (await Decision.get(id=decision.id)).reason == "An insult."


async def test_actions_are_carried_out_and_believed_when_read_back(scene: Scene) -> None:
    decision = await scene.decide()
    actor = system(scene.acme.agency_id, workspace_id=scene.client)
    for _ in range(2):
        async with agency_scope(actor):
            await carry_out_actions(actor, {"decision_id": str(decision.id)})
    async with agency_scope(scene.acme.system):
        assert (await Post.get(id=scene.case.post_id)).hidden_at is not None
        assert await MemberWarning.filter(member_id=scene.case.member_id).count() == 1
        assert [a.state for a in await Action.filter(decision_id=decision.id)] == 5 * ["confirmed"]


async def test_a_decided_post_that_is_reported_again_gets_a_new_case(scene: Scene) -> None:
    await scene.decide()
    from backend.moderation import report_post

    async with agency_scope(scene.moderator):
        await report_post(scene.moderator, scene.case.post_id, reason="again")
    async with agency_scope(scene.acme.system):
        assert sorted([c.state for c in await Case.filter(post_id=scene.case.post_id)]) == ["closed", "queued"]


async def test_deciding_while_the_lease_is_being_returned_never_deadlocks(scene: Scene) -> None:
    """Both lock the case first and its claim second."""
    from backend.moderation import return_ended_claims

    await scene.acme.end_leases(scene.client)
    actor = system(scene.acme.agency_id, workspace_id=scene.client)

    async def give_back() -> None:
        async with agency_scope(actor):
            await return_ended_claims(actor, {})

    async with asyncio.timeout(20):
        answers = await asyncio.gather(
            *(scene.decide() for _ in range(4)), *(give_back() for _ in range(4)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [ClaimLost] * 4 + [type(None)] * 4


async def test_warning_for_one_action_twice_is_one_warning(scene: Scene) -> None:
    async with agency_scope(scene.acme.system):
        for _ in range(2):
            await warn_member(scene.case.member_id, workspace_id=scene.client, action_id=scene.case.id, text="x")
        assert await MemberWarning.filter(action_id=scene.case.id).count() == 1
