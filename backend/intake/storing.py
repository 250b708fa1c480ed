"""Pictures and files of posts are fetched from where they are, looked at, hashed and kept."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from backend.acting import headers_for
from backend.communities import Post
from backend.evidence import Attachment
from backend.intake.thresholds import (
    FETCHED_AGAIN_AFTER,
    FETCHED_WITHIN_SECONDS,
    LARGEST_ATTACHMENT,
    REDIRECTS_FOLLOWED,
)
from backend.kit.clock import now
from backend.kit.pictures import Looked, Unfit, look_at
from backend.outbox import enqueue
from backend.outside import TooLarge, Unreachable, fetch, file_of_member, stored_files
from tenants.actor import Actor
from tenants.scope import current


class _Gone(Exception):
    """Its platform has it no more."""


async def store_attachment(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: what it is, is believed to its bytes alone. Its row is locked only once the bytes are here: forgetting its
    author need not wait for a server of somebody else."""
    found = await Attachment.get_or_none(id=UUID(payload["attachment_id"]), state="found")
    if found is None:
        return
    post = await Post.get(id=found.post_id, workspace_id=found.workspace_id)
    try:
        data, declared = await _fetched(found, post)
    except _Gone:
        await _end(found, "state = 'gone', gone_at = now()")
        return
    except TooLarge:
        await _end(found, "state = 'refused', problem = $4", "too_large")
        return
    except Unreachable:
        await _try_later(found, int(payload.get("waited", 0)))
        return
    hashes = (hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest())
    try:
        looked = await asyncio.to_thread(look_at, data, declared=declared or found.content_type)
    except Unfit as unfit:
        # What is refused is known again all the same: a lie about the type is no way around a bank of hashes.
        change = "state = 'refused', problem = $4, byte_count = $5, sha256 = $6, md5 = $7"
        if await _end(found, change, unfit.code, len(data), *hashes):
            await _ask_for_rules(post)
        return
    await _keep(system, found, post, data, hashes, looked)


async def give_up_attachment(_system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job is dead: nobody could reach it."""
    found = await Attachment.get_or_none(id=UUID(payload["attachment_id"]), state="found")
    if found is not None:
        await _end(found, "state = 'refused', problem = $4", "unreachable")


async def find_attachment_again(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is replayed."""
    await current().execute(
        """update attachments set state = 'found', problem = null
            where agency_id = $1 and id = $2 and problem = 'unreachable'""",
        current().actor.agency_id,
        UUID(payload["attachment_id"]),
    )


async def _try_later(found: Attachment, waited: int) -> None:
    """Servers of other people are down at times: no fault of Tend's, whose job has done what it could."""
    if waited >= len(FETCHED_AGAIN_AFTER):
        await _end(found, "state = 'refused', problem = $4", "unreachable")
        return
    await enqueue(
        "store_attachment",
        {"attachment_id": str(found.id), "waited": waited + 1},
        workspace_id=found.workspace_id,
        run_at=now() + FETCHED_AGAIN_AFTER[waited],
        dedupe_key=f"store:{found.id}:{waited + 1}",
    )


async def _fetched(found: Attachment, post: Post) -> tuple[bytes, str | None]:
    """The bytes, and what their server says they are. Raises _Gone, Unreachable."""
    url = found.url
    for _ in range(REDIRECTS_FOLLOWED + 1):
        answer = await fetch(
            "GET",
            url,
            headers=await headers_for(url, post),
            largest=LARGEST_ATTACHMENT,
            within_seconds=FETCHED_WITHIN_SECONDS,
        )
        if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
            url = urljoin(url, answer.headers["location"])
            continue
        if answer.status in (404, 410):
            raise _Gone
        if answer.status != 200:
            raise Unreachable(f"The server answered with status {answer.status}.")
        return answer.body, answer.headers.get("content-type")
    raise Unreachable("The address leads on and on.")


async def _keep(
    system: Actor, found: Attachment, post: Post, data: bytes, hashes: tuple[str, str], looked: Looked
) -> None:
    change = """state = 'stored', stored_at = now(), content_type = $4, byte_count = $5, sha256 = $6, md5 = $7, pdq = $8,
                pdq_quality = $9"""
    if not await _end(found, change, looked.content_type, len(data), *hashes, looked.pdq, looked.pdq_quality):
        return
    # While its row is held: whoever forgets the author deletes the file after it.
    path = file_of_member(system.agency_id, found.workspace_id, post.member_id, found.id)
    await stored_files().put(path, data)
    await _ask_for_rules(post)


async def _end(found: Attachment, change: str, *values: Any) -> bool:
    """Whether it still waited for this."""
    changed = await current().change(
        f"update attachments set {change} where agency_id = $1 and workspace_id = $2 and id = $3 and state = 'found'",
        current().actor.agency_id,
        found.workspace_id,
        found.id,
        *values,
    )
    return changed > 0


async def _ask_for_rules(post: Post) -> None:
    await enqueue("apply_rules", {"first_id": str(post.id), "last_id": str(post.id)}, workspace_id=post.workspace_id)
