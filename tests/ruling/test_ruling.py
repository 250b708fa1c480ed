"""Rules: what people write down, Tend reports."""

import asyncio
import random
from uuid import UUID

import pytest
from cast import Cast

from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import Case, Report, claim_next, decide
from backend.outbox import Job
from backend.ruling import Rule, apply_rules, create_rule
from backend.ruling.matching import compile_pattern, compile_words
from tenants.actor import system
from tenants.scope import agency_scope, current


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


async def write(acme: Cast, client: UUID, actor=None, **what) -> Rule:
    actor = actor or acme.system
    async with agency_scope(acme.system):
        from backend.policies import Policy

        policy = await Policy.get(workspace_id=client, slug="spam")
    async with agency_scope(actor):
        return await create_rule(actor, client, **{"name": "Scams", "policy_id": policy.id, **what})


async def run(acme: Cast, client: UUID, **payload) -> None:
    actor = system(acme.agency_id, workspace_id=client)
    async with agency_scope(actor):
        await apply_rules(actor, payload)


async def reported(acme: Cast, client: UUID) -> set[UUID]:
    async with agency_scope(acme.system):
        return {report.post_id for report in await Report.filter(workspace_id=client, channel="rule")}


def slug_of(acme: Cast, client: UUID) -> str:
    return next(slug for slug, id in acme.workspaces.items() if id == client)


async def test_a_new_rule_reports_what_was_already_posted(acme: Cast, client: UUID) -> None:
    guilty = await acme.post("FREE crypto here!", workspace=slug_of(acme, client))
    await acme.post("carefree cryptography", workspace=slug_of(acme, client))
    rule = await write(acme, client, words=["free crypto"])
    async with agency_scope(acme.system):
        [job] = await Job.filter(workspace_id=client, kind="apply_rules")
    assert job.payload == {"rule_id": str(rule.id)}
    await run(acme, client, **job.payload)
    assert await reported(acme, client) == {guilty.id}


async def test_applying_rules_twice_reports_once_even_after_the_decision(acme: Cast, client: UUID) -> None:
    await acme.post("free crypto", workspace=slug_of(acme, client))
    await write(acme, client, words=["crypto"])
    await run(acme, client)
    owner = acme.owner.narrowed_to(client)
    async with agency_scope(owner):
        claim = await claim_next(owner, workspace_id=client)
        await decide(owner, claim.case_id, token=claim.token, outcome="no_violation", reason="Fine.")
    await run(acme, client)
    async with agency_scope(acme.system):
        assert [case.state for case in await Case.filter(workspace_id=client)] == ["closed"]


async def test_a_long_history_is_looked_at_piece_by_piece(acme: Cast, client: UUID, monkeypatch) -> None:
    monkeypatch.setattr("backend.ruling.applying.POSTS_PER_RULE_JOB", 2)
    posts = [await acme.post("crypto", workspace=slug_of(acme, client)) for _ in range(5)]
    rule = await write(acme, client, words=["crypto"])
    payload: dict = {"rule_id": str(rule.id)}
    for _ in range(3):
        async with agency_scope(acme.system):
            await current().execute(
                "delete from jobs where agency_id = $1 and workspace_id = $2", acme.agency_id, client
            )
        await run(acme, client, **payload)
        async with agency_scope(acme.system):
            jobs = await Job.filter(workspace_id=client, kind="apply_rules")
        payload = jobs[0].payload if jobs else {}
    assert payload == {}
    assert await reported(acme, client) == {post.id for post in posts}


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("You are a LOSER!", ["loser"], True),
        ("losers", ["loser"], False),
        ("Scunthorpe", ["thor"], False),
        ("schöne Grüße, Blödmann.", ["blödmann"], True),
        ("BLÖDMANN", ["blödmann"], True),
        ("これは詐欺です", ["詐欺"], True),
        ("これは 詐欺 です", ["詐欺"], True),
        ("a.b", ["a.b"], True),
        ("axb", ["a.b"], False),
        ("", ["x1"], False),
    ],
)
def test_words_are_whole_words_of_any_script_in_any_case(text: str, words: list[str], found: bool) -> None:
    assert (compile_words(words).search(text) is not None) is found


def test_a_pattern_cannot_hold_up_a_worker() -> None:
    """Backtracking would not end in a lifetime."""
    assert compile_pattern("(a+)+$").search("a" * 1_000_000 + "!") is None


