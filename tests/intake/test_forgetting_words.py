"""No word of a member stays in what platforms delivered: not once it is a post, not when they are forgotten, not for ever."""

from typing import Any

import pytest
from cast import Cast
from intake.conftest import Connect, Site
from intake.payloads import a_post, discourse_flag, discourse_post, told

from backend.communities import Member
from backend.intake import (
    PlatformDelivery,
    forget_deliveries,
    give_up_delivery,
    replay_platform_delivery,
    thresholds,
)
from backend.kit.errors import Conflict
from backend.leaving import erase_member
from tenants.scope import agency_scope

WORDS = "These are my words"


@pytest.fixture
async def forum(connect: Connect) -> Site:
    return await connect("discourse")


async def everything(site: Site) -> str:
    async with agency_scope(site.cast.system) as scope:
        rows = await scope.fetch(
            "select d::text || coalesce(encode(d.body, 'escape'), '') as text from platform_deliveries d where workspace_id = $1",
            site.workspace_id,
        )
    return "\n".join(row["text"] for row in rows)


async def erase(site: Site, external_id: str) -> None:
    async with agency_scope(site.cast.owner):
        member = await Member.get(community_id=site.community_id, external_id=external_id)
        await erase_member(site.cast.owner, member.id, grounds="asked")
    await site.cast.run_jobs("erase_member")


async def test_erasing_a_member_leaves_none_of_their_words_in_deliveries(forum: Site) -> None:
    await forum.tell(discourse_post(WORDS), event="post_created")
    assert WORDS not in await everything(forum)
    broken = discourse_post(f"{WORDS}, edited", minute=1)
    del broken["post"]["created_at"]
    await forum.tell(broken, event="post_edited")
    assert WORDS in await everything(forum), "what failed is kept for a replay"
    await erase(forum, "5")
    assert WORDS not in await everything(forum)
    assert [(state, problem) for _, state, problem in await forum.states()] == [
        ("done", None),
        ("failed", "post.created_at is missing."),
    ]


async def test_what_waited_meanwhile_and_fails_afterwards_is_not_kept_either(forum: Site) -> None:
    await forum.tell(discourse_post(WORDS), event="post_created")
    broken = discourse_post(f"{WORDS}, edited", minute=1)
    del broken["post"]["created_at"]
    await forum.send(broken, event="post_edited")
    await erase(forum, "5")
    await forum.take_in()
    assert (await forum.states())[1][1] == "failed"
    assert WORDS not in await everything(forum)


async def test_whoever_was_forgotten_comes_back_neither_as_author_nor_as_reporter(forum: Site) -> None:
    await forum.tell(discourse_post(WORDS), event="post_created")
    await forum.tell(discourse_post("of somebody else", id=18, user_id=6), event="post_created")
    await forum.tell(discourse_flag(post_id=18), event="reviewable_created")
    for external_id in ("5", "8"):
        await erase(forum, external_id)
    await forum.tell(discourse_post(f"{WORDS}, again", minute=1), event="post_edited")
    await forum.tell(discourse_post(f"{WORDS}, again", minute=2), event="post_destroyed")
    await forum.tell(discourse_flag(post_id=18, version=1), event="reviewable_created")
    async with agency_scope(forum.cast.system):
        members = await Member.filter(community_id=forum.community_id, erased_at=None)
    assert [member.external_id for member in members] == ["6"]
    assert {post.text for post in await forum.posts()} == {"", "of somebody else"}
    assert len(await forum.reports()) == 1
    assert WORDS not in await everything(forum)
    assert (await forum.states())[-1][1:] == ("ignored", "Whoever reported was forgotten, and is not taken in again.")


async def test_what_failed_is_kept_for_two_weeks_and_known_for_ninety_days(forum: Site) -> None:
    async def aged(days: float) -> list[tuple[Any, ...]]:
        async with agency_scope(forum.cast.system) as scope:
            await scope.execute(
                "update platform_deliveries set received_at = now() - $2::float8 * interval '1 day' where workspace_id = $1",
                forum.workspace_id,
                days,
            )
            await forget_deliveries(forum.cast.system, {})
        return [(each.state, each.body is None) for each in await forum.deliveries()]

    broken = discourse_post(WORDS)
    del broken["post"]["created_at"]
    await forum.tell(broken, event="post_created")
    await forum.send(discourse_post("waits"), event="post_edited")
    kept, known = thresholds.BODY_KEPT_FOR.days, thresholds.KEPT_FOR.days
    assert sorted(await aged(kept - 0.1)) == [("failed", False), ("waiting", False)]
    assert sorted(await aged(kept + 0.1)) == [("failed", True), ("waiting", False)]
    assert sorted(await aged(known - 0.1)) == [("failed", True), ("waiting", False)]
    assert await aged(known + 0.1) == [("waiting", False)]
    await forum.take_in()


async def test_what_the_platform_told_too_long_ago_cannot_be_replayed(forum: Site, acme: Cast) -> None:
    broken = discourse_post(WORDS)
    del broken["post"]["created_at"]
    await forum.tell(broken, event="post_created")
    async with agency_scope(acme.owner) as scope:
        await scope.execute("update platform_deliveries set body = null where workspace_id = $1", forum.workspace_id)
        [delivery] = await PlatformDelivery.filter(workspace_id=forum.workspace_id)
        with pytest.raises(Conflict):
            await replay_platform_delivery(acme.owner, delivery.id)
    assert (await forum.states())[0][1] == "failed"


async def test_a_delivery_whose_job_is_dead_has_failed_and_can_be_replayed(connect: Connect, acme: Cast) -> None:
    site = await connect("webhook")
    await site.send(told("post.created", post=a_post()))
    [delivery] = await site.deliveries()
    async with agency_scope(acme.system):
        await give_up_delivery(acme.system, {"delivery_id": str(delivery.id)}, "ValueError: words")
    [delivery] = await site.deliveries()
    assert (delivery.state, delivery.problem) == (
        "failed",
        "Tend could not take it in: a fault of its own, which its job tells.",
    )
    assert delivery.body is not None
    await site.take_in()
    assert await site.posts() == [], "its job leaves alone what has failed"
