"""What members wrote elsewhere, made members, posts and versions of a community."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from backend.communities.searching import words_of
from backend.communities.writing_rows import insert, member_rows, post_rows, version_rows, word_rows
from backend.evidence import IncomingAttachment, note_attachments
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.leaving import kept_out
from backend.outbox import enqueue
from tenants.scope import current

STAFF_TRUST: Final = 5  # whom a platform's staff is trusted like: one above whoever it trusts most


@dataclass(frozen=True, slots=True)
class IncomingPost:
    """A post as its platform tells it. No text here holds a NUL or a lone surrogate: PostgreSQL stores neither."""

    external_id: str
    author_external_id: str
    author_handle: str
    author_kind: Literal["person", "bot"]
    identity_key: str | None
    text: str
    posted_at: datetime
    reply_to_external_id: str | None = None
    revised_at: datetime | None = None  # when the text became what it is; None where nobody tells
    thread: str | None = None  # the platform's name for what it is part of: a topic, a thread
    author_trust_level: int | None = None  # 0 to 4, 5 for staff of the platform; None where it has no such thing
    attachments: tuple[IncomingAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Every incoming post is one of the three. `changed`: a known post with words that none of its versions had. What
    somebody wrote who was erased counts as known, and is not taken in."""

    new: int
    known: int
    changed: int


@dataclass(slots=True)
class _Arrival:
    """A post nobody knew so far, unless it turns out to clash. `texts` are its versions."""

    id: UUID
    post: IncomingPost
    reply_to_id: UUID | None
    texts: list[str]


@dataclass(frozen=True, slots=True)
class _Known:
    id: UUID
    version: int
    digests: frozenset[bytes]  # of the texts of all versions


async def take_in(workspace_id: UUID, community_id: UUID, posts: Sequence[IncomingPost]) -> TakenIn:
    """Bring `posts` into the community, in this order, and ask for the rules to be applied to what is new in it.

    The same posts again change nothing. A reply finds its parent among the posts already here and the earlier ones of
    `posts`; without one it stands alone. Raises NotFound for a community that is not there for the scope's actor.

    Call inside an agency scope. The community is locked until that ends: a scope that takes in for several goes
    through them in the order of their slugs.
    """
    await lock_community(workspace_id, community_id)
    given = len(posts)
    away = await kept_out(workspace_id, community_id, {post.author_external_id for post in posts})
    posts = [post for post in posts if post.author_external_id not in away]
    texts: dict[str, list[str]] = {}
    for post in posts:
        versions = texts.setdefault(post.external_id, [])
        if post.text not in versions:
            versions.append(post.text)
    # Looking up comes first only for the sake of replies. Otherwise the unique index tells what is known as the rows
    # are written: right after an installation PostgreSQL has no statistics, and a look-up reads the whole community.
    parents = {post.reply_to_external_id for post in posts if post.reply_to_external_id}
    known = await _look_up(workspace_id, community_id, {*texts, *parents}) if parents else {}
    arrivals = _arrivals(posts, texts, known)
    written = await _write_posts(workspace_id, community_id, arrivals)
    new = [arrival for arrival in arrivals if arrival.id in written]
    if len(new) < len(arrivals):
        clashing = {arrival.post.external_id for arrival in arrivals if arrival.id not in written}
        known |= await _look_up(workspace_id, community_id, clashing)
    edits = {
        edited: fresh
        for external_id, edited in known.items()
        if (fresh := [text for text in texts.get(external_id, ()) if _digest(text) not in edited.digests])
    }
    words = [(word, arrival.post.posted_at, arrival.id) for arrival in new for word in words_of(arrival.texts[-1])]
    for edited, fresh in edits.items():
        words += await _rewrite(workspace_id, edited, version=edited.version + len(fresh), text=fresh[-1])
    rows = [
        *((new_id(), arrival.id, n, text) for arrival in new for n, text in enumerate(arrival.texts, 1)),
        *(
            (new_id(), edited.id, n, text)
            for edited, fresh in edits.items()
            for n, text in enumerate(fresh, edited.version + 1)
        ),
    ]
    await insert(version_rows, rows, workspace_id)
    await insert(word_rows, sorted(words), workspace_id)
    here = {arrival.post.external_id: arrival.id for arrival in new} | {name: post.id for name, post in known.items()}
    for post in posts:
        if post.attachments and post.external_id in here:
            await note_attachments(workspace_id, here[post.external_id], post.attachments)
    await _ask_for_rules(workspace_id, [arrival.id for arrival in new], [edited.id for edited in edits])
    return TakenIn(new=len(new), known=given - len(rows), changed=len(rows) - len(new))


async def lock_community(workspace_id: UUID, community_id: UUID) -> None:
    """Until the scope ends. Raises NotFound for a community that is not there for the scope's actor."""
    # Two who take in the same posts at once: the second waits and finds them known. NO KEY: foreign keys that point at
    # the community are still checked by everybody else meanwhile.
    scope = current()
    found = await scope.fetchval(
        "select id from communities where agency_id = $1 and workspace_id = $2 and id = $3 for no key update",
        scope.actor.agency_id,
        workspace_id,
        community_id,
    )
    if found is None:
        raise NotFound


