"""Histories that were made to be miscounted, against the formulae of the catalogue written down once more and differently: posts at
the same instant and on the borders of days that have 23 and 25 hours, people who come back elsewhere, bots, silent months, posts that
went, and what arrives late."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise, product
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cast import Cast
from planted import plant
from recounted import Said

from backend.client_metrics import CATALOGUE, Section, Status, Step, Value, Window, measure, rows_behind, series
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.moderation import Case, CaseTally, ClaimRecord, Decision, DecisionEvent, Report
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


@pytest.mark.parametrize("seed", range(6))
async def test_numbers_are_what_the_formulae_say_whatever_falls_together(acme: Cast, seed: int) -> None:
    chance = Random(seed)
    said = a_history(chance)
    client, rooms = await begin(acme, said)
    for since, until in [*pairwise(MONTHS), (MONTHS[0], MONTHS[-1]), tuple(sorted(chance.sample(BORDERS, 2)))]:
        await agrees(acme, client, said, rooms, Window(since, until, "Europe/Berlin"))


@pytest.mark.parametrize("seed", range(3))
async def test_what_goes_changes_or_arrives_late_is_counted_as_it_is_now(acme: Cast, seed: int) -> None:
    """No number is kept anywhere, so none can be old: after each deed all of them are those of a recount."""
    chance = Random(100 + seed)
    said = a_history(chance)
    client, rooms = await begin(acme, said)
    window = Window(MONTHS[0], MONTHS[-1], "Europe/Berlin")
    for deed in (_goes, _is_edited, _arrives_late, _is_erased, _arrives_late, _is_edited):
        post = chance.choice(said)
        async with agency_scope(acme.system):
            await deed(client, said, post, chance)
        await agrees(acme, client, said, rooms, window)


async def _change(client: UUID, post: Said, change: str, *values: Any) -> None:
    await current().execute(
        f"update posts set {change} where workspace_id = $1 and external_id = $2", client, post.id, *values
    )


async def _goes(client: UUID, _said: list[Said], post: Said, _chance: Random) -> None:
    """It was written all the same."""
    await _change(client, post, "removed_at = now(), hidden_at = now(), thread_removed_at = now()")


async def _is_edited(client: UUID, said: list[Said], post: Said, _chance: Random) -> None:
    said[said.index(post)] = replace(post, text="@p1 @p2")
    await _change(client, post, "text = $3, version = version + 1", "@p1 @p2")


async def _arrives_late(client: UUID, said: list[Said], post: Said, chance: Random) -> None:
    """Older than most of what is there, by somebody who is known, so that when they began changes."""
    late = replace(post, id=f"late{len(said)}", at=chance.choice(BORDERS[:3]) - 200 * DAY, thread=None, reply_to=None)
    await current().execute(
        """insert into posts (workspace_id, community_id, member_id, id, external_id, text, posted_at)
           select workspace_id, community_id, member_id, $3, $4, text, $5 from posts where workspace_id = $1 and external_id = $2""",
        client, post.id, new_id(), late.id, late.at,
    )  # fmt: skip
    said.insert(0, late)
    said.sort(key=lambda each: each.at)


async def _is_erased(client: UUID, said: list[Said], post: Said, _chance: Random) -> None:
    """Who they are elsewhere is not known any more; what they wrote is empty, and was written."""
    await _change(client, post, "text = ''")
    await current().execute(
        """with gone as (select member_id as id from posts where workspace_id = $1 and external_id = $2),
                posts as (update posts p set text = '' from gone where p.workspace_id = $1 and p.member_id = gone.id)
           update members m set identity_key = null, handle = 'erased', external_id = 'erased-' || m.id from gone
            where m.workspace_id = $1 and m.id = gone.id""",
        client, post.id,
    )  # fmt: skip
    for n, each in enumerate(said):
        if (each.room, each.person) == (post.room, post.person):
            said[n] = replace(each, person=f"erased in {each.room}", handle="erased", text="")


async def test_a_series_has_every_day_once_and_silent_months_as_zeroes(acme: Cast) -> None:
    said = [
        Said(f"x{n}", "forum", f"p{n % 3}", f"p{n % 3}", at) for n, at in enumerate([*BORDERS, *BORDERS, MONTHS[0] + 14 * DAY])
    ]  # fmt: skip
    client, _ = await begin(acme, said)
    first = Window(MONTHS[0] + 10 * DAY, MONTHS[-1], "Europe/Berlin")  # known since the middle of a month
    async with agency_scope(acme.owner, read_only=True):
        for step in Step:
            window = Window(MONTHS[2] - DAY, MONTHS[3] + DAY, "Europe/Berlin") if step is Step.DAY else first
            for name in ("contributions", "contributors", "newcomers", "gini"):
                told = await series(acme.owner, client, name, window, step)
                assert [value.value for value in told] == [
                    None if number is None else pytest.approx(float(number))
                    for value in told
                    for number in [recount(said, value.window.since, value.window.until)[name]]
                ]
                assert (told[0].window.since, told[-1].window.until) == (window.since, window.until)
                assert all(one.window.until == other.window.since for one, other in pairwise(told))


async def test_a_case_decided_twice_and_reversed_is_one_case(acme: Cast) -> None:
    client = await acme.empty_workspace()
    said = [Said("x", "forum", "p", "p", MONTHS[0])]
    since, until = MONTHS[3], MONTHS[4]
    policy = await acme.policy_version(client)
    async with agency_scope(acme.system):
        await plant(client, said)
        post = await current().fetchrow("select id, member_id from posts where workspace_id = $1", client)
        queue = await acme.queue_id(client)
        # Due when it was closed, closed as the window begins; as it ends, which is after it; and of another kind.
        for closed, kind in ((since, "moderation"), (until, "moderation"), (since, "appeal")):
            opened, of = closed - DAY, {"workspace_id": client}
            case = await Case.create(
                **of, queue_id=queue, post_id=post["id"], member_id=post["member_id"], kind=kind, tier="low", severity="low",
                opened_at=opened, due_at=closed, virtual_deadline=opened, closed_at=closed, state="closed",
                outcome="violation",
            )  # fmt: skip
            if kind == "appeal":
                continue
            # The form was told at the same instant, and later by id: whom the member told first.
            for channel, who in (("member", {"member_id": post["member_id"]}), ("form", {})):
                await Report.create(
                    **of, **who, case_id=case.id, post_id=post["id"], channel=channel, reporter_key=channel, reason="x",
                    created_at=opened,
                )  # fmt: skip
            for seconds in (40, 60):
                claim = await ClaimRecord.create(
                    **of, case_id=case.id, membership_id=acme.owner.membership_id, token_hash=new_id().bytes * 2,
                    expires_at=opened, ended_at=opened, ended_by="decided", visible_seconds=seconds,
                )  # fmt: skip
                decision = await Decision.create(
                    **of, case_id=case.id, claim_id=claim.id, membership_id=acme.owner.membership_id, reason="x",
                    outcome="violation", actions=["hide_post"], policy_version_id=policy.id,
                )  # fmt: skip
                await DecisionEvent.create(**of, decision_id=decision.id, kind="overturned")
            await Case.filter(id=case.id).update(decision_id=decision.id)
        await CaseTally.create(workspace_id=client, queued=0, in_review=0, closed=3)
    window = Window(since, until, "Europe/Berlin")
    async with agency_scope(acme.owner, read_only=True):
        values = await measure(acme.owner, client, window, list(CATALOGUE))
    told = {value.metric: (value.numerator, value.denominator) for value in values if value.of is None}
    of_one = ("closed_in_time", "found_share", "reversed_share", "found_by_code", "reversed_by_code")
    assert {told[name] for name in (*of_one, "self_policing_share", "self_policing_reversed")} == {(1, 1)}
    assert (told["cases_closed"], told["restricted_cases"]) == ((1, None), (1, None))
    assert (told["own_initiative_share"], told["handle_time"]) == ((0, 1), (100, 1))
    assert (told["appeals_in_time"], told["open_cases"], told["open_past_due"]) == ((1, 1), (1, None), (0, None))
    nothing = {
        value.metric: value.status
        for value in values
        if value.of is None and value.metric in ("touched_in_time", "gini")
    }
    assert set(nothing.values()) == {Status.NO_DATA}


async def test_no_number_and_no_row_of_another_client_by_any_id(acme: Cast, globex: Cast) -> None:
    """Every metric: another agency's client, one that the stakeholder is not of, one that nobody has."""
    window = Window(MONTHS[0], MONTHS[-1], "Europe/Berlin")
    mine, rooms = await begin(acme, a_history(Random(1)))
    theirs, their_rooms = await begin(globex, a_history(Random(1)))
    async with agency_scope(globex.owner, read_only=True):
        their_last = (await rows_behind(globex.owner, theirs, "contributions", window)).rows[-1].id
    for actor, others in (
        (acme.stakeholder, [mine, theirs, new_id()]), (acme.owner, [theirs, new_id()]), (globex.owner, [mine]),
    ):  # fmt: skip
        async with agency_scope(actor, read_only=True):
            for name, other in product(CATALOGUE, others):
                for asked in (
                    measure(actor, other, window, [name]), series(actor, other, name, window, Step.MONTH),
                    rows_behind(actor, other, name, window),
                ):  # fmt: skip
                    with pytest.raises((NotFound, NotAllowed, Conflict)):
                        await asked
    async with agency_scope(acme.owner, read_only=True):
        own = {row.id for row in (await rows_behind(acme.owner, mine, "contributions", window)).rows}
        beyond = await rows_behind(acme.owner, mine, "contributions", window, after=their_last)
        assert {row.id for row in beyond.rows} <= own
        for of in their_rooms.values():
            assert not (await rows_behind(acme.owner, mine, "contributions", window, of=of)).rows
        assert (await rows_behind(acme.owner, mine, "contributions", window, of=next(iter(rooms.values())))).rows
