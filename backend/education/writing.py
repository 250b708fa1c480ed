"""Writing articles and lessons: drafts, one for each language; nobody but the agency sees them."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.education.models import ContentDraft, ContentItem, ContentVersion
from backend.education.showing_pictures import named_pictures
from backend.education.thresholds import LONGEST_CONTENT
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.languages import LANGUAGES
from backend.kit.texts import clean, clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Words:
    """`text` is Markdown; what of it is shown says rendering.py."""

    title: str
    text: str
    summary: str = ""

    def cleaned(self) -> "Words":
        """Raises Invalid."""
        return Words(
            clean_line(self.title, field="content.title", longest=200),
            clean(self.text, field="content.text", longest=LONGEST_CONTENT),
            clean(self.summary, field="content.summary", longest=500, may_be_empty=True),
        )


async def start_content(
    actor: Actor, workspace_id: UUID, *, kind: str, slug: str, language: str, words: Words
) -> tuple[ContentItem, ContentDraft]:
    """An article or a lesson that nobody reads yet, and its first draft. Raises NotAllowed, NotFound, Invalid, SlugTaken."""
    actor.must_hold(Right.TEACH)
    workspace = await find_workspace(workspace_id)
    check_slug(slug)
    language_of(language)
    words = words.cleaned()
    try:
        item = await ContentItem.create(
            workspace_id=workspace.id, kind=kind, slug=slug, language=language, created_by_id=actor.membership_id
        )
    except IntegrityError:
        raise SlugTaken("Another article of this client has this short name.", path=("input", "slug")) from None
    draft = await _draft(actor, item, language, words, source_version=None)
    await journal.record(
        "content.started", subject_kind="content", subject_id=item.id, workspace_id=workspace.id, kind=kind
    )
    return item, draft


async def draft_content(
    actor: Actor, item_id: UUID, *, language: str, words: Words, source_version: int | None = None
) -> ContentDraft:
    """The next words of an item, or a translation: that says which version of the original it was made from. Raises
    NotAllowed, NotFound, Invalid, and Conflict where such a draft is there, or the item is archived or follows another."""
    item = await held_item(actor, item_id, right=Right.TEACH)
    language_of(language)
    words = words.cleaned()
    is_translation = language != item.language
    if is_translation != (source_version is not None):
        raise Invalid(
            "A translation, and nothing else, names the version it was made from.", path=("input", "sourceVersion")
        )
    if is_translation and not await ContentVersion.exists(
        item_id=item.id, language=item.language, version=source_version
    ):
        raise Invalid("The original has no such version.", path=("input", "sourceVersion"))
    draft = await _draft(actor, item, language, words, source_version=source_version)
    await _journal("drafted", draft)
    return draft


async def rewrite_draft(actor: Actor, draft_id: UUID, *, expected_version: int, words: Words) -> ContentDraft:
    """Who writes is one of its writers from then on. Raises NotAllowed, NotFound, Invalid, and Conflict for a draft that
    somebody has changed meanwhile, or that is in review: a reviewer reads what does not move."""
    actor.must_hold(Right.TEACH)
    words = words.cleaned()
    draft = await held_draft(draft_id)
    if draft.version != expected_version:
        raise Conflict("Somebody has changed this draft since you read it.", path=("input", "expectedVersion"))
    if draft.state != "draft":
        raise Conflict("This draft is in review: it has to be returned first.")
    await ContentDraft.filter(id=draft.id, workspace_id=draft.workspace_id).update(
        title=words.title,
        text=words.text,
        pictures=await named_pictures(draft.workspace_id, words.text),
        summary=words.summary,
        version=draft.version + 1,
        writers=sorted({*draft.writers, writer(actor)}),
    )
    await _journal("rewritten", draft)
    return draft


async def discard_draft(actor: Actor, draft_id: UUID) -> UUID:
    """What was published stays. The item's id. Raises NotAllowed, NotFound, and Conflict for one in review."""
    actor.must_hold(Right.TEACH)
    draft = await held_draft(draft_id)
    if draft.state != "draft":
        raise Conflict("This draft is in review: it has to be returned first.")
    await ContentDraft.filter(id=draft.id, workspace_id=draft.workspace_id).delete()
    await _journal("discarded", draft)
    return draft.item_id


def writer(actor: Actor) -> str:
    """Who it is, among the writers of a draft; '' for Tend itself."""
    return str(actor.membership_id or actor.api_client_id or "")


def language_of(language: str, *, field: str = "language") -> str:
    """Raises Invalid."""
    if language not in LANGUAGES:
        raise Invalid("Tend does not know this language: two small letters of ISO 639-1.", path=("input", field))
    return language


async def held_item(actor: Actor, item_id: UUID, *, right: Right, may_follow: bool = False) -> ContentItem:
    """Locked. Raises NotAllowed, NotFound, and Conflict for one that is archived, or that is written elsewhere."""
    actor.must_hold(right)
    item = await ContentItem.filter(id=item_id).select_for_update().first()
    if item is None:
        raise NotFound(path=("input", "itemId"))
    if item.archived_at is not None:
        raise Conflict("This was archived.", path=("input", "itemId"))
    if item.follows_id is not None and not may_follow:
        raise Conflict(
            "This follows what another client's workspace says: stop that, or copy it.", path=("input", "itemId")
        )
    return item


async def held_draft(draft_id: UUID) -> ContentDraft:
    """Locked, and its item before it, as everywhere. Raises NotFound, and Conflict for one of an archived item."""
    found = await ContentDraft.get_or_none(id=draft_id)
    if found is not None:
        item = await ContentItem.filter(id=found.item_id, workspace_id=found.workspace_id).select_for_update().get()
        found = await ContentDraft.filter(id=draft_id).select_for_update().first()
        if item.archived_at is not None:
            raise Conflict("This was archived.", path=("input", "draftId"))
    if found is None:
        raise NotFound(path=("input", "draftId"))
    return found


async def _draft(
    actor: Actor, item: ContentItem, language: str, words: Words, *, source_version: int | None
) -> ContentDraft:
    pictures = await named_pictures(item.workspace_id, words.text)
    try:
        return await ContentDraft.create(
            workspace_id=item.workspace_id,
            item_id=item.id,
            language=language,
            title=words.title,
            text=words.text,
            summary=words.summary,
            source_version=source_version,
            pictures=pictures,
            writers=[writer(actor)],
        )
    except IntegrityError:
        raise Conflict("A draft in this language is there already: rewrite it.", path=("input", "language")) from None


async def _journal(verb: str, draft: ContentDraft) -> None:
    await journal.record(
        f"content.{verb}",
        subject_kind="content",
        subject_id=draft.item_id,
        workspace_id=draft.workspace_id,
        language=draft.language,
    )