@pytest.mark.parametrize(
    "pattern", ["(", "(?=x)", r"(a)\1", "x{1001}", "", "x" * 2001, "a\x00", "((((a{200}){200}){200}))"]
)
async def test_a_bad_pattern_is_refused_in_plain_words(acme: Cast, client: UUID, pattern: str) -> None:
    with pytest.raises(Invalid) as refused:
        await write(acme, client, pattern=pattern)
    assert refused.value.path == ("input", "pattern")
    async with agency_scope(acme.system):
        assert not await Rule.exists(workspace_id=client)


async def test_a_rule_has_words_or_a_pattern(acme: Cast, client: UUID) -> None:
    for what in ({}, {"words": ["x"], "pattern": "x"}, {"words": [""]}, {"words": ["x"] * 2001}):
        with pytest.raises(Invalid):
            await write(acme, client, **what)


async def test_a_rule_name_is_taken_once(acme: Cast, client: UUID) -> None:
    await write(acme, client, words=["x"])
    with pytest.raises(Conflict):
        await write(acme, client, words=["y"])


async def test_only_who_may_write_policies_writes_rules(acme: Cast) -> None:
    with pytest.raises(NotAllowed):
        await write(acme, acme.workspaces["forum"], actor=acme.moderator, words=["x"])
    with pytest.raises(NotFound):
        await write(acme, acme.workspaces["shop"], actor=acme.lead, words=["x"])


async def test_two_workers_applying_the_same_rules_at_once_report_once(acme: Cast, client: UUID) -> None:
    await acme.post("crypto", workspace=slug_of(acme, client))
    await write(acme, client, words=["crypto"])
    async with asyncio.timeout(20):
        await asyncio.gather(run(acme, client), run(acme, client))
    async with agency_scope(acme.system):
        assert await Report.filter(workspace_id=client).count() == 1


async def test_two_thousand_words_make_one_rule(acme: Cast, client: UUID) -> None:
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(4, 12))) for _ in range(1990)]
    guilty = await acme.post(f"hello {words[700].upper()}, you", workspace=slug_of(acme, client))
    await acme.post(f"hello x{words[700]}y, you", workspace=slug_of(acme, client))
    await write(acme, client, words=[*words, "詐欺"])
    await run(acme, client)
    assert await reported(acme, client) == {guilty.id}


async def test_matching_lets_the_rest_of_the_worker_go_on(acme: Cast, client: UUID) -> None:
    """The dearest patterns take seconds for a piece; leases, the relay and other jobs must not wait for them."""
    chance = random.Random(5)
    for _ in range(6):
        await acme.post("".join(chance.choices("ab", k=90_000)), workspace=slug_of(acme, client))
    await write(acme, client, pattern="a[ab]{500}c")
    running = asyncio.create_task(run(acme, client))
    done_meanwhile = 0
    while not running.done():
        async with agency_scope(acme.system):
            await Rule.filter(workspace_id=client).count()
        done_meanwhile += not running.done()
    await running
    assert done_meanwhile > 20


@pytest.mark.parametrize("word", ["Straße", "İstanbul", "ΣΊΣΥΦΟΣ"])
def test_a_word_finds_itself_as_it_was_written(word: str) -> None:
    assert compile_words([word]).search(f"In {word}!")


async def test_many_findings_are_reported_over_several_jobs(acme: Cast, client: UUID, monkeypatch) -> None:
    monkeypatch.setattr("backend.ruling.applying.REPORTS_PER_RULE_JOB", 2)
    posts = [
        await acme.post("crypto" if n % 2 else "crypto loser scam", workspace=slug_of(acme, client)) for n in range(5)
    ]
    await write(acme, client, words=["crypto"])
    await write(acme, client, name="Insults", words=["loser"])
    await write(acme, client, name="Frauds", words=["scam"])
    payload: dict = {}
    for _ in range(12):
        async with agency_scope(acme.system):
            await current().execute(
                "delete from jobs where agency_id = $1 and workspace_id = $2", acme.agency_id, client
            )
        await run(acme, client, **payload)
        async with agency_scope(acme.system):
            jobs = await Job.filter(workspace_id=client, kind="apply_rules")
        if not jobs:
            break
        payload = jobs[0].payload
    assert await reported(acme, client) == {post.id for post in posts}
    async with agency_scope(acme.system):
        assert await Report.filter(workspace_id=client).count() == 11  # more of one post than a job may make
