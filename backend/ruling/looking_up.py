"""What conditions want to know of a post beyond its text and its author, looked up for many posts at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.languages import language_of
from backend.moderation import Weight, weigh_reports
from backend.ruling.compiling import Ruleset
from backend.ruling.judging import FAILED, Seen
from backend.ruling.likening import likeness, shingles, sketch
from backend.ruling.thresholds import COPIES_LOOKED_AT, HISTORY, LONGEST_WINDOW, SAME_FROM
from tenants.scope import current

POSTS_AT_ONCE: Final = 1_000  # of one statement, which may take 15 seconds

# The posts first: beside their authors, PostgreSQL without statistics sorts all of them for each page.
_POSTS: Final = """with page as materialized (
         select p.id, p.member_id, p.text, p.posted_at from posts p
          where p.agency_id = $1 and p.workspace_id = $2{where} order by p.id limit $3)
    select p.id, p.member_id, p.text, p.posted_at, m.kind = 'bot' as is_bot, m.is_at_risk, m.first_seen_at
      from page p join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = p.member_id order by p.id"""


async def posts_between(
    workspace_id: UUID,
    first_id: UUID | None,
    last_id: UUID | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int,
) -> list[Seen]:
    """In the order in which they were taken in; both ids belong to it."""
    bounds = {"p.id >=": first_id, "p.id <=": last_id, "p.posted_at >=": since, "p.posted_at <": until}
    given = {condition: value for condition, value in bounds.items() if value is not None}
    where = "".join(f" and {condition} ${number}" for number, condition in enumerate(given, 4))
    scope = current()
    rows = await scope.fetch(
        _POSTS.replace("{where}", where), scope.actor.agency_id, workspace_id, most, *given.values()
    )
    return [Seen(*row) for row in rows]


async def look_up(workspace_id: UUID, ruleset: Ruleset, wanted: Mapping[str, Sequence[Seen]]) -> None:
    """Notes in the posts what was found; `wanted` are the posts for each kind of DEAR."""
    for kind, posts in wanted.items():
        for start in range(0, len(posts), POSTS_AT_ONCE):
            await _LOOK[kind](workspace_id, ruleset, posts[start : start + POSTS_AT_ONCE])


async def sign(workspace_id: UUID, posts: Sequence[Seen]) -> None:
    """Keep the sketches of posts, so that later ones are known as their copies. Again changes nothing."""
    sketches = await asyncio.to_thread(lambda: [(post, sketch(shingles(post.text))) for post in posts])
    scope = current()
    await scope.executemany(
        """insert into post_likenesses (agency_id, workspace_id, band, value, posted_at, post_id)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing""",
        sorted(
            (scope.actor.agency_id, workspace_id, band, value, post.posted_at, post.id)
            for post, values in sketches
            for band, value in enumerate(values)
        ),
    )


async def _languages(_workspace_id: UUID, _ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    def tell() -> None:
        for post in posts:
            try:
                post.learn("language", language_of(post.text))
            except (ArithmeticError, LookupError, ValueError):  # the detector's own; a rule that fails says so
                post.learn("language", FAILED)

    await asyncio.to_thread(tell)


async def _violations(workspace_id: UUID, _ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    """Of the author, decided before the post was written."""
    rows = await _each(
        """select w.id, (select count(*) from cases c where c.agency_id = $1 and c.workspace_id = $2
                            and c.member_id = w.member_id and c.outcome = 'violation' and c.post_id <> w.id
                            and c.closed_at <= w.at) as found
             from unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) as w (id, member_id, at)""",
        workspace_id,
        posts,
    )
    for post in posts:
        post.learn("violations", rows[post.id])


async def _reports(workspace_id: UUID, _ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    """Open ones, by people."""
    weights = await weigh_reports(workspace_id, [post.id for post in posts])
    for post in posts:
        post.learn("reports", weights.get(post.id, Weight()))


async def _history(workspace_id: UUID, _ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    """When the author wrote: this post and those before it, the latest first, one more than conditions count."""
    rows = await _each(
        f"""select w.id, array(select q.posted_at from posts q where q.agency_id = $1 and q.workspace_id = $2
                                  and q.member_id = w.member_id and q.posted_at <= w.at
                                order by q.posted_at desc limit {HISTORY + 1}) as found
              from unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) as w (id, member_id, at)""",
        workspace_id,
        posts,
    )
    for post in posts:
        post.learn("history", rows[post.id])


async def _media(workspace_id: UUID, ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    scope = current()
    rows = await scope.fetch(
        """select post_id, sha256, pdq, pdq_quality from media
            where agency_id = $1 and workspace_id = $2 and post_id = any($3)
           union all select post_id, sha256, pdq, pdq_quality from attachments
            where agency_id = $1 and workspace_id = $2 and post_id = any($3) and sha256 is not null""",
        scope.actor.agency_id,
        workspace_id,
        [post.id for post in posts],
    )
    media: dict[UUID, list[Any]] = {}
    for row in rows:
        media.setdefault(row["post_id"], []).append(row)
    for post in posts:
        thought = {
            name: [
                bank.opinions_of(sha256=each["sha256"], pdq=each["pdq"], quality=each["pdq_quality"])
                for each in media[post.id]
            ]
            for name, bank in ruleset.banks.items()
            if post.id in media
        }
        post.learn("media", thought if post.id in media else None)


async def _copies(workspace_id: UUID, _ruleset: Ruleset, posts: Sequence[Seen]) -> None:
    """When and by whom the same was posted: this post and those before it. An index finds what may be alike; the texts
    themselves decide."""
    scope = current()
    rows = await scope.fetch(
        f"""select w.id, q.member_id, q.posted_at, q.text
              from unnest($3::uuid[], $4::timestamptz[]) as w (id, at)
             cross join lateral (
                   select distinct l.posted_at, l.post_id from post_likenesses mine
                     join post_likenesses l on l.agency_id = $1 and l.workspace_id = $2 and l.band = mine.band
                      and l.value = mine.value and l.posted_at > w.at - $5::interval and l.posted_at <= w.at
                    where mine.agency_id = $1 and mine.workspace_id = $2 and mine.post_id = w.id
                    order by l.posted_at desc, l.post_id limit {COPIES_LOOKED_AT}) alike
              join posts q on q.agency_id = $1 and q.workspace_id = $2 and q.id = alike.post_id""",
        scope.actor.agency_id,
        workspace_id,
        [post.id for post in posts],
        [post.posted_at for post in posts],
        LONGEST_WINDOW,
    )

    def compare() -> None:
        own = {post.id: shingles(post.text) for post in posts}
        alike: dict[UUID, list[Any]] = {id: [] for id, pieces in own.items() if pieces}
        for row in rows:
            if row["id"] in alike and likeness(own[row["id"]], shingles(row["text"])) >= SAME_FROM:
                alike[row["id"]].append((row["posted_at"], row["member_id"]))
        for post in posts:
            post.learn("copies", alike.get(post.id))

    await asyncio.to_thread(compare)


async def _each(statement: str, workspace_id: UUID, posts: Sequence[Seen]) -> dict[UUID, Any]:
    scope = current()
    rows = await scope.fetch(
        statement,
        scope.actor.agency_id,
        workspace_id,
        [post.id for post in posts],
        [post.member_id for post in posts],
        [post.posted_at for post in posts],
    )
    return {row["id"]: row["found"] for row in rows}


_LOOK: Final[Mapping[str, Callable[[UUID, Ruleset, Sequence[Seen]], Awaitable[None]]]] = {
    "language": _languages,
    "violations": _violations,
    "reports": _reports,
    "media": _media,
    "history": _history,
    "copies": _copies,
}
