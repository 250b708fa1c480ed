"""A Discourse forum: what its webhooks say becomes posts, versions and cases."""

from typing import Any

import pytest
from intake.conftest import Connect, Site
from intake.payloads import at, discourse_flag, discourse_flag_by_ids, discourse_post

from backend.communities import Member
from tenants.scope import agency_scope


@pytest.fixture
async def forum(connect: Connect) -> Site:
    return await connect("discourse")


async def test_a_post_comes_is_edited_and_edited_back_goes_comes_back_and_is_flagged(forum: Site) -> None:
    await forum.tell(discourse_post("Hello"), event="post_created")
    post = await forum.post()
    assert (post.external_id, post.text, post.version, post.posted_at) == ("17", "Hello", 1, at(0))

    await forum.tell(discourse_post("Hello!", version=2, minute=1), event="post_edited")
    await forum.tell(discourse_post("Hello", version=3, minute=2), event="post_edited")
    post = await forum.post()
    assert (post.text, post.version, post.revised_at) == ("Hello", 3, at(2))
    assert await forum.versions() == ["Hello", "Hello!", "Hello"]

    await forum.tell(discourse_post("Hello", version=3, minute=2), event="post_destroyed")
    removed_at = (await forum.post()).removed_at
    assert removed_at is not None
    await forum.tell(discourse_post("Hello", version=3, minute=2), event="post_recovered")
    post = await forum.post()
    assert (post.removed_at, post.text, post.version) == (None, "Hello", 3)

    await forum.tell(discourse_flag(), event="reviewable_created")
    [report] = await forum.reports()
    assert (report.channel, report.reason, report.post_id) == ("member", "Inappropriate", post.id)
    async with agency_scope(forum.cast.system):
        reporter = await Member.get(id=report.member_id)
    assert (reporter.external_id, reporter.handle) == ("8", "bo")
    assert {(each.state, each.body, each.problem) for each in await forum.deliveries()} == {("done", None, None)}
    assert len(await forum.deliveries()) == 6


async def test_a_topic_takes_its_posts_with_it_and_brings_back_those_that_went_with_it(forum: Site) -> None:
    for id, topic in ((1, 14), (2, 14), (3, 14), (4, 15)):
        await forum.tell(discourse_post(f"post {id}", id=id, topic_id=topic), event="post_created")
    await forum.tell(discourse_post("post 3", id=3, topic_id=14), event="post_destroyed")

    async def there() -> set[str]:
        return {post.external_id for post in await forum.posts() if post.removed_at is None}

    topic = {"topic": {"id": 14, "title": "secret", "created_by": {"username": "secret"}}}
    assert await there() == {"1", "2", "4"}
    await forum.tell(topic, event="topic_destroyed")
    await forum.tell(
        discourse_post("post 1", id=1, topic_id=14), event="post_destroyed"
    )  # Discourse tells of the first
    assert await there() == {"4"}
    assert {post.thread for post in await forum.posts()} == {"14", "15"}
    await forum.tell(discourse_post("post 1", id=1, topic_id=14), event="post_recovered")
    await forum.tell(topic, event="topic_recovered")
    assert await there() == {"1", "2", "4"}, "the third went by itself"
    await forum.tell(topic, event="topic_destroyed")
    assert await there() == {"4"}, "the same payload again is no replay"
    await forum.tell({"topic": {"id": 99}}, event="topic_destroyed")
    last = (await forum.deliveries())[-1]
    assert (last.state, last.problem, last.body) == ("ignored", "Nothing that Tend knows is part of it.", None)


async def test_a_member_is_called_and_trusted_as_the_forum_says_now(forum: Site) -> None:
    await forum.tell(discourse_post("Hello"), event="post_created")
    author = (await forum.post()).member_id
    told = {"id": 5, "username": "ann2", "trust_level": 2, "email": "secret@example.com"}
    await forum.tell({"user": told}, event="user_updated")
    await forum.tell({"user": {**told, "moderator": True}}, event="user_promoted")
    await forum.tell({"user": {"id": 77, "username": "nobody"}}, event="user_updated")
    async with agency_scope(forum.cast.system):
        member = await Member.get(id=author)
        assert await Member.filter(community_id=member.community_id).count() == 1
    assert (member.handle, member.trust_level) == ("ann2", 5)
    assert "secret" not in str([(each.key, each.body, each.problem) for each in await forum.deliveries()])


