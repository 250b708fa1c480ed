"""The same numbers once more, by plain Python that knows no SQL and nothing of Tend: what a reader with a pencil would do."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log, sqrt
from re import findall
from typing import Any, NamedTuple

Z = 1.959963984540054
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """A post; `person` is who they are across rooms, `handle` what they are called."""

    id: str
    room: str
    person: str
    handle: str
    at: datetime
    text: str = ""
    is_bot: bool = False
    trust: int | None = None
    thread: str | None = None
    reply_to: str | None = None


class Number(NamedTuple):
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    low: float | None = None
    high: float | None = None


def wilson(k: int, n: int) -> tuple[float, float]:
    p, z2 = k / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def share(k: int, n: int) -> Number | None:
    return Number(k / n, k, n, n, *wilson(k, n)) if n else None


def count(k: int) -> Number:
    return Number(k, k, None, k)


def gini(amounts: Sequence[int]) -> float:
    """By its other definition: the mean difference between any two, over twice the mean; of sorted ones."""
    ordered, n = sorted(amounts), len(amounts)
    below = difference = 0
    for i, x in enumerate(ordered):
        difference += x * i - below
        below += x
    return 2 * difference / (2 * n * below)


def lasting(lives: Sequence[tuple[float, bool]], until: float) -> Number | None:
    """The share that lasts longer, by Kaplan and Meier; None where nobody was seen so long and somebody is left."""
    left, risk, spread = 1.0, len(lives), 0.0
    at: dict[float, list[bool]] = defaultdict(list)
    for days, ended in lives:
        at[days].append(ended)
    if not lives or (until > max(at) and not _all_gone(at)):
        return None
    for days in sorted(at):
        if days > until:
            break
        died = sum(at[days])
        if died:
            left *= 1 - died / risk
            spread += died / (risk * (risk - died)) if risk > died else 0
        risk -= len(at[days])
    if left in (0.0, 1.0):
        return Number(left, None, len(lives), len(lives), left, left)
    middle, half = log(-log(left)), Z * sqrt(spread) / abs(log(left))
    return Number(left, None, len(lives), len(lives), exp(-exp(middle + half)), exp(-exp(middle - half)))


def _all_gone(at: dict[float, list[bool]]) -> bool:
    return all(at[max(at)])


def recount(said: Iterable[Said], since: datetime, until: datetime) -> dict[str, Number | None]:
    """Of all that is given."""
    ever = sorted((post for post in said if not post.is_bot), key=lambda post: (post.at, post.id))
    ever = [post for post in ever if post.at < until]
    inside = [post for post in ever if post.at >= since]
    per_person = Counter(post.person for post in inside)
    amounts = sorted(per_person.values(), reverse=True)
    found: dict[str, Number | None] = {
        "active_members": count(len({post.person for post in ever if post.at >= until - 30 * DAY})),
        "contributors": count(len(per_person)),
        "contributions": count(len(inside)),
        "one_time_share": share(amounts.count(1), len(amounts)),
        **_concentration(amounts, len(inside)),
        **_newcomers(ever, since, until),
        "mention_reciprocity": _pairs(_mentions(inside, ever)),
        "reciprocity": _pairs(_replies(inside, ever)),
    }
    return found if ever else dict.fromkeys(found)


def _concentration(amounts: Sequence[int], posts: int) -> dict[str, Number | None]:
    if not amounts:
        return dict.fromkeys(("gini", "absence_factor", "top_share"))
    held = factor = 0
    while held * 2 < posts:
        held, factor = held + amounts[factor], factor + 1
    return {
        "gini": Number(gini(amounts), None, posts, len(amounts)),
        "absence_factor": Number(factor, held, posts, len(amounts)),
        "top_share": Number(amounts[0] / posts, amounts[0], posts, len(amounts)),
    }


def _newcomers(ever: Sequence[Said], since: datetime, until: datetime) -> dict[str, Number | None]:
    times: dict[str, list[datetime]] = defaultdict(list)
    for post in ever:
        times[post.person].append(post.at)
    followed = [posts for posts in times.values() if since - 91 * DAY <= posts[0] < until - 91 * DAY]
    lives = [((posts[-1] - posts[0]) / DAY, until - posts[-1] > 90 * DAY) for posts in followed]
    back = sum(any(31 <= (at - posts[0]).days <= 90 for at in posts) for posts in followed)
    return {
        "newcomers": count(sum(posts[0] >= since for posts in times.values())),
        "newcomer_survival": lasting(lives, 90.0),
        "newcomer_return": share(back, len(followed)),
    }


def _mentions(inside: Sequence[Said], ever: Sequence[Said]) -> set[tuple[str, str]]:
    called = defaultdict(set)
    for post in ever:
        called[post.handle.lower()].add(post.person)
    directed = set()
    for post in inside:
        for name in findall(r"@([\w.-]+)", post.text):
            for each in {name.lower(), name.lower().rstrip(".-")}:
                directed |= {(post.person, other) for other in called[each] if other != post.person}
    return directed


def _replies(inside: Sequence[Said], ever: Sequence[Said]) -> set[tuple[str, str]]:
    authors = {post.id: post.person for post in ever}
    answered = [(post.person, authors.get(post.reply_to or "")) for post in inside]
    return {(one, other) for one, other in answered if other is not None and other != one}


def _pairs(directed: set[tuple[str, str]]) -> Number | None:
    pairs = {frozenset(pair) for pair in directed}
    mutual = sum((one, other) in directed and (other, one) in directed for one, other in map(tuple, pairs))
    return share(mutual, len(pairs))


def by_part(
    said: Sequence[Said], since: datetime, until: datetime, *, recount: Callable[..., Any] = recount
) -> dict[str | None, dict[str, Number | None]]:
    """Of all rooms together (None), and of each."""
    rooms = {post.room for post in said}
    return {
        None: recount(said, since, until),
        **{room: recount([post for post in said if post.room == room], since, until) for room in rooms},
    }
