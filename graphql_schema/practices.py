"""Best practices: what they say in each language, what is behind them, and what readers say."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Final

import strawberry

from backend import stories
from graphql_schema.communities import Member
from graphql_schema.describing import value
from graphql_schema.orders import CreationOrder
from graphql_schema.projection import Connection, Node, column, count, many, one, publish, sql
from graphql_schema.stories import SuccessStory
from tenants.rights import Right

_PRACTISED: Final = "app.is_practised({row}.practice_id, {row}.id)"
_QUOTES_NOTHING_WITHDRAWN: Final = (
    "not exists (select from practice_evidence e where e.agency_id = {agency} and e.version_id = {row}.id and e.is_quoting "
    "and app.is_withdrawn(e.workspace_id, e.story_id))"
)


@strawberry.enum(description="Where the next version of a best practice is.")
class PracticeDraftState(Enum):
    DRAFT = value("draft", "Whoever teaches may rewrite it.")
    IN_REVIEW = value("in_review", "It stands still until somebody who wrote none of it publishes or returns it.")


@publish(stories.PracticeEvidence, needs=Right.READ_WORKSPACE)
class PracticeEvidence:
    """A story that a best practice was distilled from."""

    story_id: strawberry.ID = sql("'story_' || {row}.story_id", description="Which story it is, for `readStory`.")
    is_quoting: bool = column(
        description="Whether words, a name or a number of it are in the practice: then that comes down with the story."
    )
    story: SuccessStory | None = one("story_id", description="Null for whoever may not read members.")


@publish(stories.PracticeFeedback, kind="practicefeedback", needs=Right.TEACH)
class PracticeFeedback(Node):
    """What a reader says about a version of a best practice."""

    id: strawberry.ID
    is_helpful: bool = column(description="Whether they find it helpful.")
    has_solved: bool | None = column(description="Whether it solved what they came with; null where they did not say.")
    words: str = column(description="Their words, at most 2,000 characters; may be empty.")
    created_at: datetime = column(description="When they first said it.")
    member: Member | None = one("member_id", description="Who they are; null for nobody that Tend knows.")


_OF_PRACTICE: Final = "p.agency_id = {agency} and p.workspace_id = {row}.workspace_id and p.id = {row}.practice_id"


@publish(stories.PracticeVersion, needs=Right.READ_WORKSPACE, row=_PRACTISED)
class PublishedPractice:
    """What a best practice says, while every story that it quotes may be told in best practices."""

    practice_id: strawberry.ID = sql(
        "'practice_' || {row}.practice_id", description="Of the best practice, or of its translation, that this is of."
    )
    language: str = sql(
        f"(select p.language from best_practices p where {_OF_PRACTICE})", description="By ISO 639-1, such as en."
    )
    version: int = column(description="Which version it is.")
    is_stale: bool = sql(
        "coalesce({row}.source_version < (select o.version from best_practices p "
        "join best_practices b on b.agency_id = {agency} and b.workspace_id = p.workspace_id and b.id = p.of_id "
        "join practice_versions o on o.agency_id = {agency} and o.workspace_id = p.workspace_id "
        f"and o.id = b.current_version_id where {_OF_PRACTICE}), false)",
        description="Whether it is a translation, and readers have a later version of the original.",
    )
    helpful_count: int = count(
        stories.PracticeFeedback, "version_id", where="{row}.is_helpful", description="Readers who find it helpful."
    )
    unhelpful_count: int = count(
        stories.PracticeFeedback, "version_id", where="not {row}.is_helpful", description="Readers who do not."
    )
    solved_count: int = count(
        stories.PracticeFeedback, "version_id", where="{row}.has_solved", description="Readers it solved it for."
    )
    feedback: Connection[PracticeFeedback] = many(
        "version_id", order=CreationOrder, description="What readers said; empty for whoever does not teach."
    )
    title: str = column(description="On one line, at most 200 characters.")
    summary: str = column(description="At most 500 characters; may be empty.")
    html: str = column(description="Its words, rendered and cleaned; headings begin with h2.")
    reading_seconds: int = column(description="How long most people read it.")
    evidence: Connection[PracticeEvidence] = many(
        "version_id", order=CreationOrder, description="The stories behind it, 20 at most."
    )


@publish(stories.PracticeVersion, kind="practiceversion", needs=Right.TEACH, row=_QUOTES_NOTHING_WITHDRAWN)
class PracticeVersion(Node):
    """What a best practice says, or said. Once a story that it quotes is withdrawn, nobody finds it."""

    id: strawberry.ID
    version: int = column(description="From 1 on.")
    title: str = column(description="On one line, at most 200 characters.")
    summary: str = column(description="At most 500 characters; may be empty.")
    text: str = column(description="Markdown, at most 100,000 characters.")
    html: str = column(description="Its words, rendered and cleaned; headings begin with h2.")
    created_at: datetime = column(description="When it was written.")
    source_version: int | None = column(
        description="Of a translation: the version of the original that it was made from; null for an original."
    )
    evidence: Connection[PracticeEvidence] = many(
        "version_id", order=CreationOrder, description="The stories behind it, 20 at most."
    )


@publish(stories.BestPractice, kind="practice", needs=Right.READ_WORKSPACE)
class BestPractice(Node):
    """What others can do, distilled from stories."""

    id: strawberry.ID
    slug: str = column(description="Short name, unique among the client's best practices.")
    translation_of: Annotated["BestPractice", strawberry.lazy("graphql_schema.practices")] | None = one(
        "of_id", description="What it is a translation of; null for an original."
    )
    translations: Connection[Annotated["BestPractice", strawberry.lazy("graphql_schema.practices")]] = many(
        "of_id", order=CreationOrder, description="The same in other languages; empty for a translation."
    )
    language: str = column(description="By ISO 639-1, such as en.")
    current: PublishedPractice | None = one(
        "current_version_id",
        description="What readers have; null where nothing is published, or a story that it quotes may not be told.",
    )
    draft: PracticeVersion | None = one(
        "draft_version_id", description="What it will say next; null for nothing, and for whoever does not teach."
    )
    draft_state: PracticeDraftState | None = column(
        needs=Right.TEACH, description="Where its draft is; null where there is none."
    )
    versions: Connection[PracticeVersion] = many(
        "practice_id", order=CreationOrder, description="All that was written; empty for whoever does not teach."
    )
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was begun.")
    archived_at: datetime | None = column(description="Since when readers find it no more; null for what they find.")
