"""Pictures of articles and lessons: sent by a link, drawn anew, and gone when no text names them."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.education.models import ContentDraft, ContentPicture
from backend.education.showing_pictures import DOOR, SHOWN, file_of
from backend.education.thresholds import (
    LARGEST_PICTURE,
    LONGEST_SIDE,
    MOST_PICTURES,
    PURGED_AT_ONCE,
    UNUSED_DAYS,
    UPLOAD_SECONDS,
)
from backend.evidence import OnHold, lock_workspace
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.pictures import Drawn, Unfit, drawn_anew
from backend.outbox import enqueue
from backend.outside import NoInstallationKey, open_from_browser, seal_for_browser, stored_files
from tenants.actor import Actor, system
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of

_UPLOAD: Final = "upload of a picture"
_UNFIT: Final = {
    "too_many_pixels": "This picture has too many pixels: 40 million is the most.",
    "broken_picture": "This picture is damaged, or cut off.",
    "moving": "This picture moves: only still ones are taken.",
}
_HELD: Final = """exists (select from holds h
      where h.agency_id = $1 and h.workspace_id = p.workspace_id and h.subject_kind = 'workspace' and h.lifted_at is null)"""
# `not in`, whose list is made once and looked up: joined without statistics, each picture went through all versions.
_UNUSED: Final = f"""
      from content_pictures p
      join workspaces w on w.agency_id = $1 and w.id = p.workspace_id and w.deleted_at is null
     where p.agency_id = $1 and ($2 or p.workspace_id = any($3))
       and coalesce(p.uploaded_at, p.created_at) < now() - make_interval(days => $4) and not {_HELD}
       and p.id::text not in (
           select unnest(v.pictures) from content_versions v
            where v.agency_id = $1 and ($2 or v.workspace_id = any($3)) and v.pictures <> array[]::text[]
            union all select unnest(d.pictures) from content_drafts d
            where d.agency_id = $1 and ($2 or d.workspace_id = any($3)))"""


@dataclass(frozen=True, slots=True)
class Upload:
    """`path` below the address of the API: the file is sent there, once, before `expires_at`."""

    picture_id: UUID
    path: str
    expires_at: datetime


async def add_picture(actor: Actor, workspace_id: UUID) -> Upload:
    """A place for a picture, and the link to send it by. Raises NotAllowed, NotFound, and Conflict for one too many."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    if await ContentPicture.filter(workspace_id=workspace_id).count() >= MOST_PICTURES:
        raise Conflict(f"A client has {MOST_PICTURES:,} pictures at most.", path=("input", "workspaceId"))
    picture = await new_picture(workspace_id, created_by_id=actor.membership_id)
    told = {"agency": str(actor.agency_id), "workspace": str(workspace_id), "picture": str(picture.id)}
    try:
        token = seal_for_browser(told, purpose=_UPLOAD, seconds=UPLOAD_SECONDS)
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one there are no links.") from None
    await _journal("added", picture)
    return Upload(picture.id, f"/pictures/upload/{token}", now() + timedelta(seconds=UPLOAD_SECONDS))


async def take_picture(token: str, read: Callable[[], Awaitable[bytes]]) -> ContentPicture | None:
    """What somebody sends by their link, which is read only if it is open; None for one that is too old, or by which a
    picture came. Call outside any scope. Raises Invalid."""
    named = open_from_browser(token, purpose=_UPLOAD)
    if named is None:
        return None
    agency_id, workspace_id = UUID(named["agency"]), UUID(named["workspace"])
    taker = system(agency_id, workspace_id=workspace_id)
    async with agency_scope(taker, read_only=True):
        if not await ContentPicture.exists(id=UUID(named["picture"]), uploaded_at=None):
            return None
    data = await read()
    if not 0 < len(data) <= LARGEST_PICTURE:
        raise Invalid(f"A picture has at most {LARGEST_PICTURE >> 20} MB.")
    drawn = await asyncio.to_thread(_drawn, data)
    async with agency_scope(taker):
        picture = await ContentPicture.filter(id=UUID(named["picture"]), uploaded_at=None).select_for_update().first()
        if picture is None:
            return None
        await store_picture(picture, drawn)
        return picture


async def new_picture(workspace_id: UUID, *, created_by_id: UUID | None) -> ContentPicture:
    """Without a file yet, and with an address that nobody can guess."""
    picture = await ContentPicture.create(
        workspace_id=workspace_id, code=secrets.token_urlsafe(32), created_by_id=created_by_id
    )
    await current().execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4)",
        DOOR,
        hash_of(picture.code),
        picture.agency_id,
        picture.id,
    )
    return picture


