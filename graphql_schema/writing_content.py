"""Writing, reviewing and publishing articles and lessons."""

import strawberry

from backend import education
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.teaching import ContentDraft, ContentItem, ContentKind, ContentVersion
from tenants.rights import Right


@strawberry.input(description="What an article or a lesson says.")
class ContentWordsInput:
    title: str = strawberry.field(description="On one line, at most 200 characters; no part of `text`.")
    text: str = strawberry.field(
        description="CommonMark with tables and ~~struck~~ words, at most 100,000 characters. HTML in it is shown as text. "
        "Pictures by their id, always with words: `![a red button](picture_…)`."
    )
    summary: str | None = optional("At most 500 characters.")


@strawberry.input(description="A new article or lesson.")
class StartContentInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is written for.")
    kind: ContentKind = strawberry.field(description="What is taught with it.")
    slug: str = strawberry.field(description="Short name: 2 to 63 lower-case letters, digits and hyphens.")
    language: str = strawberry.field(description="ISO 639-1, such as en.")
    content: ContentWordsInput = strawberry.field(description="Of its first draft.")


@strawberry.input(description="The next version of something that was published, or a translation.")
class DraftContentInput:
    item_id: strawberry.ID = strawberry.field(description="What it is a draft of.")
    language: str = strawberry.field(description="ISO 639-1; another one than the item's makes it a translation.")
    content: ContentWordsInput = strawberry.field(description="What it says.")
    source_version: int | None = optional("Of a translation, and of nothing else: the version it was made from.")


@strawberry.input(description="A draft with other words.")
class RewriteDraftInput:
    draft_id: strawberry.ID = strawberry.field(description="One that is not in review.")
    expected_version: int = strawberry.field(description="The draft's `version` that you have read.")
    content: ContentWordsInput = strawberry.field(description="All of what it says from now on.")


@strawberry.input(description="A draft, with nothing to add.")
class DraftInput:
    draft_id: strawberry.ID = strawberry.field(description="The draft it is about.")


@strawberry.input(description="A draft that is not good yet.")
class ReturnDraftInput:
    draft_id: strawberry.ID = strawberry.field(description="One that is in review.")
    note: str = strawberry.field(description="Why, for its writers, at most 2,000 characters; the journal keeps it.")


@strawberry.input(description="An article or lesson, with nothing to add.")
class ContentInput:
    item_id: strawberry.ID = strawberry.field(description="What it is about.")


@strawberry.input(description="Whose knowledge it is: all of them.")
class SetAuthorsInput:
    item_id: strawberry.ID = strawberry.field(description="What they know.")
    staff_ids: list[strawberry.ID] = strawberry.field(description="Colleagues; with members, 20 at most.")
    member_ids: list[strawberry.ID] = strawberry.field(description="Members of the client's communities.")


@strawberry.input(description="Something published, for another client to write on.")
class CopyContentInput:
    item_id: strawberry.ID = strawberry.field(description="What is copied.")
    workspace_id: strawberry.ID = strawberry.field(description="The client that gets it; the request names none.")
    slug: str = strawberry.field(description="Its short name there.")


@strawberry.input(description="Something published, for another client to have as it is.")
class FollowContentInput:
    item_id: strawberry.ID = strawberry.field(description="What is followed: an item that follows nothing itself.")
    workspace_id: strawberry.ID = strawberry.field(description="The client that gets it; the request names none.")


@strawberry.type(description="The article or lesson, as it is now.")
class ContentPayload:
    content: ContentItem | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The draft, as it is now.")
class DraftPayload:
    draft: ContentDraft | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="What readers have from now on.")
