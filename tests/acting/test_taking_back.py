"""A decision that is taken back takes its actions back: once, and nothing that another decision stands for."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from acting.conftest import Place, place, soon
from cast import Cast

from backend.acting import reverse_actions
from backend.moderation import claim_next, decide, report_post
from tenants.scope import agency_scope


@pytest.fixture
async def here(acme: Cast) -> Place:
    return await place(acme, "built_in")


async def decided(where: Place, *actions: str) -> UUID:
    """A decision on a case about the post."""
    owner = where.cast.owner.narrowed_to(where.workspace_id)
    version = await where.cast.policy_version(where.workspace_id)
    async with agency_scope(owner):
        await report_post(owner, where.post_id, reason="rude")
        claim = await claim_next(owner, workspace_id=where.workspace_id)
        assert claim is not None
        judged = await decide(
            owner,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=version.id,
            actions=actions,
        )
        return judged.decision.id


async def taken_back(where: Place, decision_id: UUID) -> list[str]:
    async with agency_scope(where.cast.owner):
        return [each.kind for each in await reverse_actions(where.workspace_id, decision_id)]


async def test_twice_changes_nothing_more_and_what_was_told_stays_told(here: Place) -> None:
    decision_id = await decided(here, "hide_post", "warn_member")
    await here.turn()
    assert await taken_back(here, decision_id) == ["unhide_post"]
    assert await taken_back(here, decision_id) == []
    await here.turn()
    assert await taken_back(here, decision_id) == []
    assert await here.all() == [("hide_post", "confirmed"), ("warn_member", "confirmed"), ("unhide_post", "confirmed")]
    assert (await here.post()).hidden_at is None


async def test_what_was_not_begun_is_called_off(here: Place) -> None:
    decision_id = await decided(here, "hide_post", "warn_member")
    assert await taken_back(here, decision_id) == []
    await here.turn()
    assert await here.all() == [("hide_post", "cancelled"), ("warn_member", "cancelled")]
    assert (await here.post()).hidden_at is None


async def test_what_another_decision_asks_for_as_well_stays(here: Place) -> None:
    first, second = await decided(here, "hide_post"), await decided(here, "hide_post")
    await here.turn()
    assert await taken_back(here, first) == []
    assert (await here.post()).hidden_at is not None
    assert await taken_back(here, second) == ["unhide_post"]
    await here.turn()
    assert (await here.post()).hidden_at is None


async def test_two_decisions_that_are_taken_back_at_once_leave_nothing_hidden(here: Place) -> None:
    decisions = await decided(here, "hide_post"), await decided(here, "hide_post")
    await here.turn()

    async def one(decision_id: UUID) -> list[str]:
        async with agency_scope(here.cast.owner):
            kinds = [each.kind for each in await reverse_actions(here.workspace_id, decision_id)]
            await asyncio.sleep(0.1)  # both are open now, unless one waits for the other
            return kinds

    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(one(decision_id) for decision_id in decisions))
    assert sorted(answers) == [[], ["unhide_post"]]


async def test_what_lasted_longer_than_another_decision_asks_for_is_cut_short(forum: Place, discourse: Any) -> None:
    decision_id = await decided(forum)
    precaution = await forum.order("silence_member", until=soon() + timedelta(days=1))
    long = await forum.order("silence_member", until=soon() + timedelta(days=30), decision_id=decision_id)
    await forum.turn()
    assert {(await forum.read(each)).state for each in (precaution, long)} == {"confirmed"}
    assert await taken_back(forum, decision_id) == ["silence_member"]
    await forum.turn()
    assert discourse.users[17]["silenced_till"][:10] == f"{soon() + timedelta(days=1):%Y-%m-%d}"
