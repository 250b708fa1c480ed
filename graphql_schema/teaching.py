"""Articles and lessons: what readers have, what is written next, and what readers say."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from strawberry.scalars import JSON

from backend import education
from graphql_schema.communities import Member
from graphql_schema.describing import optional, value
from graphql_schema.orders import CreationOrder, PublishedOrder
from graphql_schema.projection import Connection, Either, Filters, Node, column, count, many, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@strawberry.enum(description="What is taught with it.")
class ContentKind(Enum):
    ARTICLE = value("article", "To be read by itself.")
    LESSON = value("lesson", "Part of courses.")


@strawberry.enum(description="Where an article or a lesson is.")
class ContentState(Enum):
    DRAFT = value("draft", "Nobody but the agency has read it.")
    IN_REVIEW = value("in_review", "As DRAFT, and somebody is to read and publish it.")
    PUBLISHED = value("published", "Readers have `current`; a draft of the next version may be there too.")
    ARCHIVED = value("archived", "Readers find it no more.")


@strawberry.enum(description="Where a draft is.")
class DraftState(Enum):
    DRAFT = value("draft", "Whoever teaches may rewrite it.")
    IN_REVIEW = value("in_review", "It stands still until somebody who wrote none of it publishes or returns it.")


@strawberry.input(description="Which articles and lessons; what is left out or null asks for nothing.")
class ContentFilter:
    kind: ContentKind | None = optional("Only articles, or only lessons.")
    is_published: bool | None = optional("Only those that readers find, or only the others.")


CONTENT_FILTERS: Final = Filters(
    ContentFilter,
    {
        "kind": "{row}.kind = {value}::text",
        "is_published": Either(
            yes="{row}.current_version_id is not null and {row}.archived_at is null",
            no="({row}.current_version_id is null or {row}.archived_at is not null)",
        ),
    },
)


@publish(education.ContentFeedback, kind="contentfeedback", needs=Right.TEACH)
class ContentFeedback(Node):
    """What a reader says about a version."""

    id: strawberry.ID
    is_helpful: bool = column(description="Whether they find it helpful.")
    has_solved: bool | None = column(description="Whether it solved what they came with; null where they did not say.")
    words: str = column(description="Their words, at most 2,000 characters; may be empty.")
    created_at: datetime = column(description="When they first said it.")
    member: Member | None = one("member_id", description="Who they are; null for nobody that Tend knows.")


@publish(education.ContentVersion, kind="contentversion", needs=Right.READ_WORKSPACE)
class ContentVersion(Node):
    """An article or lesson in one language, as it was published; never changed."""

    id: strawberry.ID
    language: str = column(description="By ISO 639-1, such as en.")
    version: int = column(description="1 for the first in this language, and one more each time.")
    title: str = column(description="On one line, at most 200 characters; no part of `html`.")
    summary: str = column(description="At most 500 characters; may be empty.")
    text: str = column(description="Markdown, as it was written, at most 100,000 characters.")
    html: str = sql(
        # Nothing that was written can hold this: a `<` or `"` of a text or an attribute is escaped.
        f"""replace({{row}}.html, '<img src="{education.PATH}', '<img src="' || {{address}} || '{education.PATH}')""",
        description="To be shown as it is: headings from h2, no scripts, no styles, every link marked nofollow; pictures of the "
        "client's alone, with their size, at addresses that are open as long as readers have what they stand in.",
    )
    contents: JSON = column(
        description="Headings in order: each has `level` (2 to 6), `title` and `anchor`, an id in `html`."
    )
    word_count: int = column(description="Words; in scripts without blanks, characters.")
    reading_seconds: int = column(
        description="How long somebody needs who reads 238 words, or 255 characters, a minute."
    )
    source_version: int | None = column(
        description="Of a translation: the version of the original it was made from; null for the original."
    )
    is_stale: bool = sql(
        "coalesce({row}.source_version < (select max(v.version) from content_versions v join content_items i "
        "on i.agency_id = {agency} and i.workspace_id = v.workspace_id and i.id = v.item_id and i.language = v.language "
        "where v.agency_id = {agency} and v.workspace_id = {row}.workspace_id and v.item_id = {row}.item_id), false)",
        description="Whether it is a translation, and the original has a later version.",
    )
    helpful_count: int = count(
        education.ContentFeedback, "version_id", where="{row}.is_helpful", description="Readers who find it helpful."
    )
    unhelpful_count: int = count(
        education.ContentFeedback, "version_id", where="not {row}.is_helpful", description="Readers who do not."
    )
    solved_count: int = count(
        education.ContentFeedback, "version_id", where="{row}.has_solved", description="Readers it solved it for."
    )
    feedback: Connection[ContentFeedback] = many(
        "version_id", order=CreationOrder, description="What readers said; empty for whoever does not teach."
    )
    published_at: datetime = column(description="When readers got it.")
    published_by: Staff | None = one(
        "published_by_id", description="Who read and published it; null for one that came from what it follows."
    )
    item: Annotated["ContentItem", strawberry.lazy("graphql_schema.teaching")] | None = one(
        "item_id", description="What it is a version of."
    )


@publish(education.ContentDraft, kind="contentdraft", needs=Right.TEACH)
class ContentDraft(Node):
    """What an article or lesson will say next, in one language."""

    id: strawberry.ID
    language: str = column(description="By ISO 639-1, such as en.")
    state: DraftState = column(description="Where it is.")
    title: str = column(description="On one line, at most 200 characters.")
    summary: str = column(description="At most 500 characters; may be empty.")
    text: str = column(description="Markdown, at most 100,000 characters.")
    source_version: int | None = column(description="Of a translation: the version of the original it is made from.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was begun.")
    item: Annotated["ContentItem", strawberry.lazy("graphql_schema.teaching")] | None = one(
        "item_id", description="What it is a draft of."
    )


@publish(education.ContentAuthor, needs=Right.READ_STAFF)
class ContentAuthor:
    """Whose knowledge something is."""

    created_at: datetime = column(description="When they were named.")
    staff: Staff | None = one("membership_id", description="Which colleague; null for a member.")
    member: Member | None = one("member_id", description="Which member; null for a colleague.")


@publish(education.ContentItem, kind="content", needs=Right.READ_WORKSPACE)
class ContentItem(Node):
    """An article, or a lesson of courses."""

    id: strawberry.ID
    kind: ContentKind = column(description="What is taught with it.")
    slug: str = column(description="Short name, unique within the client.")
    language: str = column(description="In which it is written; ISO 639-1.")
    state: ContentState = sql(
        "case when {row}.archived_at is not null then 'archived' when {row}.current_version_id is not null then 'published' "
        "when exists (select from content_drafts d where d.agency_id = {agency} and d.workspace_id = {row}.workspace_id "
        "and d.item_id = {row}.id and d.state = 'in_review') then 'in_review' else 'draft' end",
        description="Where it is.",
    )
    is_following: bool = sql(
        "{row}.follows_id is not null",
        description="Whether its versions come from another workspace of the agency: then nobody writes it here.",
    )
    current: ContentVersion | None = one(
        "current_version_id", description="What readers have in its own language; null before anything was published."
    )
    versions: Connection[ContentVersion] = many(
        "item_id", order=PublishedOrder, description="All that was published, in every language."
    )
    drafts: Connection[ContentDraft] = many(
        "item_id", order=CreationOrder, description="What is written next; empty for whoever does not teach."
    )
    authors: Connection[ContentAuthor] = many(
        "item_id", order=CreationOrder, description="Whose knowledge it is, 20 at most."
    )
    created_at: datetime = column(description="When it was begun.")
    archived_at: datetime | None = column(description="Since when readers find it no more; null for what they find.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client it is written for."
    )


@publish(education.ContentPicture, kind="picture", needs=Right.TEACH)
class ContentPicture(Node):
    """A picture for articles and lessons. A text names it by its id: `![words for whoever does not see it](picture_…)`."""

    id: strawberry.ID
    content_type: str | None = column(description="JPEG, PNG or WebP; null until its file has come, as what follows.")
    width: int | None = column(description="In pixels, as it is kept: 2,400 at most.")
    height: int | None = column(description="In pixels, as it is kept: 2,400 at most.")
    byte_count: int | None = column(description="As it is kept.")
    is_shown: bool = sql(education.SHOWN, description="Whether it stands in what readers have now.")
    created_at: datetime = column(description="When its place was made.")
    uploaded_at: datetime | None = column(description="When its file came.")
    created_by: Staff | None = one(
        "created_by_id", description="Who made its place; null for a machine, and for one that was copied."
    )


@publish(education.ContentSearch, needs=Right.TEACH)
class ContentSearch:
    """Words that were looked for, by nobody in particular."""

    words: str = column(description="As they are searched for: without case, in alphabetical order.")
    times: int = column(description="How often somebody looked for them.")
    empty_count: int = column(description="How often nothing was found: what to write next.")
    last_at: datetime = column(description="When they were looked for last.")


@publish(education.GlossaryTerm, kind="term", needs=Right.READ_WORKSPACE)
class GlossaryTerm(Node):
    """A word of the client's, in plain words."""

    id: strawberry.ID
    language: str = column(description="By ISO 639-1, such as en.")
    term: str = column(description="At most 100 characters, unique in its language.")
    definition: str = column(description="Plain text, at most 2,000 characters.")
    updated_at: datetime = column(description="When it was last said.")
