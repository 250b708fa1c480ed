"""A Mastodon server: what its administration webhooks say becomes posts, versions and cases."""

from typing import Any

import pytest
from intake.conftest import Connect, Site
from intake.payloads import at, mastodon_event, mastodon_report, mastodon_status

from backend.communities import Member
from tenants.scope import agency_scope


@pytest.fixture
async def server(connect: Connect) -> Site:
    return await connect("mastodon")


async def test_a_status_comes_is_edited_and_edited_back_and_is_reported(server: Site) -> None:
    await server.tell(mastodon_event("status.created", mastodon_status("Hello")))
    post = await server.post()
    assert (post.external_id, post.text, post.version, post.posted_at) == ("111301083360371621", "Hello", 1, at(0))
    for minute, text in ((1, "Hello!"), (2, "Hello")):
        edited = mastodon_status(text, minute=minute, is_edited=True)
        await server.tell(mastodon_event("status.updated", edited, minute=minute))
    assert await server.versions() == ["Hello", "Hello!", "Hello"]

    reported = mastodon_status("Hello", minute=2, is_edited=True)
    await server.tell(mastodon_event("report.created", mastodon_report(reported), minute=5))
    [report] = await server.reports()
    assert (report.channel, report.reason, report.post_id) == ("member", "This is rude", post.id)
    async with agency_scope(server.cast.system):
        reporter = await Member.get(id=report.member_id)
    assert (reporter.external_id, reporter.handle) == ("123456789", "bo")
    assert await server.versions() == ["Hello", "Hello!", "Hello"]
    assert {(each.state, each.body) for each in await server.deliveries()} == {("done", None)}


async def test_addresses_of_whoever_reports_are_never_stored(server: Site) -> None:
    answer = await server.send(mastodon_event("report.created", mastodon_report(mastodon_status())))
    assert answer.status_code == 200
    [delivery] = await server.deliveries()
    assert delivery.state == "waiting"
    assert delivery.body is not None
    for private in (b"private.example", b"203.0.113", b"I would love to join", b"email", b'"ip"', b"ips"):
        assert private not in delivery.body, private
    await server.take_in()
    assert len(await server.reports()) == 1


@pytest.mark.parametrize("event", ["account.created", "account.updated", "account.approved", "report.updated"])
async def test_nor_are_those_of_other_events(server: Site, event: str) -> None:
    report = mastodon_report(mastodon_status())
    await server.tell(mastodon_event(event, report["account"] if event.startswith("account") else report))
    [delivery] = await server.deliveries()
    assert (delivery.kind, delivery.state, delivery.body) == (event, "ignored", None)
    assert "private" not in str((delivery.key, delivery.problem))


async def test_a_report_brings_in_the_posts_that_were_written_elsewhere(server: Site) -> None:
    statuses = [mastodon_status("one", id="1"), mastodon_status("two", id="2")]
    await server.tell(mastodon_event("report.created", mastodon_report(*statuses, comment="")))
    assert [post.text for post in await server.posts()] == ["one", "two"]
    reports = await server.reports()
    assert [report.reason for report in reports] == ["Be kind.", "Be kind."]
    assert len({report.case_id for report in reports}) == 2
    assert len({report.member_id for report in reports}) == 1


async def test_the_same_report_again_is_dropped(server: Site) -> None:
    for _ in range(2):
        await server.tell(mastodon_event("report.created", mastodon_report(mastodon_status())))
    assert (len(await server.deliveries()), len(await server.reports())) == (1, 1)


async def test_an_older_edit_that_comes_late_changes_nothing(server: Site) -> None:
    for minute, text in ((2, "new"), (1, "old")):
        edited = mastodon_status(text, minute=minute, is_edited=True)
        await server.tell(mastodon_event("status.updated", edited))
    await server.tell(mastodon_event("status.created", mastodon_status("first")))
    assert ((await server.post()).text, await server.versions()) == ("new", ["new"])


async def test_a_content_warning_is_part_of_the_words_and_an_answer_finds_its_parent(server: Site) -> None:
    await server.tell(mastodon_event("status.created", mastodon_status("a<br/>b &lt;c&gt;", id="1")))
    reply = mastodon_status("words", id="2", spoiler_text="Food", in_reply_to_id="1")
    await server.tell(mastodon_event("status.created", reply))
    first, second = await server.posts()
    assert (first.text, second.text) == ("a\nb <c>", "Food\n\nwords")
    assert second.reply_to_id == first.id


@pytest.mark.parametrize(
    "told",
    [
        mastodon_event("status.created", mastodon_status("secret", visibility="direct")),
        mastodon_event("status.created", mastodon_status("secret", reblog={"id": "9"})),
        mastodon_event("report.created", mastodon_report(comment="secret")),
        {"content": "secret, made by a template"},
    ],
)
async def test_what_is_no_post_of_the_community_is_ignored_and_not_kept(server: Site, told: Any) -> None:
    await server.tell(told)
    [delivery] = await server.deliveries()
    assert (delivery.state, delivery.body) == ("ignored", None)
    assert "secret" not in str((delivery.key, delivery.kind, delivery.problem))
    assert await server.posts() == []


@pytest.mark.parametrize("strange", [None, "text", 17, [], {"statuses": "text", "rules": "text", "account": 1}])
async def test_a_payload_of_another_shape_has_failed_or_is_ignored_and_crashes_nothing(
    server: Site, strange: Any
) -> None:
    for event in ("report.created", "status.created"):
        await server.tell(mastodon_event(event, strange))
    assert {state for _, state, _ in await server.states()} <= {"failed", "ignored"}
    assert all(problem for _, _, problem in await server.states())
    assert len(await server.deliveries()) == 2
