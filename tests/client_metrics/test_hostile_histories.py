"""Histories that were made to be miscounted, against the formulae of the catalogue written down once more and differently: posts at
the same instant and on the borders of days that have 23 and 25 hours, people who come back elsewhere, bots, silent months, posts that
went, and what arrives late."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cast import Cast
from planted import plant
from recounted import Said

from backend.client_metrics import CATALOGUE, Section, Value, Window, measure
from tenants.models import Workspace
from tenants.scope import agency_scope, current

pytestmark = pytest.mark.asyncio(loop_scope="session")
ZONE = ZoneInfo("Europe/Berlin")
MONTHS = [datetime(2024, month, 1, tzinfo=ZONE).astimezone(UTC) for month in range(1, 13)]
# Midnights around which clocks change, ends of months, and the ends of the first 31 and 91 days of whoever began at one of them.
BORDERS = [
    datetime(2024, month, day, tzinfo=ZONE).astimezone(UTC)
    for month, day in ((1, 1), (2, 1), (2, 29), (3, 1), (3, 31), (4, 1), (5, 1), (10, 27), (10, 28), (11, 1))
]
DAY = timedelta(days=1)
COMMUNITY = [
    name for name, metric in CATALOGUE.items() if metric.section is Section.COMMUNITY and "policing" not in name
]
Numbers = dict[tuple[str, str | None], Any]


def a_history(chance: Random) -> list[Said]:
    """Times are few, so that many fall together; nobody writes in June, July and August."""
    instants = [
        border + off
        for border in BORDERS
        for off in (timedelta(), -timedelta(microseconds=1), timedelta(microseconds=1), 31 * DAY, 91 * DAY, 90 * DAY)
    ]
    instants = [at for at in instants if not 6 <= at.astimezone(ZONE).month <= 8] or instants
    said: list[Said] = []
    for n in range(chance.choice([3, 40, 90])):
        room, who = chance.choice(["forum", "chat"]), f"p{chance.randint(0, 8)}"
        earlier = [post for post in said if post.room == room]
        parent = chance.choice(earlier) if earlier and chance.random() < 0.5 else None
        named = chance.choice(["", f"@{who}", f"@p{chance.randint(0, 9)}, and @P{chance.randint(0, 9)}.", "a@b @@p1 @"])
        said.append(
            Said(
                f"{room}{n}", room, who, who, chance.choice(instants), named, is_bot=who == "p8",
                trust=(None, 2, 5)[int(who[1:]) % 3], thread=f"{room}-t{chance.randint(0, 9)}" if chance.random() < 0.7 else None,
                reply_to=None if parent is None else parent.id,
            )
        )  # fmt: skip
    return said


async def begin(cast: Cast, said: list[Said]) -> tuple[UUID, dict[str, str]]:
    client = await cast.empty_workspace()
    async with agency_scope(cast.system):
        await Workspace.filter(id=client).update(time_zone="Europe/Berlin")
        rooms = await plant(client, said)
        # The order of posts of one instant is that of their ids.
        ids = await current().fetch("select external_id, id from posts where workspace_id = $1", client)
    order = {row["external_id"]: row["id"] for row in ids}
    said.sort(key=lambda post: (post.at, order[post.id]))
    return client, {room: id for id, room in rooms.items()}


def recount(said: Sequence[Said], since: datetime, until: datetime) -> dict[str, Any]:
    """Of posts in their order: shares as fractions, None where there is nothing to divide by."""
    everything = [post for post in said if post.at < until]
    human = [post for post in everything if not post.is_bot]
    inside = [post for post in human if post.at >= since]
    wrote = Counter(post.person for post in inside)
    n, total, amounts = len(wrote), len(inside), sorted(wrote.values())
    history: dict[str, list[datetime]] = defaultdict(list)
    for post in human:
        history[post.person].append(post.at)
    followed = [times for times in history.values() if since <= times[0] + 91 * DAY < until]
    author = {
        post.id: post.person for post in said if not post.is_bot
    }  # also of one that is dated later than its reply
    replies = {(post.person, author[post.reply_to]) for post in inside if post.reply_to in author}
    named = {(post.person, name) for post in inside for name in _names(post.text) if name in history}
    waits = _threads(everything, since)
    answered = [answer for answer in waits if answer is not None]
    known = [answer for answer in answered if answer.trust is not None]
    return {
        "active_members": len({post.person for post in human if post.at >= until - 30 * DAY}),
        "contributors": n,
        "contributions": total,
        "newcomers": sum(times[0] >= since for times in history.values()),
        "newcomer_return": _share(
            sum(any(31 * DAY <= at - times[0] < 91 * DAY for at in times) for times in followed), len(followed)
        ),
        "one_time_share": _share(amounts.count(1), n),
        "gini": _share(sum((2 * i - n - 1) * x for i, x in enumerate(amounts, 1)), n * total),
        "absence_factor": next((k for k in range(1, n + 1) if 2 * sum(amounts[-k:]) >= total), None),
        "top_share": _share(max(amounts, default=0), total),
        "reciprocity": _mutual(replies),
        "mention_reciprocity": _mutual(named),
        "unanswered_share": _share(waits.count(None), len(waits)),
        "peer_answer_share": _share(sum(answer.trust != 5 for answer in known), len(known)),
    }


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _names(text: str) -> set[str]:
    """Each `@` and the letters after it."""
    found = set()
    for after in text.split("@")[1:]:
        name = "".join(letter if letter.isalnum() or letter in "_.-" else " " for letter in after).split(" ")[0]
        found |= {name.lower(), name.lower().rstrip(".-")}
    return found


def _mutual(said: set[tuple[str, str]]) -> Fraction | None:
    ways = Counter(frozenset(pair) for pair in said if pair[0] != pair[1])
    return _share(sum(count == 2 for count in ways.values()), len(ways))


def _threads(said: list[Said], since: datetime) -> list[Said | None]:
    """Of threads opened by a person in the window, the first post of another person; None for those without."""
    threads: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for post in said:
        if post.thread is not None:
            threads[post.room, post.thread].append(post)
    found = []
    for first, *rest in threads.values():
        if first.at >= since and not first.is_bot and first.reply_to is None:
            found.append(next((post for post in rest if not post.is_bot and post.person != first.person), None))
    return found


def told_by(values: Iterable[Value]) -> Numbers:
    return {(value.metric, value.of): value.value for value in values}


async def agrees(cast: Cast, client: UUID, said: list[Said], rooms: dict[str, str], window: Window) -> None:
    async with agency_scope(cast.owner, read_only=True):
        told = told_by(await measure(cast.owner, client, window, COMMUNITY))
    for room, part in ((None, None), *rooms.items()):
        own = [post for post in said if room in (None, post.room)]
        has_begun = any(post.at < window.until for post in said)
        for name, number in recount(own, window.since, window.until).items():
            if isinstance(number, int) and not has_begun:
                number = None  # noqa: PLW2901 - there was never anything
            if part is not None and (name, part) not in told:
                assert not number, (name, part, number)
                continue
            expected = None if number is None else pytest.approx(float(number), abs=1e-12)
            assert told[name, part] == expected, (name, room, window)


@pytest.mark.parametrize("seed", range(120))
async def test_numbers_are_what_the_formulae_say_whatever_falls_together(acme: Cast, seed: int) -> None:
    chance = Random(seed)
    said = a_history(chance)
    client, rooms = await begin(acme, said)
    for since, until in [*pairwise(MONTHS), (MONTHS[0], MONTHS[-1]), tuple(sorted(chance.sample(BORDERS, 2)))]:
        await agrees(acme, client, said, rooms, Window(since, until, "Europe/Berlin"))
