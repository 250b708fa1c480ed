"""Which pictures a text names, and who sees them: readers while they have a text with it, whoever writes by a link for minutes."""

import asyncio
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend.education.models import ContentDraft, ContentPicture
from backend.education.rendering import Named, Picture, Rendered, pictures_in, render
from backend.education.thresholds import LOOK_SECONDS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import parse_published, published
from backend.kit.texts import is_seen
from backend.outside import NoInstallationKey, open_from_browser, public_address, seal_for_browser, stored_files
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.rights import Right
from tenants.scope import agency_scope

DOOR: Final = "picture"
KIND: Final = "picture"
PATH: Final = "/pictures/"  # of what readers are shown; `ContentVersion.html` puts the API's address before it
_ID: Final = re.compile(rf"\b{KIND}_[0-9a-f-]{{36}}\b")
_LOOK: Final = "look at a picture"

# SQL about a row of content_pictures: whether it stands in what readers have now.
SHOWN: Final = """exists (select from content_versions v join content_items i
      on i.agency_id = {agency} and i.workspace_id = v.workspace_id and i.id = v.item_id
   where v.agency_id = {agency} and v.workspace_id = {row}.workspace_id
     and v.pictures <> array[]::text[] and v.pictures @> array[{row}.id::text]
     and i.current_version_id is not null and i.archived_at is null
     and not exists (select from content_versions n where n.agency_id = {agency} and n.workspace_id = v.workspace_id
                        and n.item_id = v.item_id and n.language = v.language and n.version > v.version))"""


@dataclass(frozen=True, slots=True)
class Link:
    """`url` is open until `expires_at`, to whoever has it."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """`sha256` in hexadecimal."""

    content_type: str
    sha256: str
    path: str

    async def data(self) -> bytes | None:
        return await stored_files().get(self.path)


async def named_pictures(workspace_id: UUID, text: str) -> list[str]:
    """Ids of the client's pictures that a text names. Raises Invalid with the lines in which one has no words, or is not
    there: of another client, deleted, not sent yet."""
    if "![" not in text:
        return []
    named = await asyncio.to_thread(_named_in, text)
    wordless = [each for each in named if not is_seen(each.words)]
    if wordless:
        raise _wrong(wordless, "a picture needs words for whoever does not see it, as in ![words](picture_…)")
    ours = [each for each in named if each.address.startswith(f"{KIND}_")]
    wanted = {each.address: id for each in ours if (id := _id_in(each.address)) is not None}
    there = await _pictures(workspace_id, wanted.values())
    missing = [each for each in ours if wanted.get(each.address) not in there]
    if missing:
        raise _wrong(missing, "there is no such picture, or its file has not come")
    return sorted({str(id) for id in wanted.values()})


async def rendered(workspace_id: UUID, text: str, pictures: Collection[str]) -> Rendered:
    """As readers get it. Raises Conflict for a picture that was deleted meanwhile."""
    there = await _pictures(workspace_id, map(UUID, pictures))
    if len(there) != len(pictures):
        raise Conflict("A picture that it names is not there any more.", path=("input", "draftId"))
    shown = {published(KIND, each.id): _placed(each, f"{PATH}{each.code}") for each in there.values()}
    return await asyncio.to_thread(render, text, shown)


async def preview(actor: Actor, draft_id: UUID) -> Rendered | None:
    """A draft as readers would get it, with links to its pictures that are open for LOOK_SECONDS; None for none that is there
    for the actor. Raises NotAllowed, Conflict."""
    actor.must_hold(Right.TEACH)
    draft = await ContentDraft.get_or_none(id=draft_id)
    if draft is None:
        return None
    there = await _pictures(draft.workspace_id, map(UUID, draft.pictures))
    shown = {published(KIND, each.id): _placed(each, _link(each).url) for each in there.values()}
    return await asyncio.to_thread(render, draft.text, shown)


async def link_to_picture(actor: Actor, picture_id: UUID) -> Link:
    """For whoever writes, open for LOOK_SECONDS. Raises NotAllowed, NotFound, and Conflict where no file has come."""
    actor.must_hold(Right.TEACH)
    picture = await ContentPicture.get_or_none(id=picture_id)
    if picture is None:
        raise NotFound(path=("input", "pictureId"))
    if picture.uploaded_at is None:
        raise Conflict("Its file has not come.", path=("input", "pictureId"))
    return _link(picture)


async def picture_behind(code: str) -> Shown | None:
    """What readers see; None for what no text that they have now shows, as of a closed client. Call outside any scope."""
    found = await target_of(DOOR, code)
    if found is None:
        return None
    agency_id, picture_id = found
    async with agency_scope(system(agency_id), read_only=True) as scope:
        row = await scope.fetchrow(
            f"""select p.id, p.workspace_id, p.content_type, p.sha256 from content_pictures p
                  join workspaces w on w.agency_id = $1 and w.id = p.workspace_id and w.deletes_at is null
                 where p.agency_id = $1 and p.id = $2 and p.uploaded_at is not null
                   and {SHOWN.format(agency="$1", row="p")}""",
            agency_id,
            picture_id,
        )
    if row is None:
        return None
    return Shown(row["content_type"], row["sha256"], file_of(agency_id, row["workspace_id"], row["id"]))


async def picture_of_link(token: str) -> Shown | None:
    """What is behind a link for whoever writes. Call outside any scope."""
    named = open_from_browser(token, purpose=_LOOK)
    if named is None:
        return None
    agency_id, workspace_id = UUID(named["agency"]), UUID(named["workspace"])
    async with agency_scope(system(agency_id, workspace_id=workspace_id), read_only=True):
        picture = await ContentPicture.get_or_none(id=UUID(named["picture"]))
    if picture is None or picture.content_type is None or picture.sha256 is None:
        return None
    return Shown(picture.content_type, picture.sha256, file_of(agency_id, workspace_id, picture.id))


def without_ids(text: str) -> str:
    """For whoever searches: nobody looks for them."""
    return _ID.sub("", text)


def file_of(agency_id: UUID, workspace_id: UUID, picture_id: UUID) -> str:
    """Below the client's folder, which goes with the client."""
    return f"{agency_id}/{workspace_id}/pictures/{picture_id}"


async def _pictures(workspace_id: UUID, ids: Iterable[UUID]) -> dict[UUID, ContentPicture]:
    found = await ContentPicture.filter(id__in=list(ids), workspace_id=workspace_id, uploaded_at__isnull=False)
    return {each.id: each for each in found}


def _placed(picture: ContentPicture, address: str) -> Picture:
    return Picture(address, picture.width or 0, picture.height or 0)


def _link(picture: ContentPicture) -> Link:
    told = {"agency": str(picture.agency_id), "workspace": str(picture.workspace_id), "picture": str(picture.id)}
    try:
        token = seal_for_browser(told, purpose=_LOOK, seconds=LOOK_SECONDS)
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one there are no links.") from None
    return Link(f"{public_address()}{PATH}link/{token}", now() + timedelta(seconds=LOOK_SECONDS))


def _named_in(text: str) -> list[Named]:
    """Takes up to a second for what was made to take long, as rendering does: both are called in a thread."""
    return list(pictures_in(text))


def _id_in(address: str) -> UUID | None:
    parsed = parse_published(address)
    return parsed[1] if parsed is not None and parsed[0] == KIND else None


def _wrong(named: Collection[Named], why: str) -> Invalid:
    lines = sorted({each.line for each in named})
    which = f"Line {lines[0]}" if len(lines) == 1 else f"Lines {', '.join(map(str, lines))}"
    return Invalid(f"{which}: {why}.", path=("input", "content", "text"))
