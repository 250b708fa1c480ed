"""What is decided is done on a Discourse, and believed once it shows it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from acting.conftest import JOB, Place, soon
from acting.fake_discourse import KEY, FakeDiscourse

from backend.acting import carry_out_actions, give_up_action, queue_again
from backend.acting import discourse as acting_on_discourse
from backend.acting.thresholds import SCHEDULE
from backend.kit.clock import now
from backend.outbox import Job
from tenants.actor import system
from tenants.scope import agency_scope

LATER = soon() + timedelta(days=3)


async def test_a_post_is_hidden_there_seen_hidden_and_shown_again(forum: Place, discourse: FakeDiscourse) -> None:
    action = await forum.order("hide_post")
    assert (action.state, discourse.calls) == ("queued", [])
    await forum.turn()
    done = await forum.read(action)
    assert (done.state, done.problem, discourse.posts[4711]["hidden"]) == ("confirmed", None, True)
    assert discourse.calls == ["GET /posts/4711.json", "POST /post_actions.json", "GET /posts/4711.json"]
    assert (await forum.post()).hidden_at is not None
    [back] = await forum.take_back()
    await forum.turn()
    assert ((await forum.read(back)).state, discourse.posts[4711]["hidden"]) == ("confirmed", False)
    assert (await forum.post()).hidden_at is None


@pytest.mark.parametrize("number", [1, 2])
async def test_a_post_goes_and_comes_back_the_first_one_with_its_topic(
    forum: Place, discourse: FakeDiscourse, number: int
) -> None:
    discourse.posts[4711]["post_number"] = number
    action = await forum.order("delete_post")
    await forum.turn()
    assert ((await forum.read(action)).state, bool(discourse.posts[4711]["deleted_at"])) == ("confirmed", True)
    assert (await forum.post()).removed_at is not None
    await forum.take_back()
    await forum.turn()
    assert await forum.all() == [("delete_post", "confirmed"), ("recover_post", "confirmed")]
    assert (discourse.posts[4711]["deleted_at"], (await forum.post()).removed_at) == (None, None)


@pytest.mark.parametrize(
    ("kind", "shown", "undone_by"),
    [("silence_member", "silenced_till", "unsilence_member"), ("suspend_member", "suspended_till", "unsuspend_member")],
)
@pytest.mark.parametrize("until", [LATER, None])
async def test_a_member_is_silenced_or_suspended_until_then_or_without_end_and_let_in_again(
    forum: Place, discourse: FakeDiscourse, kind: str, shown: str, undone_by: str, until: Any
) -> None:
    action = await forum.order(kind, until=until, message="You were rude.")
    await forum.turn()
    assert (await forum.read(action)).state == "confirmed"
    told = discourse.users[17][shown]
    assert told.startswith(f"{LATER:%Y-%m-%dT%H:%M:%S}") if until else int(told[:4]) > 3_000
    assert discourse.users[17]["message"] == "You were rude."
    await forum.take_back()
    await forum.turn()
    assert await forum.all() == [(kind, "confirmed"), (undone_by, "confirmed")]
    assert discourse.users[17][shown] is None


async def test_whoever_is_silenced_for_shorter_is_silenced_longer_and_never_shorter(
    forum: Place, discourse: FakeDiscourse
) -> None:
    for days, ends_after in ((1, 1), (5, 5), (2, 5)):
        await forum.order("silence_member", until=soon() + timedelta(days=days))
        await forum.turn()
        assert discourse.users[17]["silenced_till"][:10] == f"{now() + timedelta(days=ends_after):%Y-%m-%d}"
    assert {state for _, state in await forum.all()} == {"confirmed"}


@pytest.mark.parametrize(("kind", "is_warning"), [("warn_member", "true"), ("tell_member", "false")])
async def test_a_member_is_told_once_by_the_name_they_have_now(
    forum: Place, discourse: FakeDiscourse, kind: str, is_warning: str
) -> None:
    discourse.users[17]["username"] = "renamed"
    action = await forum.order(kind, message="Why: <b>rude</b>")
    await forum.turn()
    assert (await forum.read(action)).state == "confirmed"
    [message] = discourse.topics.values()
    assert (message["target_recipients"], message["raw"], message["is_warning"], message["archetype"]) == (
        "renamed", "Why: <b>rude</b>", is_warning, "private_message",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["hide_post", "delete_post", "silence_member", "warn_member"])
async def test_a_platform_that_lies_is_not_believed_and_a_human_is_asked(
    forum: Place, discourse: FakeDiscourse, kind: str
) -> None:
    discourse.lies = True
    action = await forum.order(kind)
    await forum.turn()
    found = await forum.read(action)
    assert (found.state, found.tries, found.confirmed_at) == ("sent", 1, None)
    assert found.problem == "The platform took it, and does not show it."
    for _ in SCHEDULE:
        await forum.as_if_due()
    found = await forum.read(action)
    assert (found.state, found.tries) == ("failed", len(SCHEDULE) + 1)
    assert found.problem == (
        "The platform took it, and does not show it. It was tried for a day: do it there by hand, or retry."
    )
    assert (await forum.post()).hidden_at is None


async def test_what_a_server_did_before_it_broke_off_is_seen_and_not_done_again(
    forum: Place, discourse: FakeDiscourse
) -> None:
    discourse.dies = True
    action = await forum.order("warn_member")
    await forum.turn()
    assert (await forum.read(action)).problem == "The platform failed to answer (502)."
    await forum.as_if_due()
    assert ((await forum.read(action)).state, len(discourse.topics)) == ("confirmed", 1)
    assert [call for call in discourse.calls if call.startswith("POST")] == ["POST /posts.json"]


async def test_a_worker_that_is_killed_before_it_could_say_so_has_done_no_harm(
    forum: Place, discourse: FakeDiscourse
) -> None:
    told, hidden = await forum.order("warn_member"), await forum.order("hide_post")
    actor = system(forum.cast.agency_id, workspace_id=forum.workspace_id)
    for action in (told, hidden):
        async with agency_scope(actor) as scope:
            await carry_out_actions(actor, {"action_id": str(action.id)})
            scope.doom()
    assert {state for _, state in await forum.all()} == {"queued"}
    await forum.turn()
    assert {state for _, state in await forum.all()} == {"confirmed"}
    assert (len(discourse.topics), discourse.calls.count("POST /post_actions.json")) == (1, 1)


async def test_of_two_workers_at_once_one_asks_the_platform(forum: Place, discourse: FakeDiscourse) -> None:
    action, actor = await forum.order("warn_member"), system(forum.cast.agency_id, workspace_id=forum.workspace_id)
    discourse.seconds = 0.05

    async def one() -> None:
        async with agency_scope(actor):
            await carry_out_actions(actor, {"action_id": str(action.id)})

    async with asyncio.timeout(10):
        await asyncio.gather(one(), one())
    assert ((await forum.read(action)).state, len(discourse.calls)) == ("confirmed", 4)


async def test_what_is_called_off_while_the_platform_does_it_is_undone(forum: Place, discourse: FakeDiscourse) -> None:
    action, actor = await forum.order("hide_post"), system(forum.cast.agency_id, workspace_id=forum.workspace_id)
    discourse.seconds = 0.2

    async def one() -> None:
        async with agency_scope(actor):
            await carry_out_actions(actor, {"action_id": str(action.id)})

    async with asyncio.timeout(10):
        doing = asyncio.create_task(one())
        while not discourse.calls:
            await asyncio.sleep(0.01)
        assert await forum.take_back() == []
        await doing
    discourse.seconds = 0
    assert discourse.posts[4711]["hidden"]
    await forum.turn()
    assert await forum.all() == [("hide_post", "cancelled"), ("unhide_post", "confirmed")]
    assert not discourse.posts[4711]["hidden"]


async def test_one_that_makes_tend_fail_takes_no_other_along(
    forum: Place, discourse: FakeDiscourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = await forum.order("hide_post"), await forum.order("warn_member")
    do = acting_on_discourse.do

    async def fails(hand: Any, order: Any) -> None:
        if order.id == broken.id:
            raise ValueError("a bug")
        await do(hand, order)

    monkeypatch.setattr(acting_on_discourse, "do", fails)
    await forum.cast.run_jobs(JOB)
    assert await forum.all() == [("hide_post", "queued"), ("warn_member", "confirmed")]
    async with agency_scope(forum.cast.system) as scope:
        await give_up_action(scope.actor, {"action_id": str(broken.id)}, "It failed.")
    found = await forum.read(broken)
    assert (found.state, found.problem) == ("failed", "Tend could not do it: a fault of its own, which its job tells.")
    async with agency_scope(forum.cast.system) as scope:
        await queue_again(scope.actor, {"action_id": str(broken.id)})
        await Job.filter(workspace_id=forum.workspace_id).update(state="ready", run_at=now())
    monkeypatch.setattr(acting_on_discourse, "do", do)
    await forum.turn()
    assert ((await forum.read(broken)).state, (await forum.read(fine)).state) == ("confirmed", "confirmed")


async def test_what_has_ended_before_it_could_begin_is_not_begun(forum: Place, discourse: FakeDiscourse) -> None:
    action = await forum.order("silence_member", until=now() - timedelta(seconds=1))
    await forum.turn()
    assert ((await forum.read(action)).state, discourse.calls) == ("failed", [])


async def test_whoever_asks_to_be_left_alone_is_left_alone_and_it_counts_as_no_try(
    forum: Place, discourse: FakeDiscourse, acme: Any
) -> None:
    discourse.limited = 1
    action = await forum.order("hide_post")
    other = await forum.order("warn_member")
    await forum.turn()
    assert ((await forum.read(action)).tries, (await forum.read(other)).tries, len(discourse.calls)) == (0, 0, 1)
    async with agency_scope(acme.system):
        [job] = await Job.filter(workspace_id=forum.workspace_id, state="ready")
        assert timedelta(seconds=5) < job.run_at - now() <= timedelta(seconds=7)
    await forum.as_if_due()
    assert await forum.all() == [("hide_post", "confirmed"), ("warn_member", "confirmed")]


async def test_calls_keep_to_a_pace_of_their_own(forum: Place, discourse: FakeDiscourse) -> None:
    for _ in range(12):
        await forum.order("warn_member")
    await forum.turn()
    first = len(discourse.calls)
    assert 20 <= first <= 28
    await forum.as_if_due()
    assert len(discourse.calls) > first


async def test_a_key_that_is_refused_needs_a_human_at_once(forum: Place, discourse: FakeDiscourse) -> None:
    discourse.refuses = True
    action = await forum.order("silence_member")
    await forum.turn()
    found = await forum.read(action)
    assert (found.state, found.tries) == ("failed", 1)
    assert "Admin, API, Keys" in (found.problem or "")
    assert discourse.heads[0]["api-key"] == KEY


async def test_a_post_that_was_flagged_before_and_shown_again_is_for_a_human(
    forum: Place, discourse: FakeDiscourse
) -> None:
    discourse.flagged.add(4711)
    action = await forum.order("hide_post")
    await forum.turn()
    assert "Hide it there by hand" in ((await forum.read(action)).problem or "")
