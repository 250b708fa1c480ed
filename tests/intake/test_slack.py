"""A Slack workspace: what its Events API says becomes posts and versions."""

from datetime import timedelta
from typing import Any

import pytest
from intake.conftest import Connect, Site
from intake.payloads import at, slack_changed, slack_deleted, slack_event, slack_message, slack_time

from backend.communities import Member
from tenants.scope import agency_scope


@pytest.fixture
async def team(connect: Connect) -> Site:
    return await connect("slack")


async def test_a_message_comes_is_edited_and_edited_back_and_goes(team: Site) -> None:
    await team.tell(slack_event(slack_message("Hello"), event_id="Ev1"))
    post = await team.post()
    assert (post.external_id, post.text, post.version) == (f"C2147483705/{slack_time(0)}", "Hello", 1)
    assert post.posted_at == at(0) + timedelta(microseconds=200)
    await team.tell(slack_event(slack_changed("Hello!", minute=1), event_id="Ev2"))
    await team.tell(slack_event(slack_changed("Hello", minute=2), event_id="Ev3"))
    assert (await team.post()).text == "Hello"
    assert await team.versions() == ["Hello", "Hello!", "Hello"]
    await team.tell(slack_event(slack_deleted(minute=3), event_id="Ev4"))
    assert (await team.post()).removed_at == at(3) + timedelta(microseconds=200)
    assert {(each.state, each.body) for each in await team.deliveries()} == {("done", None)}


async def test_slack_hears_its_challenge_once_it_has_signed_it(team: Site) -> None:
    told = {
        "token": "x",
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
        "type": "url_verification",
    }
    answer = await team.send(told)
    assert (answer.status_code, answer.text) == (200, told["challenge"])
    assert answer.headers["content-type"].startswith("text/plain")
    assert await team.deliveries() == []
    team.secret = "another-secret"
    answer = await team.send(told)
    assert answer.status_code == 401
    assert told["challenge"] not in answer.text


async def test_the_same_event_id_is_taken_once(team: Site) -> None:
    await team.tell(slack_event(slack_message("Hello"), event_id="Ev1"))
    await team.tell(slack_event(slack_message("Hello"), event_id="Ev1", minute=1))
    assert len(await team.deliveries()) == 1


async def test_a_signature_of_six_minutes_ago_is_refused(team: Site) -> None:
    answer = await team.send(slack_event(slack_message(), event_id="Ev1"), moment=at(0))
    assert answer.status_code == 401
    assert await team.deliveries() == []


async def test_an_edit_that_overtakes_its_message_is_the_newest_text(team: Site) -> None:
    await team.tell(slack_event(slack_changed("new", minute=1), event_id="Ev2"))
    await team.tell(slack_event(slack_message("old"), event_id="Ev1"))
    assert ((await team.post()).text, await team.versions()) == ("new", ["new"])


async def test_a_removal_that_overtakes_its_message_waits_for_it(team: Site) -> None:
    await team.tell(slack_event(slack_deleted(minute=1), event_id="Ev2"))
    await team.tell(slack_event(slack_message("old"), event_id="Ev1"))
    assert (await team.post()).removed_at is None
    await team.take_in(even_later=True)
    assert (await team.post()).removed_at is not None


async def test_the_removal_of_a_message_that_was_never_told_is_ignored_in_the_end(team: Site) -> None:
    await team.tell(slack_event(slack_deleted(minute=1), event_id="Ev2"))
    for _ in range(4):
        await team.take_in(even_later=True)
    reason = "The platform never told of the post that this is about."
    assert await team.states() == [("message.message_deleted", "ignored", reason)]
    assert (await team.deliveries())[0].body is None


async def test_what_is_left_of_a_message_with_answers_is_a_removal(team: Site) -> None:
    await team.tell(slack_event(slack_message("Hello"), event_id="Ev1"))
    gone = slack_changed("This message was deleted.", minute=1, subtype="tombstone")
    await team.tell(slack_event(gone, event_id="Ev2"))
    post = await team.post()
    assert post.text == "Hello"
    assert post.removed_at is not None


async def test_an_answer_finds_the_message_it_answers(team: Site) -> None:
    await team.tell(slack_event(slack_message("Hello", thread_ts=slack_time(0)), event_id="Ev1"))
    reply = slack_message("Hi", minute=1, thread_ts=slack_time(0), user="U2")
    await team.tell(slack_event(reply, event_id="Ev2"))
    first, second = await team.posts()
    assert (first.reply_to_id, second.reply_to_id) == (None, first.id)


async def test_a_bot_is_a_bot_and_whoever_has_a_profile_has_its_name(team: Site) -> None:
    bot = slack_message("beep", subtype="bot_message", bot_id="B1", username="beeper")
    del bot["user"]
    await team.tell(slack_event(bot, event_id="Ev1"))
    named = slack_message("Hi", minute=1, user_profile={"display_name": "", "real_name": "Ann Other"})
    await team.tell(slack_event(named, event_id="Ev2"))
    async with agency_scope(team.cast.system):
        members = await Member.filter(community_id=team.community_id).order_by("external_id")
    assert [(each.external_id, each.handle, each.kind) for each in members] == [
        ("B1", "beeper", "bot"),
        ("U2147483697", "Ann Other", "person"),
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (slack_message("secret", channel_type="im"), "message"),
        (slack_message("secret", channel_type="mpim"), "message"),
        (slack_message("secret", subtype="channel_join"), "message.channel_join"),
        ({"type": "reaction_added", "user": "U1", "reaction": "secret"}, "reaction_added"),
        ({"type": {"secret": 1}}, "event_callback"),
        (None, "event_callback"),
    ],
)
async def test_what_is_no_post_of_the_community_is_ignored_and_not_kept(team: Site, event: Any, kind: str) -> None:
    await team.tell(slack_event(event, event_id="Ev1"))
    [delivery] = await team.deliveries()
    assert (delivery.kind, delivery.state, delivery.body) == (kind, "ignored", None)
    assert "secret" not in str((delivery.key, delivery.problem))


async def test_what_waits_holds_neither_the_old_token_nor_who_installed_the_app(team: Site) -> None:
    assert (await team.send(slack_event(slack_message(), event_id="Ev1"))).status_code == 200
    [delivery] = await team.deliveries()
    assert delivery.state == "waiting"
    assert delivery.body is not None
    assert b"Hello" in delivery.body
    assert b"an-old-verification-token" not in delivery.body
    assert b"U0APP" not in delivery.body
    await team.take_in()


async def test_a_message_without_a_time_has_failed_and_says_so(team: Site) -> None:
    await team.tell(slack_event(slack_message(ts="yesterday"), event_id="Ev1"))
    assert await team.states() == [("message", "failed", "event.ts is no time as Slack writes it.")]
