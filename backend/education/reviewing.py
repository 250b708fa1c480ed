"""From a draft to what readers have: never by its writer alone."""

from types import MappingProxyType
from typing import Final
from uuid import UUID

from backend import journal
from backend.communities import words_of
from backend.education.models import ContentDraft, ContentItem, ContentVersion
from backend.education.showing_pictures import rendered, without_ids
from backend.education.writing import held_draft, held_item, writer
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import Right

# What may be done with a draft in which state, and where it leads; published, it is a draft no more.
STEPS: Final = MappingProxyType(
    {"submit": ("draft", "in_review"), "return": ("in_review", "draft"), "publish": ("in_review", None)}
)


async def submit_draft(actor: Actor, draft_id: UUID) -> ContentDraft:
    """For somebody else to read. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.TEACH)
    draft = await _step(draft_id, "submit")
    await _journal("submitted", draft)
    return draft


async def return_draft(actor: Actor, draft_id: UUID, *, note: str) -> ContentDraft:
    """To its writers, with why. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    note = clean(note, field="note", longest=2_000)
    draft = await _step(draft_id, "return")
    await _journal("returned", draft, grounds=note)
    return draft


async def publish_draft(actor: Actor, draft_id: UUID) -> ContentVersion:
    """Readers have it from now on; the version before stays as it was. Raises NotAllowed, NotFound, and Conflict for
    whoever wrote any of it, and for what nobody has submitted."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    draft = await held_draft(draft_id)
    _must_be_able("publish", draft)
    if writer(actor) in draft.writers:
        raise Conflict("You wrote some of this: somebody else has to read and publish it.", path=("input", "draftId"))
    version = await add_version(draft, published_by_id=actor.membership_id)
    await ContentDraft.filter(id=draft.id, workspace_id=draft.workspace_id).delete()
    await enqueue("spread_content", {"item_id": str(draft.item_id)})
    await journal.record(
        "content.published",
        subject_kind="content",
        subject_id=draft.item_id,
        workspace_id=draft.workspace_id,
        language=draft.language,
        version=version.version,
    )
    return version


async def archive_content(actor: Actor, item_id: UUID) -> ContentItem:
    """Readers find it no more; its versions stay. Raises NotAllowed, NotFound, Conflict."""
    item = await held_item(actor, item_id, right=Right.PUBLISH_CONTENT, may_follow=True)
    await ContentItem.filter(id=item.id, workspace_id=item.workspace_id).update(archived_at=now())
    await journal.record("content.archived", subject_kind="content", subject_id=item.id, workspace_id=item.workspace_id)
    return item


async def restore_content(actor: Actor, item_id: UUID) -> ContentItem:
    """As it was before it was archived. Raises NotAllowed, NotFound, and Conflict for one that is not."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    item = await ContentItem.filter(id=item_id).select_for_update().first()
    if item is None:
        raise NotFound(path=("input", "itemId"))
    if item.archived_at is None:
        raise Conflict("This is not archived.", path=("input", "itemId"))
    await ContentItem.filter(id=item.id, workspace_id=item.workspace_id).update(archived_at=None)
    await journal.record("content.restored", subject_kind="content", subject_id=item.id, workspace_id=item.workspace_id)
    return item


async def add_version(draft: ContentDraft, *, published_by_id: UUID | None) -> ContentVersion:
    """Call while holding the row lock on the item."""
    item = await ContentItem.get(id=draft.item_id, workspace_id=draft.workspace_id)
    newest = (
        await ContentVersion.filter(item_id=item.id, workspace_id=item.workspace_id, language=draft.language)
        .order_by("-version")
        .first()
    )
    shown = await rendered(item.workspace_id, draft.text, draft.pictures)
    version = await ContentVersion.create(
        workspace_id=item.workspace_id,
        item_id=item.id,
        language=draft.language,
        version=1 if newest is None else newest.version + 1,
        title=draft.title,
        summary=draft.summary,
        text=draft.text,
        html=shown.html,
        contents=shown.contents,
        words=words_of(f"{draft.title} {draft.summary} {without_ids(draft.text)}"),
        word_count=shown.word_count,
        reading_seconds=shown.reading_seconds,
        source_version=draft.source_version,
        pictures=draft.pictures,
        writers=draft.writers,
        published_by_id=published_by_id,
    )
    if draft.language == item.language:
        await ContentItem.filter(id=item.id, workspace_id=item.workspace_id).update(current_version_id=version.id)
    return version


def _must_be_able(step: str, draft: ContentDraft) -> None:
    if draft.state != STEPS[step][0]:
        raise Conflict(
            "This draft is in review." if draft.state == "in_review" else "Nobody has submitted this draft.",
            path=("input", "draftId"),
        )


async def _step(draft_id: UUID, step: str) -> ContentDraft:
    draft = await held_draft(draft_id)
    _must_be_able(step, draft)
    await ContentDraft.filter(id=draft.id, workspace_id=draft.workspace_id).update(
        state=STEPS[step][1], version=draft.version + 1
    )
    return draft


async def _journal(verb: str, draft: ContentDraft, *, grounds: str | None = None) -> None:
    await journal.record(
        f"content.{verb}",
        subject_kind="content",
        subject_id=draft.item_id,
        workspace_id=draft.workspace_id,
        grounds=grounds,
        language=draft.language,
    )