async def _look_up(workspace_id: UUID, community_id: UUID, external_ids: Iterable[str]) -> dict[str, _Known]:
    """Those of the posts that are here, by external id. Digests instead of texts: an old post with many long versions
    costs 32 bytes for each."""
    scope = current()
    rows = await scope.fetch(
        """select p.id, p.external_id, p.version, sha256(convert_to(p.text, 'UTF8')) as digest,
                  array(select sha256(convert_to(v.text, 'UTF8')) from post_versions v
                         where v.agency_id = $1 and v.workspace_id = $2 and v.post_id = p.id) as digests
             from posts p
            where p.agency_id = $1 and p.workspace_id = $2 and p.community_id = $3
              and p.external_id = any($4::text[])""",
        scope.actor.agency_id,
        workspace_id,
        community_id,
        list(external_ids),
    )
    return {
        row["external_id"]: _Known(row["id"], row["version"], frozenset([row["digest"], *row["digests"]]))
        for row in rows
    }


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _arrivals(
    posts: Iterable[IncomingPost], texts: Mapping[str, list[str]], known: Mapping[str, _Known]
) -> list[_Arrival]:
    arrivals: dict[str, _Arrival] = {}
    for post in posts:
        if post.external_id in known or post.external_id in arrivals:
            continue
        parent_id = post.reply_to_external_id or ""
        parent = known.get(parent_id) or arrivals.get(parent_id)
        arrivals[post.external_id] = _Arrival(
            new_id(), post, None if parent is None else parent.id, texts[post.external_id]
        )
    return list(arrivals.values())


async def _write_posts(workspace_id: UUID, community_id: UUID, arrivals: Sequence[_Arrival]) -> set[UUID]:
    """The ids of those that were not here."""
    members = await _members(workspace_id, community_id, [arrival.post for arrival in arrivals])
    rows = [
        (
            arrival.id,
            members[arrival.post.author_external_id],
            arrival.post.external_id,
            arrival.reply_to_id,
            arrival.texts[-1],
            len(arrival.texts),
            arrival.post.posted_at,
            arrival.post.revised_at,
            arrival.post.thread,
        )
        for arrival in arrivals
    ]
    return {row["id"] for row in await insert(post_rows, rows, workspace_id, community_id)}


async def _members(workspace_id: UUID, community_id: UUID, posts: Iterable[IncomingPost]) -> dict[str, UUID]:
    """The authors, made or brought up to date: ids by external id."""
    newest: dict[str, IncomingPost] = {}
    first_seen: dict[str, datetime] = {}
    for post in posts:
        author = post.author_external_id
        if author not in newest or newest[author].posted_at <= post.posted_at:
            newest[author] = post
        first_seen[author] = min(post.posted_at, first_seen.get(author, post.posted_at))
    scope = current()
    rows = await scope.fetch(
        """select id, external_id, handle, kind, identity_key, first_seen_at, trust_level from members
            where agency_id = $1 and workspace_id = $2 and community_id = $3 and external_id = any($4::text[])""",
        scope.actor.agency_id,
        workspace_id,
        community_id,
        list(newest),
    )
    ids: dict[str, UUID] = {row["external_id"]: row["id"] for row in rows}
    as_before = {row["external_id"] for row in rows if _is_as_before(row, newest, first_seen)}
    missing = [
        (
            ids.setdefault(author, new_id()),
            author,
            post.author_handle,
            post.author_kind,
            post.identity_key,
            first_seen[author],
            post.author_trust_level,
        )
        for author, post in newest.items()
        if author not in as_before
    ]
    await insert(member_rows, missing, workspace_id, community_id)
    return ids


def _is_as_before(row: Any, newest: Mapping[str, IncomingPost], first_seen: Mapping[str, datetime]) -> bool:
    post = newest[row["external_id"]]
    return (
        row["handle"] == post.author_handle
        and row["kind"] == post.author_kind
        and post.identity_key in (None, row["identity_key"])
        and post.author_trust_level in (None, row["trust_level"])
        and row["first_seen_at"] <= first_seen[row["external_id"]]
    )


async def add_version(workspace_id: UUID, post_id: UUID, *, version: int, text: str) -> None:
    """The newest words of a post that is here, and the rules applied to them. Call while holding the community."""
    known = _Known(post_id, version - 1, frozenset())
    words = await _rewrite(workspace_id, known, version=version, text=text)
    await insert(version_rows, [(new_id(), post_id, version, text)], workspace_id)
    await insert(word_rows, sorted(words), workspace_id)
    await _ask_for_rules(workspace_id, [], [post_id])


async def _rewrite(workspace_id: UUID, post: _Known, *, version: int, text: str) -> list[tuple[str, datetime, UUID]]:
    """The rows of the words that are new in the post; those that left it are gone."""
    scope = current()
    before = await scope.fetchrow(
        "select text, posted_at from posts where agency_id = $1 and workspace_id = $2 and id = $3",
        scope.actor.agency_id,
        workspace_id,
        post.id,
    )
    await scope.execute(
        "update posts set text = $4, version = $5 where agency_id = $1 and workspace_id = $2 and id = $3",
        scope.actor.agency_id,
        workspace_id,
        post.id,
        text,
        version,
    )
    old, new = set(words_of(before["text"])), set(words_of(text))
    await scope.execute(
        """delete from post_words where agency_id = $1 and workspace_id = $2 and word = any($3::text[])
              and posted_at = $4 and post_id = $5""",
        scope.actor.agency_id,
        workspace_id,
        list(old - new),
        before["posted_at"],
        post.id,
    )
    return [(word, before["posted_at"], post.id) for word in new - old]


async def _ask_for_rules(workspace_id: UUID, new: Sequence[UUID], changed: Sequence[UUID]) -> None:
    # The new ones ascend, so one range is all of them; ids of other imports that fall into it do no harm.
    ranges = [(new[0], new[-1])] if new else []
    for first_id, last_id in [*ranges, *zip(changed, changed, strict=True)]:
        # str: orjson knows uuid.UUID, but not the kind of UUID that asyncpg returns.
        payload = {"first_id": str(first_id), "last_id": str(last_id)}
        await enqueue("apply_rules", payload, workspace_id=workspace_id)
