"""Evidence: what a case was decided upon stays as it was, its end is a date, and a hold wins."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from cast import ask
from statements.conftest import Place

from backend.communities import Post
from backend.evidence import (
    EvidenceSnapshot,
    capture,
    capturing,
    lift_hold,
    place_hold,
    purge_evidence,
    set_evidence_days,
    verify_snapshots,
)
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.leaving import erase_member
from backend.moderation import Decision
from tenants.erasing import as_eraser
from tenants.scope import agency_scope


async def snapshots(place: Place, case_id: Any) -> list[EvidenceSnapshot]:
    async with agency_scope(place.system):
        return await EvidenceSnapshot.filter(case_id=case_id).order_by("position")


async def checks(place: Place, case_id: Any) -> list[bool | None]:
    async with agency_scope(place.system):
        return [each.is_intact for each in await verify_snapshots(case_id)]


async def tamper(place: Place, change: str, *values: Any) -> None:
    """As somebody with the database in their hands."""
    async with agency_scope(place.system) as scope, as_eraser():
        await scope.execute(
            f"update evidence_snapshots t set {change} and t.agency_id = $1", place.cast.agency_id, *values
        )


async def test_the_post_and_those_before_it_are_kept_as_they_were(place: Place) -> None:
    ann, bob, policy = await place.member("ann"), await place.member("bob"), await place.policy()
    talk = [
        await place.post(bob if n % 2 else ann, f"talk {n}", posted_at=now() - timedelta(minutes=20 - n))
        for n in range(8)
    ]
    decision = await place.decide(talk[6], policy)
    rows = await snapshots(place, decision.case_id)
    assert [row.post_id for row in rows] == [talk[n].id for n in (6, 5, 4, 3, 2, 1)]
    assert [row.is_context for row in rows] == [False, *[True] * 5]
    told = orjson.loads(rows[0].content or "")
    assert {name: told[name] for name in ("author", "case", "isContext", "post", "previous", "text", "version")} == {
        "author": {"handle": "ann", "id": str(ann)},
        "case": str(decision.case_id),
        "isContext": False,
        "post": str(talk[6].id),
        "previous": None,
        "text": "talk 6",
        "version": 1,
    }
    assert rows[0].content == orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()
    assert [row.hash for row in rows] == [hashlib.sha256((row.content or "").encode()).hexdigest() for row in rows]
    assert [row.previous_hash for row in rows] == [None, *(row.hash for row in rows[:-1])]
    async with agency_scope(place.system):
        await Post.filter(id=talk[6].id).update(text="I never said so", version=2)
        [line] = await JournalEntry.filter(action="case.decided", workspace_id=place.client)
        assert line.detail["evidence"] == rows[-1].hash, "the journal's chain holds the end of the evidence's"
    assert (await snapshots(place, decision.case_id))[0].content == rows[0].content
    assert await checks(place, decision.case_id) == [True] * 6


async def test_of_an_answer_what_it_answers_is_kept(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy()
    thread: list[Post] = []
    for n in range(7):
        thread.append(await place.post(ann, f"t{n}", reply_to_id=thread[-1].id if thread else None))
        await place.post(ann, "something else")
    decision = await place.decide(thread[6], policy)
    assert [row.post_id for row in await snapshots(place, decision.case_id)] == [
        thread[n].id for n in (6, 5, 4, 3, 2, 1)
    ]


async def test_what_is_captured_again_goes_on_with_the_chain(place: Place) -> None:
    ann, policy = await place.member("ann"), await place.policy()
    decision = await place.decide(post := await place.post(ann), policy)
    async with agency_scope(place.system):
        await capture(workspace_id=place.client, case_id=decision.case_id, post_id=post.id)
    rows = await snapshots(place, decision.case_id)
    assert [row.position for row in rows] == [1, 2]
    assert rows[1].previous_hash == rows[0].hash
    assert rows[1].hash != rows[0].hash, "the same words with another salt"
    assert await checks(place, decision.case_id) == [True, True]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("content = replace(content, 'talk 2', 'talk X') where position = 1", [False, True, True]),
        ("content = 'not even JSON' where position = 2", [True, False, True]),
        ("content = null where position = 2", [True, None, True]),
    ],
)
async def test_what_was_changed_is_found(
    place: Place, api: httpx.AsyncClient, change: str, found: list[bool | None]
) -> None:
    ann, policy = await place.member("ann"), await place.policy()
    posts = [await place.post(ann, f"talk {n}", posted_at=now() - timedelta(minutes=9 - n)) for n in range(3)]
    decision = await place.decide(posts[2], policy)
    assert await checks(place, decision.case_id) == [True, True, True]
    await tamper(place, change)
    assert await checks(place, decision.case_id) == found
    answer = await ask(
        api,
        place.cast.tokens["owner"],
        "query($d: ID!) { node(id: $d) { ... on Decision { evidence { nodes { isIntact } } } } }",
        d=f"decision_{decision.id}",
    )
    assert [each["isIntact"] for each in answer["data"]["node"]["evidence"]["nodes"]] == found


async def test_forgetting_one_author_leaves_what_others_wrote(place: Place) -> None:
    ann, bob, policy = await place.member("ann"), await place.member("bob"), await place.policy()
    await place.post(bob, "before", posted_at=now() - timedelta(minutes=1))
    decision = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.cast.owner):
        await erase_member(place.cast.owner, bob, grounds="x")
    [job] = await place.cast.run_jobs("erase_member")
    assert job.state == "done", job.last_error
    assert [row.content is None for row in await snapshots(place, decision.case_id)] == [False, True]
    assert await checks(place, decision.case_id) == [True, None]


@pytest.fixture
async def old(place: Place, monkeypatch: pytest.MonkeyPatch) -> tuple[Decision, UUID]:
    """A decision of 366 days ago, and whose post it is about."""
    ann, policy = await place.member("ann"), await place.policy()
    with monkeypatch.context() as earlier:
        earlier.setattr(capturing, "now", lambda: now() - timedelta(days=366))
        decision = await place.decide(await place.post(ann), policy)
    async with agency_scope(place.system) as scope:
        await scope.execute("update cases set closed_at = now() - interval '366 days' where id = $1", decision.case_id)
    return decision, ann


async def purge(place: Place) -> None:
    async with agency_scope(place.system):
        await purge_evidence(place.system, {})


async def test_words_go_when_their_time_is_over_and_the_hash_stays(place: Place, old: tuple[Decision, UUID]) -> None:
    decision, _ = old
    [before] = await snapshots(place, decision.case_id)
    async with agency_scope(place.moderator):
        await set_evidence_days(place.moderator, place.client, days=400)
    await purge(place)
    assert await checks(place, decision.case_id) == [True]
    async with agency_scope(place.moderator):
        await set_evidence_days(place.moderator, place.client, days=365)
    await purge(place)
    [row] = await snapshots(place, decision.case_id)
    assert (row.content, row.hash) == (None, before.hash)
    assert await checks(place, decision.case_id) == [None]
    async with agency_scope(place.system):
        [line] = await JournalEntry.filter(action="workspace.evidence_purged", workspace_id=place.client)
        assert line.detail == {"snapshots": 1}


@pytest.mark.parametrize("days", [183, 3_651])
async def test_evidence_is_kept_as_long_as_appeals_are_possible(place: Place, days: int) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(place.moderator):
            await set_evidence_days(place.moderator, place.client, days=days)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_hold_on_the_client_or_the_member_wins(
    place: Place, old: tuple[Decision, UUID], *, whole: bool
) -> None:
    decision, ann = old
    async with agency_scope(place.moderator):
        hold = await place_hold(
            place.moderator, place.client, member_id=None if whole else ann, reason="a case at court"
        )
    await purge(place)
    assert await checks(place, decision.case_id) == [True]
    async with agency_scope(place.moderator):
        await lift_hold(place.moderator, hold, grounds="over")
    await purge(place)
    assert await checks(place, decision.case_id) == [None]
