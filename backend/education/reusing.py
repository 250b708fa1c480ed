"""What one client's workspace has, used in another of the agency: copied once, or followed. A workspace that is nobody's but the
agency's own is its library. No row of one client points into another: a copy is a row of the client that has it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.education.models import ContentDraft, ContentItem, ContentPicture, ContentVersion
from backend.education.picturing import copy_picture
from backend.education.writing import Words, start_content
from backend.kit.errors import Conflict, NotFound
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

_COPIED = """language version title summary contents words word_count reading_seconds source_version writers
             published_at""".split()


async def copy_content(
    actor: Actor, item_id: UUID, *, workspace_id: UUID, slug: str
) -> tuple[ContentItem, ContentDraft]:
    """What readers have of it, as a draft of another client that goes its own way from here. Raises NotAllowed, NotFound,
    Invalid, SlugTaken, and Conflict where nothing is published."""
    actor.must_hold(Right.TEACH)
    item, version = await _published(item_id)
    await find_workspace(workspace_id)
    text, _, _ = await _with_pictures_of(version, workspace_id)
    return await start_content(
        actor,
        workspace_id,
        kind=item.kind,
        slug=slug,
        language=item.language,
        words=Words(version.title, text, version.summary),
    )


async def follow_content(actor: Actor, item_id: UUID, *, workspace_id: UUID) -> ContentItem:
    """An item of another client that has each version, in every language, soon after it is published here. Raises NotAllowed,
    NotFound, and Conflict where nothing is published, it is followed already, or its short name is another's there."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    item, _ = await _published(item_id)
    await find_workspace(workspace_id)
    if workspace_id == item.workspace_id or item.follows_id is not None:
        raise Conflict("This is followed from another client, and where it is written.", path=("input", "workspaceId"))
    try:
        follower = await ContentItem.create(
            workspace_id=workspace_id,
            kind=item.kind,
            slug=item.slug,
            language=item.language,
            follows_id=item.id,
            created_by_id=actor.membership_id,
        )
    except IntegrityError:
        raise Conflict("It is followed, or its short name is another's there.", path=("input", "workspaceId")) from None
    await _catch_up(follower, item)
    await _journal("followed", follower)
    return follower


async def stop_following(actor: Actor, item_id: UUID) -> ContentItem:
    """What it has by now stays, and can be written on. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    item = await ContentItem.filter(id=item_id).select_for_update().first()
    if item is None:
        raise NotFound(path=("input", "itemId"))
    if item.follows_id is None:
        raise Conflict("This follows nothing.", path=("input", "itemId"))
    await ContentItem.filter(id=item.id, workspace_id=item.workspace_id).update(follows_id=None)
    await _journal("unfollowed", item)
    return item


async def spread_content(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: whatever follows the item gets the versions that it lacks."""
    item = await ContentItem.get_or_none(id=UUID(payload["item_id"]))
    if item is None:
        return
    for follower in await ContentItem.filter(follows_id=item.id).order_by("id").select_for_update():
        await _catch_up(follower, item)


async def _published(item_id: UUID) -> tuple[ContentItem, ContentVersion]:
    item = await ContentItem.get_or_none(id=item_id)
    if item is None:
        raise NotFound(path=("input", "itemId"))
    if item.current_version_id is None or item.archived_at is not None:
        raise Conflict("Readers have nothing of this.", path=("input", "itemId"))
    return item, await ContentVersion.get(id=item.current_version_id, workspace_id=item.workspace_id)


async def _catch_up(follower: ContentItem, item: ContentItem) -> None:
    """The newest version of each language, unless it is there. Call while holding the row lock on the follower."""
    scope = current()
    rows = await scope.fetch(
        """select distinct on (v.language) v.id, v.language from content_versions v
            where v.agency_id = $1 and v.workspace_id = $2 and v.item_id = $3 and not exists (
                  select from content_versions f where f.agency_id = $1 and f.workspace_id = $4 and f.item_id = $5
                     and f.language = v.language and f.version >= v.version)
            order by v.language, v.version desc""",
        scope.actor.agency_id,
        item.workspace_id,
        item.id,
        follower.workspace_id,
        follower.id,
    )
    for row in rows:
        version = await ContentVersion.get(id=row["id"], workspace_id=item.workspace_id)
        text, html, pictures = await _with_pictures_of(version, follower.workspace_id)
        copied = await ContentVersion.create(
            workspace_id=follower.workspace_id,
            item_id=follower.id,
            text=text,
            html=html,
            pictures=pictures,
            **{column: getattr(version, column) for column in _COPIED},
        )
        if copied.language == follower.language:
            await ContentItem.filter(id=follower.id, workspace_id=follower.workspace_id).update(
                current_version_id=copied.id
            )


async def _with_pictures_of(version: ContentVersion, workspace_id: UUID) -> tuple[str, str, list[str]]:
    """Its text and its HTML, with copies of its pictures that the client `workspace_id` has, and their ids. One whose file is
    gone is copied no more than it is shown."""
    text, html, pictures = version.text, version.html, set[str]()
    for picture in await ContentPicture.filter(id__in=version.pictures, workspace_id=version.workspace_id):
        copied = await copy_picture(picture, workspace_id)
        if copied is not None:
            text = text.replace(str(picture.id), str(copied.id))
            html = html.replace(picture.code, copied.code)
            pictures.add(str(copied.id))
    return text, html, sorted(pictures)


async def _journal(verb: str, item: ContentItem) -> None:
    await journal.record(f"content.{verb}", subject_kind="content", subject_id=item.id, workspace_id=item.workspace_id)
