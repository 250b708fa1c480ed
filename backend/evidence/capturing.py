"""What a case was decided upon, kept as it was: the platform may lose it, and its author may edit it."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from backend.evidence.models import EvidenceSnapshot
from backend.evidence.thresholds import CONTEXT_POSTS
from backend.kit.clock import now
from backend.kit.ids import new_id
from tenants.scope import current

# Whether a snapshot is what was captured: of its row `{row}`; null where the content is gone. Only content that has its
# hash is read, so that what somebody put there instead is no error. Where an escalation hides the one before it from whoever
# asks, nothing can be said of the link.
INTACT: Final = """case when {row}.content is null then null
    when {row}.hash <> encode(sha256(convert_to({row}.content, 'UTF8')), 'hex') then false
    else ({row}.content::jsonb ->> 'previous') is not distinct from {row}.previous_hash
     and coalesce(
         (select {row}.previous_hash is not distinct from e.hash from evidence_snapshots e where e.agency_id = {agency}
             and e.workspace_id = {row}.workspace_id and e.case_id = {row}.case_id
             and e.position = {row}.position - 1),
         case when {row}.position = 1 then {row}.previous_hash is null
              when (select cardinality(app.hidden_posts())) = 0 then false end) end"""

_POST: Final = """
    select p.id, p.text, p.version, p.posted_at, p.reply_to_id, m.id as member_id, m.handle,
           c.id as community_id, c.name as community
      from posts p join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = p.member_id
      join communities c on c.agency_id = $1 and c.workspace_id = $2 and c.id = p.community_id
     where p.agency_id = $1 and p.workspace_id = $2"""
_THREAD: Final = """
    with recursive thread as (
        select p.id, p.reply_to_id, 1 as depth from posts p
         where p.agency_id = $1 and p.workspace_id = $2 and p.id = $3
        union all
        select p.id, p.reply_to_id, t.depth + 1 from posts p join thread t on p.id = t.reply_to_id
         where p.agency_id = $1 and p.workspace_id = $2 and t.depth < $4)
    select id from thread order by depth"""
_BEFORE: Final = """
    select p.id from posts p where p.agency_id = $1 and p.workspace_id = $2 and p.community_id = $3
       and (p.posted_at, p.id) < ($4, $5) order by p.posted_at desc, p.id desc limit $6"""


@dataclass(frozen=True, slots=True)
class Checked:
    """`is_intact` is None where the content is gone: then nothing can be said about it."""

    id: UUID
    position: int
    is_intact: bool | None


async def capture(*, workspace_id: UUID, case_id: UUID, post_id: UUID) -> str:
    """The post, and those that it answers or else follows, as they are now; the hash of the last snapshot, which stands
    for all of the case's. Call while holding the row lock on the case. Who decides may be kept from one of those posts: it
    is captured all the same, and they are kept from that too."""
    async with current().past_restrictions():
        return await _capture(workspace_id=workspace_id, case_id=case_id, post_id=post_id)


async def _capture(*, workspace_id: UUID, case_id: UUID, post_id: UUID) -> str:
    scope = current()
    agency_id = scope.actor.agency_id
    post = await scope.fetchrow(f"{_POST} and p.id = $3", agency_id, workspace_id, post_id)
    before = await _posts_before(post, workspace_id)
    last = await scope.fetchrow(
        """select position, hash from evidence_snapshots
            where agency_id = $1 and workspace_id = $2 and case_id = $3 order by position desc limit 1""",
        agency_id,
        workspace_id,
        case_id,
    )
    position: int = 0 if last is None else last["position"]
    previous: str | None = None if last is None else last["hash"]
    attachments = await _attachments_of([each["id"] for each in (post, *before)], workspace_id)
    rows: list[tuple[Any, ...]] = []
    at = now()
    for each in [post, *before]:
        position += 1
        content = canonical(
            {
                "attachments": attachments.get(each["id"], []),
                "author": {"handle": each["handle"], "id": each["member_id"]},
                "capturedAt": at,
                "case": case_id,
                "community": {"id": each["community_id"], "name": each["community"]},
                "isContext": each["id"] != post_id,
                "post": each["id"],
                "postedAt": each["posted_at"],
                "previous": previous,
                "salt": secrets.token_hex(16),
                "text": each["text"],
                "version": each["version"],
            }
        )
        sha256 = digest(content)
        rows.append((
            *(agency_id, workspace_id, new_id(), case_id, position, each["id"], each["member_id"], each["version"]),
            *(each["id"] != post_id, content, sha256, previous, at),
        ))  # fmt: skip
        previous = sha256
    await scope.executemany(
        """insert into evidence_snapshots (agency_id, workspace_id, id, case_id, position, post_id, member_id,
                                           post_version, is_context, content, hash, previous_hash, captured_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        rows,
    )
    assert previous is not None
    return previous


async def verify_snapshots(case_id: UUID) -> list[Checked]:
    """In the order they were captured; a row that is missing in between makes the next one not intact."""
    found, previous, expected = [], None, 1
    hides: bool = await current().fetchval("select cardinality(app.hidden_posts()) > 0")
    for row in await EvidenceSnapshot.filter(case_id=case_id).order_by("position"):
        is_linked = row.position == expected and row.previous_hash == previous
        is_intact = None if row.content is None else is_linked and _is_its_own(row)
        if row.position > expected and hides and row.content is not None and _is_its_own(row):
            found.append(Checked(row.id, row.position, None))
        else:
            found.append(Checked(row.id, row.position, is_intact if is_linked else False))
        previous, expected = row.hash, row.position + 1
    return found


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys, without blanks, in UTF-8: of texts, whole numbers and names in ASCII what RFC 8785 says."""
    return orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _is_its_own(row: EvidenceSnapshot) -> bool:
    assert row.content is not None
    return digest(row.content) == row.hash and orjson.loads(row.content)["previous"] == row.previous_hash


async def _attachments_of(posts: list[UUID], workspace_id: UUID) -> dict[UUID, list[dict[str, Any]]]:
    """By post: which they were, by hashes; null of what has not been fetched."""
    rows = await current().fetch(
        """select post_id, id, sha256 from attachments
            where agency_id = $1 and workspace_id = $2 and post_id = any($3) order by created_at, id""",
        current().actor.agency_id,
        workspace_id,
        posts,
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["post_id"], []).append({"id": row["id"], "sha256": row["sha256"]})
    return found


async def _posts_before(post: Any, workspace_id: UUID) -> list[Any]:
    """What it answers and what that answers, else what was written before it in the same place; the nearest first."""
    scope = current()
    agency_id = scope.actor.agency_id
    if post["reply_to_id"] is not None:
        found = await scope.fetch(_THREAD, agency_id, workspace_id, post["reply_to_id"], CONTEXT_POSTS)
    else:
        found = await scope.fetch(
            _BEFORE, agency_id, workspace_id, post["community_id"], post["posted_at"], post["id"], CONTEXT_POSTS
        )
    ids = [row["id"] for row in found if row["id"] != post["id"]]
    rows = {row["id"]: row for row in await scope.fetch(f"{_POST} and p.id = any($3)", agency_id, workspace_id, ids)}
    return [rows[id] for id in ids]
