"""What readers are given, look for and say; the glossary."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from backend import education, stories
from backend.kit.errors import NotAllowed, NotFound, Refusal
from backend.kit.ids import parse_published
from backend.kit.languages import spoken
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.practices import PublishedPractice
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.teaching import ContentFeedback, ContentVersion, GlossaryTerm
from tenants.rights import Right


@strawberry.type(description="How much of what is published members wrote.")
class AuthoredShare:
    by_members: float = strawberry.field(
        description="Articles and lessons by members; one by two authors, a colleague and a member, counts half."
    )
    items: int = strawberry.field(description="Articles and lessons that readers find and whose authors were named.")
    value: float | None = strawberry.field(description="Their quotient; null of nothing.")


@strawberry.type(description="What readers would get, were it published now.")
class DraftPreview:
    html: str = strawberry.field(description="As readers would get it in `ContentVersion.html`.")
    contents: JSON = strawberry.field(description="Its headings, as in `ContentVersion.contents`.")
    word_count: int = strawberry.field(description="How many words it has, as in `ContentVersion.wordCount`.")
    reading_seconds: int = strawberry.field(
        description="How long it takes to read, as in `ContentVersion.readingSeconds`."
    )


@strawberry.type
class ReadingContent:
    @strawberry.field(
        description="What a reader is shown of an article or lesson: its newest version in the first of the languages that "
        "there is one in, else in its own; null for what readers do not find.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def read_content(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `ContentItem.id`.")],
        languages: Annotated[
            list[str] | None,
            strawberry.argument(
                description="As a browser tells them (de-AT, de, en), the best first; the first ten count."
            ),
        ] = strawberry.UNSET,
    ) -> ContentVersion | None:
        parsed = parse_published(item_id)
        if parsed is None or parsed[0] != "content":
            return None
        try:
            found = await education.version_for_readers(
                actor_of(info.context), parsed[1], languages=spoken((languages or [])[:10])
            )
        except NotAllowed:
            return None
        return None if found is None else ref(ContentVersion, found)

    @strawberry.field(
        description="A draft as readers would get it; its pictures are open for ten minutes. Null for one not there for you.",
        metadata={NEEDS: Right.TEACH},
    )
    async def preview_draft(
        self,
        info: Info,
        draft_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `ContentDraft.id`.")],
    ) -> DraftPreview | None:
        parsed = parse_published(draft_id)
        if parsed is None or parsed[0] != "contentdraft":
            return None
        try:
            shown = await education.preview(actor_of(info.context), parsed[1])
        except Refusal:
            return None
        if shown is None:
            return None
        return DraftPreview(
            html=shown.html,
            contents=JSON(shown.contents),
            word_count=shown.word_count,
            reading_seconds=shown.reading_seconds,
        )

    @strawberry.field(
        description="How much of a client's articles and lessons its members wrote; null for a client not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def authored_share(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")],
    ) -> AuthoredShare | None:
        parsed = parse_published(workspace_id)
        if parsed is None or parsed[0] != "workspace":
            return None
        try:
            share = await education.authored_share(actor_of(info.context), parsed[1])
        except (NotAllowed, NotFound):
            return None
        value = share.by_members / share.items if share.items else None
        return AuthoredShare(by_members=share.by_members, items=share.items, value=value)


@strawberry.input(description="What a reader looks for.")
class SearchContentInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose articles and lessons are searched.")
    text: str = strawberry.field(description="All words of it have to be in what is found; at most 500 characters.")
    languages: list[str] | None = optional(
        "As a browser tells them, the best first: which version of an item is answered."
    )


@strawberry.type(description="What was found.")
class SearchContentPayload:
    versions: list[ContentVersion] | None = strawberry.field(
        default=None,
        description="One of each item, those with the words in the title first; 20 at most. Null when refused.",
    )
    practices: list[PublishedPractice] | None = strawberry.field(
        default=None, description="Best practices that were found likewise; 20 at most. Null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="What a reader says.")
class GiveFeedbackInput:
    version_id: strawberry.ID = strawberry.field(description="What they have read.")
    is_helpful: bool = strawberry.field(description="Whether they find it helpful.")
    has_solved: bool | None = optional("Whether it solved what they came with.")
    words: str | None = optional("Their words, at most 2,000 characters.")
    member_id: strawberry.ID | None = optional("Who they are, where that is known.")


@strawberry.type(description="What they said.")
class GiveFeedbackPayload:
    version: ContentVersion | None = strawberry.field(
        default=None, description="What they have read; null when refused."
    )
    feedback: ContentFeedback | None = strawberry.field(
        default=None, description="Null when refused, and for whoever does not teach."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A word of the client's, in plain words.")
class DefineTermInput:
    workspace_id: strawberry.ID = strawberry.field(description="Whose word it is.")
    language: str = strawberry.field(description="ISO 639-1, such as en.")
    term: str = strawberry.field(description="At most 100 characters; one that is there in any case is written anew.")
    definition: str = strawberry.field(description="Plain text, at most 2,000 characters.")


@strawberry.input(description="A word that the glossary is not to have any more.")
class RemoveTermInput:
    term_id: strawberry.ID = strawberry.field(description="Opaque, as in `GlossaryTerm.id`.")


@strawberry.type(description="The word, as the glossary has it now.")
class DefineTermPayload:
    term: GlossaryTerm | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where it was.")
class RemoveTermPayload:
    workspace: Workspace | None = strawberry.field(default=None, description="Whose word it was; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class HearingReaders:
    @verb(
        SearchContentPayload,
        "Search a client's published articles, lessons and best practices. What is looked for is counted, without who.",
        needs=Right.LEARN,
    )
    async def search_content(self, info: Info, input: Input[SearchContentInput]) -> SearchContentPayload:
        actor, languages = actor_of(info.context), spoken((input.languages or [])[:10])
        client = uuid_of("workspace", input.workspace_id, field="workspaceId")
        practices = await stories.search_practices(actor, client, text=input.text, languages=languages)
        found = await education.search_content(
            actor, client, text=input.text, languages=languages, found_elsewhere=bool(practices)
        )
        return SearchContentPayload(
            versions=[ref(ContentVersion, id) for id in found],
            practices=[ref(PublishedPractice, id) for id in practices],
        )

    @verb(GiveFeedbackPayload, "Say for a reader whether an article or lesson helped.", needs=Right.LEARN)
    async def give_feedback(self, info: Info, input: Input[GiveFeedbackInput]) -> GiveFeedbackPayload:
        version_id = uuid_of("contentversion", input.version_id, field="versionId")
        feedback_id = await education.give_feedback(
            actor_of(info.context),
            version_id,
            is_helpful=input.is_helpful,
            has_solved=input.has_solved if isinstance(input.has_solved, bool) else None,
            words=input.words or "",
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
        )
        return GiveFeedbackPayload(version=ref(ContentVersion, version_id), feedback=ref(ContentFeedback, feedback_id))

    @verb(DefineTermPayload, "Say in plain words what a word means.", needs=Right.TEACH)
    async def define_term(self, info: Info, input: Input[DefineTermInput]) -> DefineTermPayload:
        term_id = await education.define_term(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            language=input.language,
            term=input.term,
            definition=input.definition,
        )
        return DefineTermPayload(term=ref(GlossaryTerm, term_id))

    @verb(RemoveTermPayload, "Take a word out of the glossary.", needs=Right.TEACH)
    async def remove_term(self, info: Info, input: Input[RemoveTermInput]) -> RemoveTermPayload:
        client = await education.remove_term(actor_of(info.context), uuid_of("term", input.term_id, field="termId"))
        return RemoveTermPayload(workspace=ref(Workspace, client))