@pytest.mark.parametrize(
    ("told", "expected"),
    [({"trust_level": 3}, 3), ({"trust_level": 1, "moderator": True}, 5), ({"trust_level": 9}, None), ({"trust_level": None}, None)],
    ids=["a regular", "staff", "no such level", "not told"],
)  # fmt: skip
async def test_how_far_the_forum_trusts_an_author_is_known(forum: Site, told: Any, expected: int | None) -> None:
    await forum.tell(discourse_post("Hello", **told), event="post_created")
    async with agency_scope(forum.cast.system):
        member = await Member.get(id=(await forum.post()).member_id)
    assert member.trust_level == expected


async def test_the_rules_are_asked_of_new_words_and_of_those_that_came_back(forum: Site) -> None:
    async def asked() -> int:
        async with agency_scope(forum.cast.system) as scope:
            return await scope.fetchval(
                "select count(*) from jobs where kind = 'apply_rules' and workspace_id = $1", forum.workspace_id
            )

    for minute, (text, expected) in enumerate([("a", 1), ("b", 2), ("a", 3), ("a", 3)]):
        await forum.tell(discourse_post(text, minute=minute), event="post_created" if minute == 0 else "post_edited")
        assert await asked() == expected


async def test_going_and_coming_back_again_and_again_without_an_edit_is_no_replay(forum: Site) -> None:
    """The payloads of the second time are those of the first, byte for byte."""
    await forum.tell(discourse_post(), event="post_created")
    for _ in range(3):
        await forum.tell(discourse_post(), event="post_destroyed")
        assert (await forum.post()).removed_at is not None
        await forum.tell(discourse_post(), event="post_destroyed")
        await forum.tell(discourse_post(), event="post_recovered")
        assert (await forum.post()).removed_at is None
        await forum.tell(discourse_post(), event="post_recovered")
    assert len(await forum.deliveries()) == 7


async def test_a_retry_has_another_event_id_and_is_dropped(forum: Site) -> None:
    for _ in range(3):
        await forum.tell(discourse_post(), event="post_created")
        await forum.tell(discourse_flag(), event="reviewable_created")
    assert len(await forum.deliveries()) == 2
    assert len(await forum.reports()) == 1


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
async def test_whatever_the_order_the_newest_words_stay(forum: Site, order: tuple[int, ...]) -> None:
    told = [("post_created", "one", 1), ("post_edited", "two", 2), ("post_edited", "one, again", 3)]
    for number in order:
        event, text, version = told[number]
        await forum.tell(discourse_post(text, version=version, minute=number), event=event)
    post = await forum.post()
    assert (post.text, post.revised_at) == ("one, again", at(2))


async def test_a_removal_of_a_post_that_nobody_told_brings_it_in_as_removed(forum: Site) -> None:
    await forum.tell(discourse_post(), event="post_destroyed")
    post = await forum.post()
    assert post.text == "Hello"
    assert post.removed_at is not None


async def test_a_flag_that_comes_before_its_post_waits_for_it(forum: Site) -> None:
    await forum.tell(discourse_flag(), event="reviewable_created")
    assert await forum.states() == [("reviewable_created", "waiting", None)]
    assert await forum.reports() == []
    await forum.tell(discourse_post(), event="post_created")
    await forum.take_in(even_later=True)
    assert len(await forum.reports()) == 1
    assert {state for _, state, _ in await forum.states()} == {"done"}


async def test_a_flag_whose_post_never_comes_has_failed_in_the_end_and_says_why(forum: Site) -> None:
    await forum.tell(discourse_flag(), event="reviewable_created")
    for _ in range(4):
        assert [state for _, state, _ in await forum.states()] == ["waiting"]
        await forum.take_in(even_later=True)
    reason = "The platform never told of the post that this is about."
    assert await forum.states() == [("reviewable_created", "failed", reason)]


async def test_flags_that_name_people_by_ids_alone_are_reports_too(forum: Site) -> None:
    await forum.tell(discourse_post(), event="post_created")
    await forum.tell(discourse_flag_by_ids(), event="reviewable_created")
    [report] = await forum.reports()
    assert report.reason == "Flagged on Discourse."
    async with agency_scope(forum.cast.system):
        assert (await Member.get(id=report.member_id)).handle == "user 8"


