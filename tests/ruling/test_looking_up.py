"""What rules know of a post beyond its text: the author, reports, rates, copies, languages, pictures."""

from collections.abc import Callable
from typing import Any

import pytest
from cast import Cast
from ruling.conftest import Client

from backend.communities import Member
from backend.kit.errors import NotFound
from backend.moderation import report_post
from backend.ruling import Known, Medium, bank_hashes, create_hash_bank, note_media
from tenants.scope import agency_scope


async def test_an_author_is_known_by_what_they_had_written_before(client: Client, ago: Callable[..., Any]) -> None:
    first = await client.post("one", posted_at=ago(hours=3))
    second = await client.post("two", by=first, posted_at=ago(hours=2))
    third = await client.post("three", by=first, posted_at=ago(hours=1))
    assert await client.finds({"author": {"postsFewerThan": 1}}) == {first.id}
    assert await client.finds({"author": {"postsFewerThan": 2}}) == {first.id, second.id}
    assert await client.finds({"rate": {"atLeast": 2, "withinMinutes": 90}}) == {second.id, third.id}
    assert await client.finds({"rate": {"atLeast": 3, "withinMinutes": 90}}) == set()
    assert await client.finds({"rate": {"atLeast": 3, "withinMinutes": 121}}) == {third.id}


async def test_an_author_is_known_by_earlier_violations(acme: Cast, client: Client) -> None:
    guilty = await client.post("one")
    await client.post("before", by=guilty)
    await client.decide(guilty, "violation")
    later = await client.post("two", by=guilty)
    fine = await client.post("three")
    await client.decide(fine, "no_violation")
    await client.post("four", by=fine)
    assert await client.finds({"author": {"violationsAtLeast": 1}}) == {later.id}, "not what came before the decision"


async def test_open_reports_are_counted_and_looked_at_as_they_come(acme: Cast, client: Client) -> None:
    twice, once = await client.post("one"), await client.post("two")
    counting = await client.rule({"reportsAtLeast": 2}, actions={"report": False, "tags": ["hot"]})
    await client.rule({"pattern": "one|two"}, name="Another that reports")
    await client.apply()
    async with agency_scope(acme.system) as scope:
        for post, reporters in ((twice, 2), (once, 1)):
            for _ in range(reporters):
                member = await Member.create(
                    workspace_id=client.id, community_id=post.community_id, external_id=f"r{_}{post.id}", handle="r",
                    first_seen_at=post.posted_at,
                )  # fmt: skip
                await report_post(acme.system, post.id, reason="x", member_id=member.id)
        jobs = await scope.fetch(
            "select payload from jobs where agency_id = $1 and workspace_id = $2 and kind = 'apply_rules'",
            acme.agency_id,
            client.id,
        )
    assert len(jobs) == 3
    await acme.run_jobs("apply_rules")
    assert await client.found(rule_id=counting.id) == {twice.id}, "what rules report does not count"
    await client.decide(twice, "violation")
    assert await client.finds({"reportsAtLeast": 1}) == {once.id}


async def test_open_reports_weigh_by_who_makes_them(acme: Cast, client: Client) -> None:
    trusted, crowded, own = await client.post("one"), await client.post("two"), await client.post("three")
    async with agency_scope(acme.system):
        for post, reporters in ((trusted, [4, 5]), (crowded, [0, 0, 0])):
            for n, trust_level in enumerate(reporters):
                member = await Member.create(
                    workspace_id=client.id, community_id=post.community_id, external_id=f"w{n}{post.id}", handle="w",
                    first_seen_at=post.posted_at, trust_level=trust_level,
                )  # fmt: skip
                await report_post(acme.system, post.id, reason="They say the same, word by word.", member_id=member.id)
        await report_post(acme.system, own.id, reason="Mine.", member_id=own.member_id)
    hides = {"effect": "HIDE_POST", "sensitivity": "MEDIUM"}
    assert await client.finds({"flagScore": hides}) == {trusted.id}, "5 + 6 points are 8.33 and more"
    assert await client.finds({"flagScore": {**hides, "high": 100}}) == set()
    assert await client.finds({"flagScore": {**hides, "sensitivity": "HIGH", "high": 9}}) == {trusted.id, crowded.id}
    assert await client.finds({"flagScore": {**hides, "high": 1}}) == {trusted.id, crowded.id}, (
        "a flag on one's own post is none"
    )
    # 1 + 1/sqrt 2, and 1 + 1/sqrt 2 + 1/sqrt 3: they copied each other.
    assert await client.finds({"reportMassAtLeast": 2.28}) == {crowded.id}
    assert await client.finds({"reportMassAtLeast": 1.7}) == {trusted.id, crowded.id}


