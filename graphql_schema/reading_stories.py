"""Stories as readers are told them, by the channel that they are told by."""

from typing import Annotated

import strawberry

from backend import stories
from backend.kit.errors import NotAllowed, NotFound
from backend.kit.ids import parse_published
from backend.kit.languages import spoken
from graphql_schema.context import Info
from graphql_schema.practices import PublishedPractice
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.stories import PublishedStory, StoryChannel
from tenants.rights import Right

_Channel = Annotated[StoryChannel, strawberry.argument(description="Where what you read is going to be shown.")]


@strawberry.type
class ReadingStories:
    @strawberry.field(
        description="A story as it may be told by that channel now; null for one that may not, or is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def read_story(
        self,
        info: Info,
        story_id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `SuccessStory.id`.")],
        channel: _Channel,
    ) -> PublishedStory | None:
        parsed = parse_published(story_id)
        if parsed is None or parsed[0] != "story":
            return None
        try:
            found = await stories.told_version(actor_of(info.context), parsed[1], channel.value)
        except NotAllowed:
            return None
        return None if found is None else ref(PublishedStory, found)

    @strawberry.field(
        description="All stories of a client that may be told by that channel now, the newest first, 100 at most; empty for a "
        "client that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def published_stories(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="Whose stories they are.")],
        channel: _Channel,
    ) -> list[PublishedStory]:
        parsed = parse_published(workspace_id)
        if parsed is None or parsed[0] != "workspace":
            return []
        try:
            found = await stories.told_versions(actor_of(info.context), parsed[1], channel.value)
        except NotAllowed:
            return []
        return [ref(PublishedStory, each) for each in found]

    @strawberry.field(
        description="What readers have of a best practice, in the first of the languages that there is one in, else in its own; "
        "null for what they do not have.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def read_practice(
        self,
        info: Info,
        practice_id: Annotated[strawberry.ID, strawberry.argument(description="Of the original, or of a translation.")],
        languages: Annotated[
            list[str] | None,
            strawberry.argument(
                description="As a browser tells them (de-AT, de, en), the best first; the first ten count."
            ),
        ] = strawberry.UNSET,
    ) -> PublishedPractice | None:
        parsed = parse_published(practice_id)
        if parsed is None or parsed[0] != "practice":
            return None
        try:
            found = await stories.practice_for_readers(
                actor_of(info.context), parsed[1], languages=spoken((languages or [])[:10])
            )
        except NotAllowed:
            return None
        return None if found is None else ref(PublishedPractice, found)

    @strawberry.field(
        description="How a member reaches the one they were introduced to: for API keys, on behalf of that member. Null until "
        "both have accepted, once it is over, and for what is not there for you.",
        metadata={NEEDS: Right.LEARN},
    )
    async def introduction_contact(
        self,
        info: Info,
        introduction_id: Annotated[strawberry.ID, strawberry.argument(description="What both accepted.")],
        member_id: Annotated[strawberry.ID, strawberry.argument(description="Who asks: one of the two.")],
    ) -> str | None:
        introduction, member = parse_published(introduction_id), parse_published(member_id)
        if introduction is None or introduction[0] != "introduction" or member is None or member[0] != "member":
            return None
        try:
            return await stories.contact_of_other(actor_of(info.context), introduction[1], member[1])
        except (NotAllowed, NotFound):
            return None