async def store_picture(picture: ContentPicture, drawn: Drawn) -> None:
    picture.content_type, picture.width, picture.height = drawn.content_type, drawn.width, drawn.height
    picture.byte_count, picture.sha256 = len(drawn.data), hashlib.sha256(drawn.data).hexdigest()
    picture.uploaded_at = now()
    await picture.save()
    await stored_files().put(file_of(picture.agency_id, picture.workspace_id, picture.id), drawn.data)


async def copy_picture(picture: ContentPicture, workspace_id: UUID) -> ContentPicture | None:
    """For another client of the agency, unless it has the same; its own for itself. None of the file is drawn anew. None where
    the file is gone."""
    if picture.workspace_id == workspace_id:
        return picture
    alike = await ContentPicture.filter(workspace_id=workspace_id, sha256=picture.sha256).select_for_update().first()
    if alike is not None:
        return alike
    data = await stored_files().get(file_of(picture.agency_id, picture.workspace_id, picture.id))
    if data is None:
        return None
    assert picture.content_type is not None
    copied = await new_picture(workspace_id, created_by_id=None)
    await store_picture(copied, Drawn(data, picture.content_type, picture.width or 0, picture.height or 0))
    return copied


async def delete_picture(actor: Actor, picture_id: UUID) -> UUID:
    """Versions that readers had show its words from now on. The client's id. Raises NotAllowed, NotFound, OnHold, and Conflict
    while readers see it or a draft names it."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    found = await ContentPicture.get_or_none(id=picture_id)
    if found is not None:
        await lock_workspace(found.workspace_id)  # before the picture, as whoever deletes a client
    picture = await ContentPicture.filter(id=picture_id).select_for_update().first()
    if picture is None:
        raise NotFound(path=("input", "pictureId"))
    if await current().fetchval(
        f"select {SHOWN.format(agency='$1', row='p')} from content_pictures p where p.agency_id = $1 and p.id = $2",
        picture.agency_id,
        picture.id,
    ):
        raise Conflict("Readers see it: publish without it, or archive what it stands in.", path=("input", "pictureId"))
    if await ContentDraft.exists(workspace_id=picture.workspace_id, pictures__contains=[str(picture.id)]):
        raise Conflict("A draft names it.", path=("input", "pictureId"))
    if await current().fetchval(
        f"select {_HELD} from content_pictures p where p.agency_id = $1 and p.id = $2", picture.agency_id, picture.id
    ):
        raise OnHold
    await _remove(picture.workspace_id, picture.id)
    await _journal("deleted", picture)
    return picture.workspace_id


async def purge_pictures(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: pictures go that no text has named for long enough, and places to which none came; but of a client on hold."""
    scope, goes_on = current(), False
    asked = (system.agency_id, system.sees_all, list(system.workspaces or ()), UNUSED_DAYS)
    for client in await scope.fetch(f"select distinct p.workspace_id as id {_UNUSED} order by 1", *asked):
        await lock_workspace(client["id"])  # or a hold comes in between
        rows = await scope.fetch(
            f"select p.id {_UNUSED} and p.workspace_id = $5 order by p.id limit {PURGED_AT_ONCE} for update of p skip locked",
            *asked,
            client["id"],
        )
        for row in rows:
            await _remove(client["id"], row["id"])
        goes_on = goes_on or len(rows) == PURGED_AT_ONCE
    if goes_on:
        await enqueue("purge_pictures", {})


async def _remove(workspace_id: UUID, picture_id: UUID) -> None:
    scope = current()
    # The file first: a row that is gone while there is one would never be looked at again.
    await stored_files().delete(file_of(scope.actor.agency_id, workspace_id, picture_id))
    await ContentPicture.filter(id=picture_id, workspace_id=workspace_id).delete()
    await scope.execute(
        "delete from doors where kind = $1 and agency_id = $2 and target_id = $3",
        DOOR,
        scope.actor.agency_id,
        picture_id,
    )


def _drawn(data: bytes) -> Drawn:
    """Raises Invalid."""
    try:
        return drawn_anew(data, longest_side=LONGEST_SIDE)
    except Unfit as unfit:
        raise Invalid(_UNFIT.get(unfit.code, "Only pictures (JPEG, PNG, WebP, GIF) are taken.")) from None


async def _journal(verb: str, picture: ContentPicture) -> None:
    await journal.record(
        f"picture.{verb}", subject_kind="picture", subject_id=picture.id, workspace_id=picture.workspace_id
    )