class PublishContentPayload:
    version: ContentVersion | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class WritingContent:
    @verb(ContentPayload, "Begin an article or a lesson; nobody reads it yet.", needs=Right.TEACH)
    async def start_content(self, info: Info, input: Input[StartContentInput]) -> ContentPayload:
        item, _ = await education.start_content(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            kind=input.kind.value,
            slug=input.slug,
            language=input.language,
            words=_words(input.content),
        )
        return ContentPayload(content=ref(ContentItem, item.id))

    @verb(DraftPayload, "Begin the next version of an article or lesson, or a translation.", needs=Right.TEACH)
    async def draft_content(self, info: Info, input: Input[DraftContentInput]) -> DraftPayload:
        draft = await education.draft_content(
            actor_of(info.context),
            uuid_of("content", input.item_id, field="itemId"),
            language=input.language,
            words=_words(input.content),
            source_version=input.source_version or None,
        )
        return DraftPayload(draft=ref(ContentDraft, draft.id))

    @verb(DraftPayload, "Rewrite a draft; from then on you cannot publish it.", needs=Right.TEACH)
    async def rewrite_draft(self, info: Info, input: Input[RewriteDraftInput]) -> DraftPayload:
        draft = await education.rewrite_draft(
            actor_of(info.context),
            uuid_of("contentdraft", input.draft_id, field="draftId"),
            expected_version=input.expected_version,
            words=_words(input.content),
        )
        return DraftPayload(draft=ref(ContentDraft, draft.id))

    @verb(ContentPayload, "Throw a draft away; what was published stays.", needs=Right.TEACH)
    async def discard_draft(self, info: Info, input: Input[DraftInput]) -> ContentPayload:
        draft_id = uuid_of("contentdraft", input.draft_id, field="draftId")
        item_id = await education.discard_draft(actor_of(info.context), draft_id)
        return ContentPayload(content=ref(ContentItem, item_id))

    @verb(DraftPayload, "Ask somebody else to read and publish a draft.", needs=Right.TEACH)
    async def submit_draft(self, info: Info, input: Input[DraftInput]) -> DraftPayload:
        draft_id = uuid_of("contentdraft", input.draft_id, field="draftId")
        await education.submit_draft(actor_of(info.context), draft_id)
        return DraftPayload(draft=ref(ContentDraft, draft_id))

    @verb(DraftPayload, "Give a draft back to its writers.", needs=Right.TEACH)
    async def return_draft(self, info: Info, input: Input[ReturnDraftInput]) -> DraftPayload:
        draft_id = uuid_of("contentdraft", input.draft_id, field="draftId")
        await education.return_draft(actor_of(info.context), draft_id, note=input.note)
        return DraftPayload(draft=ref(ContentDraft, draft_id))

    @verb(
        PublishContentPayload,
        "Let readers have a draft that is in review, and that you wrote no word of.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def publish_draft(self, info: Info, input: Input[DraftInput]) -> PublishContentPayload:
        draft_id = uuid_of("contentdraft", input.draft_id, field="draftId")
        version = await education.publish_draft(actor_of(info.context), draft_id)
        return PublishContentPayload(version=ref(ContentVersion, version.id))

    @verb(ContentPayload, "Take an article or lesson away from readers.", needs=Right.PUBLISH_CONTENT)
    async def archive_content(self, info: Info, input: Input[ContentInput]) -> ContentPayload:
        item_id = uuid_of("content", input.item_id, field="itemId")
        await education.archive_content(actor_of(info.context), item_id)
        return ContentPayload(content=ref(ContentItem, item_id))

    @verb(ContentPayload, "Let readers find an archived article or lesson again.", needs=Right.PUBLISH_CONTENT)
    async def restore_content(self, info: Info, input: Input[ContentInput]) -> ContentPayload:
        item_id = uuid_of("content", input.item_id, field="itemId")
        await education.restore_content(actor_of(info.context), item_id)
        return ContentPayload(content=ref(ContentItem, item_id))

    @verb(ContentPayload, "Copy what readers have into a draft of another client.", needs=Right.TEACH)
    async def copy_content(self, info: Info, input: Input[CopyContentInput]) -> ContentPayload:
        item, _ = await education.copy_content(
            actor_of(info.context),
            uuid_of("content", input.item_id, field="itemId"),
            workspace_id=uuid_of("workspace", input.workspace_id, field="workspaceId"),
            slug=input.slug,
        )
        return ContentPayload(content=ref(ContentItem, item.id))

    @verb(
        ContentPayload,
        "Let another client have an article or lesson, and each later version of it, as it is published.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def follow_content(self, info: Info, input: Input[FollowContentInput]) -> ContentPayload:
        item = await education.follow_content(
            actor_of(info.context),
            uuid_of("content", input.item_id, field="itemId"),
            workspace_id=uuid_of("workspace", input.workspace_id, field="workspaceId"),
        )
        return ContentPayload(content=ref(ContentItem, item.id))

    @verb(ContentPayload, "Follow no more: what is there stays, and can be written on.", needs=Right.PUBLISH_CONTENT)
    async def stop_following(self, info: Info, input: Input[ContentInput]) -> ContentPayload:
        item_id = uuid_of("content", input.item_id, field="itemId")
        await education.stop_following(actor_of(info.context), item_id)
        return ContentPayload(content=ref(ContentItem, item_id))

    @verb(ContentPayload, "Say whose knowledge it is, in place of what was said before.", needs=Right.TEACH)
    async def set_authors(self, info: Info, input: Input[SetAuthorsInput]) -> ContentPayload:
        item_id = uuid_of("content", input.item_id, field="itemId")
        await education.set_authors(
            actor_of(info.context),
            item_id,
            staff=[uuid_of("staff", each, field="staffIds") for each in input.staff_ids],
            members=[uuid_of("member", each, field="memberIds") for each in input.member_ids],
        )
        return ContentPayload(content=ref(ContentItem, item_id))


def _words(given: ContentWordsInput) -> education.Words:
    return education.Words(title=given.title, text=given.text, summary=given.summary or "")
