"""The signed webhook that any site can send, as the page /docs/intake says."""

import itertools
from typing import Any

import pytest
from intake.conftest import Connect, Site
from intake.payloads import a_post, at, told

from backend.communities import Member
from backend.moderation import Case
from tenants.scope import agency_scope


@pytest.fixture
async def site(connect: Connect) -> Site:
    return await connect("webhook")


async def test_a_post_comes_is_edited_and_edited_back_goes_comes_back_and_is_reported(site: Site) -> None:
    await site.tell(told("post.created", post=a_post("Hello")))
    post = await site.post()
    assert (post.external_id, post.text, post.version, post.posted_at) == ("4711", "Hello", 1, at(0))
    await site.tell(told("post.edited", minute=1, post=a_post("Hello!")))
    await site.tell(told("post.edited", minute=2, post=a_post("Hello")))
    assert ((await site.post()).text, await site.versions()) == ("Hello", ["Hello", "Hello!", "Hello"])
    await site.tell(told("post.removed", minute=3, post={"id": "4711"}))
    assert (await site.post()).removed_at == at(3)
    await site.tell(told("post.recovered", minute=4, post={"id": "4711"}))
    assert (await site.post()).removed_at is None
    reporter = {"id": "8", "handle": "bo"}
    await site.tell(told("post.reported", minute=5, post={"id": "4711"}, member=reporter, reason="rude"))
    [report] = await site.reports()
    assert (report.channel, report.reason) == ("member", "rude")
    async with agency_scope(site.cast.system):
        case = await Case.get(id=report.case_id)
        assert (case.post_id, case.state, case.report_count) == (post.id, "queued", 1)
        assert (await Member.get(id=report.member_id)).handle == "bo"
    assert {(each.state, each.body) for each in await site.deliveries()} == {("done", None)}


async def test_words_that_came_back_are_found_and_those_that_left_are_not(site: Site) -> None:
    for minute, text in enumerate(("apple", "pear", "apple")):
        await site.tell(told("post.created" if minute == 0 else "post.edited", minute=minute, post=a_post(text)))
    async with agency_scope(site.cast.system) as scope:
        words = await scope.fetch("select word from post_words where workspace_id = $1", site.workspace_id)
    assert [row["word"] for row in words] == ["apple"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::7])
async def test_whatever_the_order_the_post_ends_as_its_site_shows_it(site: Site, order: tuple[int, ...]) -> None:
    events: list[tuple[str, Any]] = [
        ("post.created", a_post("one")),
        ("post.edited", a_post("two")),
        ("post.removed", {"id": "4711"}),
        ("post.recovered", {"id": "4711"}),
        ("post.edited", a_post("one")),
    ]
    for number in order:
        type, post = events[number]
        assert (await site.send(told(type, minute=number, post=post))).status_code == 200
        await site.take_in()
    await site.take_in(even_later=True)
    post = await site.post()
    assert (post.text, post.revised_at, post.removed_at) == ("one", at(4), None)
    assert {state for _, state, _ in await site.states()} == {"done"}


async def test_edits_that_are_taken_in_at_once_end_with_the_newest_and_lose_no_turn(site: Site) -> None:
    await site.tell(told("post.created", post=a_post("Number 0")))
    for minute in range(40, 0, -1):
        await site.send(told("post.edited", minute=minute, post=a_post(f"Number {minute}")))
    assert await site.take_in_at_once() == {"done"}
    post = await site.post()
    assert (post.text, post.revised_at) == ("Number 40", at(40))
    versions = await site.versions()
    assert versions[-1] == "Number 40"
    assert post.version == len(versions) == len(set(versions))
    async with agency_scope(site.cast.system) as scope:
        words = await scope.fetch("select word from post_words where workspace_id = $1", site.workspace_id)
        tried = await scope.fetchval(
            "select max(attempt) from jobs where kind = 'take_in_delivery' and workspace_id = $1", site.workspace_id
        )
    assert {row["word"] for row in words} == {"number", "40"}
    assert tried == 1


async def test_a_removal_later_than_the_recovery_stays_whichever_comes_first(site: Site) -> None:
    await site.tell(told("post.created", post=a_post()))
    await site.tell(told("post.removed", minute=3, post={"id": "4711"}))
    await site.tell(told("post.recovered", minute=2, post={"id": "4711"}))
    assert (await site.post()).removed_at == at(3)
    await site.tell(told("post.removed", minute=1, post={"id": "4711"}))
    assert (await site.post()).removed_at == at(3)


async def test_reporters_and_authors_are_one_member_where_their_ids_are_one(site: Site) -> None:
    await site.tell(told("post.created", post=a_post()))
    await site.tell(told("post.reported", post={"id": "4711"}, member={"id": "17", "handle": "Ann?"}, reason="oops"))
    async with agency_scope(site.cast.system):
        [member] = await Member.filter(community_id=site.community_id)
    assert member.handle == "ann"


async def test_numbers_are_ids_too_and_what_may_be_left_out_may_be(site: Site) -> None:
    post = {"id": 4711, "text": "Hello", "postedAt": "2026-11-25T12:00:00+02:00", "member": {"id": 17}}
    await site.tell(told("post.created", post=post))
    found = await site.post()
    assert (found.external_id, found.posted_at) == ("4711", at(0))
    async with agency_scope(site.cast.system):
        [member] = await Member.filter(community_id=site.community_id)
    assert (member.external_id, member.handle, member.kind) == ("17", "17", "person")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"type": "post.created"}, "timestamp is missing."),
        (told("post.created"), "data.post.member.id is missing."),
        (told("post.created", post=a_post() | {"postedAt": "0001-01-01T00:00:00+14:00"}), "data.post.postedAt is no date and time."),
        (told("post.created", post=a_post() | {"text": None}), "data.post.text is missing."),
        (told("post.created", post=a_post() | {"member": {"id": "1", "kind": "CAT"}}), "data.post.member.kind is neither PERSON nor BOT."),
        (told("post.created", post=a_post(id=" ")), "data.post.id is empty."),
        (told("post.removed", post={"id": True}), "data.post.id is no text."),
        (told("post.reported", post={"id": "1"}), "data.member.id is missing."),
    ],
)  # fmt: skip
async def test_a_payload_that_lacks_something_has_failed_and_says_what(site: Site, document: Any, problem: str) -> None:
    await site.tell(document)
    assert [problem for _, state, problem in await site.states() if state == "failed"] == [problem]


@pytest.mark.parametrize("type", ["post.liked", "Post.Created", "", None, 17, {"secret": 1}])
async def test_a_type_that_nobody_knows_is_ignored(site: Site, type: Any) -> None:
    await site.tell({"type": type, "timestamp": at(0).isoformat(), "data": {"post": a_post("secret")}})
    [delivery] = await site.deliveries()
    assert (delivery.state, delivery.body, delivery.problem) == (
        "ignored",
        None,
        "Tend takes nothing in from this type.",
    )
    assert await site.posts() == []