async def test_copies_are_found_although_they_are_not_quite_the_same(client: Client, ago: Callable[..., Any]) -> None:
    text = "Earn 500 dollars a day from home, no experience needed, write to me right now and I will show you how!"
    texts = [
        text,
        text.upper().replace("500", "900"),
        text.replace("right now", "today") + "  :)",
    ]
    posts = [await client.post(each, posted_at=ago(minutes=30 - 10 * n)) for n, each in enumerate(texts)]
    # Half of it is the same, and they share a sketch.
    await client.post(f"{text} I have done this for years and my neighbours, too, are very happy with what they get")
    await client.post("I would like to know how you earn money and whether experience is needed for that at all.")
    await client.post("too short", posted_at=ago(minutes=2))
    await client.post("too short", posted_at=ago(minutes=1))
    assert await client.finds({"copies": {"members": 2, "withinMinutes": 60}}) == {posts[1].id, posts[2].id}
    assert await client.finds({"copies": {"members": 3, "withinMinutes": 60}}) == {posts[2].id}
    assert await client.finds({"copies": {"times": 3, "withinMinutes": 15}}) == set()
    again = await client.post(text, by=posts[0])
    assert await client.finds({"copies": {"times": 4, "withinMinutes": 60}}) == {again.id}
    assert await client.finds({"copies": {"members": 4, "withinMinutes": 60}}) == set()


async def test_a_language_is_told_of_a_sentence_and_not_of_a_word(client: Client) -> None:
    german = await client.post(
        "Weiß jemand, wie man diesen Fehler wieder behebt? Bei mir geht seit gestern nichts mehr."
    )
    english = await client.post("Does anyone know how to fix this error? Nothing works for me since yesterday.")
    japanese = await client.post("このエラーの直し方を知っている人はいますか")
    await client.post("danke")
    await client.post("```\nfor x in y: print(x)  # does anyone know how to fix this error\n``` @somebody_with_a_name")
    assert await client.finds({"languages": ["de"]}) == {german.id}
    assert await client.finds({"not": {"languages": ["de"]}}) == {english.id, japanese.id}
    assert await client.finds({"languages": ["ja", "fr"]}) == {japanese.id}


ZEROS, SOME = "0" * 64, "f" * 7 + "7" + "0" * 56  # 31 bits differ
MORE = "f" * 8 + "0" * 56  # 32


async def test_pictures_are_known_by_their_hashes(acme: Cast, client: Client) -> None:
    async with agency_scope(client.lead):
        bank = await create_hash_bank(client.lead, client.id, name="Known")
        await bank_hashes(
            client.lead, bank.id, [Known("sha256", "AB" * 32, "negative"), Known("pdq", ZEROS, "negative")]
        )
    posts = {name: await client.post(name) for name in ("same", "alike", "unlike", "blurred", "none")}
    async with agency_scope(acme.system):
        for name, medium in {
            "same": Medium("ab" * 32),
            "alike": Medium("01" * 32, SOME, 50),
            "unlike": Medium("02" * 32, MORE, 100),
            "blurred": Medium("03" * 32, ZEROS, 49),
        }.items():
            await note_media(acme.system, posts[name].id, [medium])
    written = {"media": {"bankId": f"hashbank_{bank.id}"}}
    assert await client.finds(written) == {posts["same"].id, posts["alike"].id}
    assert await client.finds({"not": written}) == {posts["unlike"].id, posts["blurred"].id}, (
        "without pictures, no answer"
    )
    async with agency_scope(client.lead):
        await bank_hashes(
            client.lead, bank.id, [Known("pdq", SOME, "positive"), Known("sha256", "ab" * 32, "investigation_seed")]
        )
    assert await client.finds(written) == set(), "known to be fine, and only worth a look"
    assert await client.finds({"media": {"bankId": f"hashbank_{bank.id}", "opinions": ["INVESTIGATION_SEED"]}}) == {
        posts["same"].id
    }
    async with agency_scope(client.lead):
        await bank_hashes(client.lead, bank.id, [Known("pdq", SOME, "positive")], is_enabled=False)
    assert await client.finds(written) == {posts["alike"].id}


async def test_a_bank_of_another_client_is_not_there(acme: Cast, client: Client) -> None:
    other = await acme.empty_workspace()
    async with agency_scope(acme.system):
        bank = await create_hash_bank(acme.system, other, name="Known")
    with pytest.raises(NotFound):
        await client.rule({"media": {"bankId": f"hashbank_{bank.id}"}})