async def test_each_who_flagged_is_a_reporter_once(forum: Site) -> None:
    await forum.tell(discourse_post(), event="post_created")
    scores = [
        {"id": n, "user": {"id": user, "username": f"u{user}"}, "score_type": {"title": "Spam"}}
        for n, user in enumerate((8, 9, 8))
    ]
    await forum.tell(discourse_flag(reviewable_scores=scores), event="reviewable_created")
    more = [*scores, {"id": 7, "user": {"id": 10, "username": "u10"}, "score_type": {"title": "Spam"}}]
    await forum.tell(discourse_flag(reviewable_scores=more, score=4.5), event="reviewable_score_updated")
    assert len(await forum.reports()) == 3
    assert len({report.case_id for report in await forum.reports()}) == 1


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("post_created", discourse_post("secret", topic_archetype="private_message")),
        ("post_created", discourse_post("secret", post_type=3)),
        ("post_created", discourse_post("secret", post_type=4)),
        ("post_liked", {"like": {"post": discourse_post("secret")["post"]}}),
        ("user_created", {"user": {"id": 5, "email": "secret@example.com"}}),
        ("reviewable_created", discourse_flag(type="ReviewableUser", payload={"bio": "secret"})),
        ("", {"something": "secret"}),
    ],
)
async def test_what_is_no_post_of_the_community_is_ignored_and_not_kept(forum: Site, event: str, told: Any) -> None:
    await forum.tell(told, event=event)
    [delivery] = await forum.deliveries()
    assert (delivery.kind, delivery.state, delivery.body) == (event or "unknown", "ignored", None)
    assert delivery.problem
    assert "secret" not in str((delivery.key, delivery.problem))
    assert await forum.posts() == []


async def test_of_a_flag_that_waits_the_words_are_not_kept(forum: Site) -> None:
    """They may be of a private message: its post is never told."""
    flag = discourse_flag(raw="secret", cooked="<p>secret</p>", payload={"raw": "secret"})
    flag["reviewable"]["created_by"]["custom_fields"] = {"phone": "secret"}
    await forum.tell(flag, event="reviewable_created")
    [delivery] = await forum.deliveries()
    assert delivery.state == "waiting"
    assert delivery.body is not None
    assert b"secret" not in delivery.body
    await forum.tell(discourse_post(name="Ann Private"), event="post_created")
    await forum.take_in(even_later=True)
    assert [report.reason for report in await forum.reports()] == ["Inappropriate"]


async def test_a_ping_is_answered_and_leaves_nothing(forum: Site) -> None:
    await forum.tell({"ping": "OK"}, event="ping")
    assert await forum.deliveries() == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"id": None}, "post.id is missing."),
        ({"id": {"no": "id"}}, "post.id is no text."),
        ({"user_id": None}, "post.user_id is missing."),
        ({"raw": None, "cooked": None}, "post.raw is missing."),
        ({"raw": "x" * 100_001}, "post.raw is longer than 100,000 characters."),
        ({"created_at": "yesterday"}, "post.created_at is no date and time."),
        ({"created_at": "2026-11-25T10:00:00"}, "post.created_at has no time zone."),
        ({"updated_at": 17}, "post.updated_at is no text."),
        ({"id": "i" * 201}, "post.id is longer than 200 characters."),
    ],
)
async def test_a_payload_that_lacks_something_has_failed_and_says_what(
    forum: Site, changed: dict[str, Any], problem: str
) -> None:
    await forum.tell(
        discourse_post(**changed) if "id" not in changed else _with_id(changed["id"]), event="post_created"
    )
    assert await forum.states() == [("post_created", "failed", problem)]
    assert await forum.posts() == []


def _with_id(id: Any) -> Any:
    told = discourse_post()
    told["post"]["id"] = id
    return told


async def test_without_raw_the_words_are_those_of_the_markup(forum: Site) -> None:
    told = discourse_post(raw=None, cooked="<p>One &amp; two<br>three</p>\n<p>Four</p>")
    await forum.tell(told, event="post_created")
    assert (await forum.post()).text == "One & two\nthree\n\nFour"


async def test_a_nul_character_is_replaced(forum: Site) -> None:
    await forum.tell(discourse_post("nul \x00", username="a\x00b"), event="post_created")
    assert (await forum.post()).text == "nul \ufffd"
