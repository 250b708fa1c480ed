"""What a message costs at 10, 100 and 1,000 rules, beside a plain loop over them; and a back-test over a million posts,
beside reading and matching them."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import re2
from rich.console import Console
from rich.table import Table

from backend import models
from backend.equipping import equip
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.ruling import BackTest, back_test, back_test_rule
from backend.ruling.compiling import Actions, Entry, Ruleset
from backend.ruling.conditions import Author, Links, Pattern, Words, leaves
from backend.ruling.judging import Seen
from backend.ruling.links import hosts_of, is_below
from backend.ruling.matching import compile_pattern, compile_words
from backend.ruling.reading import read
from infra.bench.loading import Client, open_client, settle
from infra.bench.results import Row
from infra.bench.servers import Place
from tenants import database
from tenants.actor import system
from tenants.scope import agency_scope

RULES: Final = (10, 100, 1_000)
MESSAGES: Final = 2_000
POSTS: Final = 1_000_000
PATTERN: Final = r"(?i)\bfree\s+(crypto|coins?)\b"


def measure(place: Place, console: Console) -> list[Row]:
    table = Table("rules", "µs a message", "plain loop", "ratio", "found", title="A message against rules")
    rows = [_message(rules, table) for rules in RULES]
    console.print(table)
    row = asyncio.run(_back_test(place))
    table = Table("posts", "seconds", "posts/s", "select and match", "ratio", title="A back-test of one rule")
    table.add_row(
        f"{row['posts']:,}",
        f"{row['seconds']:.1f}",
        f"{row['posts_per_second']:,.0f}",
        f"{row['bare_seconds']:.1f}",
        f"{row['ratio']:.2f}",
    )
    console.print(table)
    return [*rows, row]


def _message(rules: int, table: Table) -> Row:
    dice = random.Random(rules)
    vocabulary = [_word(dice) for _ in range(20_000)]
    entries = [
        Entry(new_id(), str(number), 1, "live", read(_rule(dice, number, vocabulary)), Actions(), new_id())
        for number in range(rules)
    ]
    posts = [_post(dice, vocabulary) for _ in range(MESSAGES)]
    ruleset, plain = Ruleset(entries), [_plain(entry) for entry in entries]
    some = posts[: max(100, MESSAGES * 10 // rules)]
    for post in posts:  # what a text nearly has is compiled when that is first so
        ruleset.ask(post)
    began = time.perf_counter()
    found = sum(len(ruleset.ask(post)) for post in posts)
    each = (time.perf_counter() - began) / len(posts)
    began = time.perf_counter()
    alone = sum(matches(post) for post in some for matches in plain)
    loop = (time.perf_counter() - began) / len(some)
    assert alone == sum(len(ruleset.ask(post)) for post in some), "both find the same"
    table.add_row(f"{rules:,}", f"{each * 1e6:,.0f}", f"{loop * 1e6:,.0f}", f"{loop / each:.1f}", f"{found:,}")
    return {
        "operation": "rules",
        "rules": rules,
        "microseconds": each * 1e6,
        "plain_microseconds": loop * 1e6,
        "ratio": loop / each,
    }


def _word(dice: random.Random) -> str:
    return "".join(dice.choices("aaabcdeeefghiiijklmnooopqrstuuuvwxyz", k=dice.randint(3, 10)))


def _rule(dice: random.Random, number: int, vocabulary: Sequence[str]) -> dict[str, Any]:
    """Of ten: five of five words, two patterns, one of hosts, two of words by new authors."""
    words = {"words": {"words": dice.sample(vocabulary, 5)}}
    if number % 10 < 5:
        return words
    if number % 10 < 7:
        return {"pattern": rf"(?i)\b{dice.choice(vocabulary)}\s+{dice.choice(vocabulary)[:3]}\w*"}
    if number % 10 < 8:
        return {"links": {"hosts": [f"{dice.choice(vocabulary)}.com" for _ in range(5)]}}
    return {"all": [words, {"author": {"firstSeenWithinHours": 72}}]}


def _post(dice: random.Random, vocabulary: Sequence[str]) -> Seen:
    text = " ".join(dice.choices(vocabulary, k=dice.randint(5, 60)))
    if dice.random() < 0.2:
        text += f" https://www.{dice.choice(vocabulary)}.com/{dice.choice(vocabulary)}"
    at = now()
    return Seen(new_id(), new_id(), text, at, False, False, at - timedelta(hours=dice.randint(1, 1_000)))


def _plain(entry: Entry) -> Callable[[Seen], bool]:
    """As somebody would write it without thinking of the other rules."""
    tests: list[Callable[[Seen], bool]] = []
    for leaf in leaves(entry.condition):
        match leaf:
            case Words(words):
                tests.append(_searches(compile_words(words)))
            case Pattern(pattern):
                tests.append(_searches(compile_pattern(pattern)))
            case Links(hosts):
                tests.append(_links_to(hosts))
            case Author(within):
                tests.append(_is_new(within or timedelta()))
    return lambda post: all(test(post) for test in tests)


def _searches(compiled: Any) -> Callable[[Seen], bool]:
    return lambda post: compiled.search(post.text) is not None


def _links_to(hosts: frozenset[str]) -> Callable[[Seen], bool]:
    return lambda post: any(is_below(host, hosts) for host in hosts_of(post.text))


def _is_new(within: timedelta) -> Callable[[Seen], bool]:
    return lambda post: post.posted_at - post.first_seen_at <= within


async def _back_test(place: Place) -> Row:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        client = await open_client(moderators=1)
        await _fill(client)
        await settle(place.settings.owner_url)
        actor = system(client.agency_id, workspace_id=client.workspace_id)
        bare, expected = await _bare(client)
        async with agency_scope(actor):
            test = await back_test_rule(actor, workspace_id=client.workspace_id, conditions={"pattern": PATTERN})
        began = time.perf_counter()
        while test.state == "running":
            payload = {"back_test_id": str(test.id), "post_id": str(test.next_post_id or "")}
            async with agency_scope(actor):
                await back_test(actor, payload)
                test = await BackTest.get(id=test.id)
        seconds = time.perf_counter() - began
        assert (test.looked_at, test.fired) == (POSTS, expected), "both find the same"
    finally:
        await database.disconnect()
    return {
        "operation": "back_test",
        "posts": POSTS,
        "seconds": seconds,
        "posts_per_second": POSTS / seconds,
        "bare_seconds": bare,
        "ratio": seconds / bare,
    }


async def _fill(client: Client) -> None:
    """A hundred characters each; one in a thousand is guilty."""
    async with agency_scope(system(client.agency_id)) as scope:
        member_id = new_id()
        await scope.execute(
            """insert into members (agency_id, workspace_id, community_id, id, external_id, handle, first_seen_at)
               values ($1, $2, $3, $4, 'm', 'm', now() - interval '1 year')""",
            client.agency_id,
            client.workspace_id,
            client.community_id,
            member_id,
        )
    for start in range(0, POSTS, 50_000):
        async with agency_scope(system(client.agency_id)) as scope:
            await scope.execute(
                """insert into posts (agency_id, workspace_id, community_id, id, member_id, external_id, text, posted_at)
                   select $1, $2, $3, gen_random_uuid(), $4, n::text,
                          md5(n::text) || ' you said that ' || case when n % 1000 = 0 then 'FREE  coins' else 'tomorrow' end
                          || ' it would be here ' || md5((-n)::text),
                          now() - n * interval '1 second'
                     from generate_series($5::int, $6::int) n""",
                client.agency_id,
                client.workspace_id,
                client.community_id,
                member_id,
                start,
                start + 50_000 - 1,
            )


async def _bare(client: Client) -> tuple[float, int]:
    """Seconds, and how many match: in the same pieces, with nothing but their text."""
    compiled, found, last = re2.compile(PATTERN), 0, None
    began = time.perf_counter()
    while True:
        async with agency_scope(system(client.agency_id)) as scope:
            rows = await scope.fetch(
                f"""select id, text from posts where agency_id = $1 and workspace_id = $2
                      {"" if last is None else "and id > $3"} order by id limit 20000""",
                client.agency_id,
                client.workspace_id,
                *([] if last is None else [last]),
            )
        if not rows:
            return time.perf_counter() - began, found
        found += sum(compiled.search(row["text"]) is not None for row in rows)
        last = rows[-1]["id"]
