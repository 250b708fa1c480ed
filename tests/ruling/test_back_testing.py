"""What a rule would have found: counted over stored posts, before it finds anything."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cast import Cast
from ruling.conftest import Client

from backend.communities import Post, import_chat
from backend.kit.errors import Conflict, Invalid
from backend.kit.statistics import wilson
from backend.outbox import Job
from backend.ruling import BackTest, RuleFiring, back_test_rule, cancel_back_test, make_rule_live
from tenants.scope import agency_scope

A, B = {"pattern": "aaa"}, {"pattern": "bbb"}


async def done(client: Client, **what: Any) -> BackTest:
    """Asked for, and done to the end."""
    async with agency_scope(client.lead):
        made = await back_test_rule(client.lead, **what)
    while await client.cast.run_jobs("back_test"):
        pass
    async with agency_scope(client.cast.system):
        return await BackTest.get(id=made.id)


async def test_a_back_test_tells_what_was_found_shared_and_decided(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.ruling.back_testing.POSTS_PER_BACK_TEST_PIECE", 2)
    texts = ("aaa", "bbb", "aaa bbb", "ccc", "aaa")
    posts = [await client.post(text) for text in texts]
    await client.decide(posts[0], "no_violation")
    async with agency_scope(client.cast.system):
        await Post.filter(id=posts[0].id).update(version=2)  # edited, or it would stay closed
    await client.decide(posts[0], "violation")  # the latest counts
    await client.decide(posts[2], "no_violation")
    await client.decide(posts[3], "violation")
    other = await client.rule(B, name="Other")
    await client.rule(B, state="shadow", name="In the shadow")
    rule = await client.rule(A, state="draft")
    test = await done(client, rule_id=rule.id)
    assert (test.state, test.looked_at, test.post_count, test.fired) == ("done", 5, 5, 3)
    assert (test.decided, test.upheld, test.failed) == (2, 1, 0)
    assert test.overlap == {str(other.id): [1, 2]}
    assert test.examples == [str(posts[n].id) for n in (4, 2, 0)]
    async with agency_scope(client.cast.system):
        assert not await RuleFiring.filter(rule_id=rule.id).exists(), "it only counts"


async def test_only_posts_of_the_time_are_looked_at(client: Client, ago: Callable[..., Any]) -> None:
    await client.post("aaa", posted_at=ago(days=3))
    inside = await client.post("aaa", posted_at=ago(days=2))
    await client.post("aaa", posted_at=ago(days=1))
    test = await done(
        client, workspace_id=client.id, conditions=A, since=ago(days=2, hours=1), until=ago(days=1, hours=1)
    )
    assert (test.post_count, test.looked_at, test.examples) == (1, 1, [str(inside.id)])


async def test_a_back_test_can_be_called_off(acme: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.ruling.back_testing.POSTS_PER_BACK_TEST_PIECE", 2)
    for _ in range(5):
        await client.post("aaa")
    async with agency_scope(client.lead):
        made = await back_test_rule(client.lead, workspace_id=client.id, conditions=A)
    await acme.run_jobs("back_test")
    async with agency_scope(client.lead):
        await cancel_back_test(client.lead, made.id)
    await acme.run_jobs("back_test")
    async with agency_scope(client.lead):
        test = await BackTest.get(id=made.id)
        assert (test.state, test.looked_at, test.fired) == ("cancelled", 2, 2)
        assert not await Job.filter(workspace_id=client.id, kind="back_test", state="ready").exists()
        with pytest.raises(Conflict):
            await cancel_back_test(client.lead, made.id)


async def test_a_back_test_is_proof_enough_to_go_live(client: Client) -> None:
    from ruling.test_trying_rules import decided

    shadow = await client.rule({"pattern": "^x$"}, state="shadow", name="Shadow")
    await decided(client, shadow, upheld=40, fine=1)
    rule = await client.rule({"pattern": "^x$"}, state="draft")
    test = await done(client, rule_id=rule.id)
    assert (test.decided, test.upheld) == (41, 40)
    assert wilson(test.upheld, test.decided)[0] > 0.8
    async with agency_scope(client.lead):
        assert (await make_rule_live(client.lead, rule.id, expected_version=1)).state == "live"


async def test_either_a_rule_or_conditions_are_tested(client: Client) -> None:
    rule = await client.rule(A, state="draft")
    async with agency_scope(client.lead):
        for what in ({}, {"conditions": A}, {"rule_id": rule.id, "conditions": A, "workspace_id": client.id}):
            with pytest.raises(Invalid):
                await back_test_rule(client.lead, **what)


async def test_a_back_test_counts_what_a_plain_recount_counts(client: Client, chat_folder: Path) -> None:
    """Over a real room: of persons, with a question or a link and without a word, as Python finds them."""
    await import_chat(
        client.cast.system, client.id, chat_folder / "LocalLeaders.jsonl.gz", on_bytes=int, on_bad_line=lambda *_: None
    )
    conditions = {
        "all": [
            {"any": [{"pattern": r"(?i)\b(how|where)\b.*\?"}, {"links": {"hosts": ["github.com"]}}]},
            {"not": {"words": {"words": ["thanks", "please"]}}},
            {"author": {"postsFewerThan": 50}},
        ]
    }
    test = await done(client, workspace_id=client.id, conditions=conditions)
    async with agency_scope(client.cast.system):
        posts = await Post.filter(workspace_id=client.id).order_by("posted_at", "id")
    question = re.compile(r"\b(how|where)\b[^\n]*\?", re.IGNORECASE | re.ASCII)
    link = re.compile(
        r"(?:https?://|(?<![\w@./-])www\.)(?:[\w.-]+\.)?github\.com(?![\w.-])|(?<![\w@./-])(?:[\w-]+\.)*github\.com/",
        re.IGNORECASE,
    )
    polite = re.compile(r"(?<![^\W_])(?:thanks|please)(?![^\W_])", re.IGNORECASE)
    before: dict[Any, int] = {}
    expected = 0
    for post in posts:
        earlier = before.get(post.member_id, 0)
        before[post.member_id] = earlier + 1
        asks = question.search(post.text) or link.search(post.text)
        expected += bool(asks and not polite.search(post.text) and earlier < 50)
    assert test.looked_at == len(posts) > 500
    assert test.fired == expected > 10
