"""Telling stories: from a nomination to what is published, with consent."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import stories
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.stories import StoryChannel, StoryConsent, StoryUse, SuccessStory
from tenants.rights import Right


@strawberry.enum(description="Steps of a story before it is written.")
class StoryStep(Enum):
    QUALIFIED = value("qualified", "It is worth telling.")
    INTERVIEWED = value("interviewed", "They have told it.")


@strawberry.input(description="Somebody who has achieved something: a member, an account, or both.")
class NominateStoryInput:
    workspace_id: strawberry.ID = strawberry.field(description="Whose customer they are.")
    member_id: strawberry.ID | None = optional("Who tells it.")
    account_id: strawberry.ID | None = optional("Which customer it is about.")
    language: str = strawberry.field(description="In which it will be told; ISO 639-1.")
    why: str = strawberry.field(description="Why it is worth telling, at most 2,000 characters.")


@strawberry.input(description="A story that is one step further.")
class AdvanceStoryInput:
    story_id: strawberry.ID = strawberry.field(description="Which story it is.")
    to: StoryStep = strawberry.field(description="Where it is now.")
    notes: str = strawberry.field(description="For whoever teaches, in place of those before; at most 20,000 characters.")  # fmt: skip


@strawberry.input(description="What a story says.")
class DraftStoryInput:
    story_id: strawberry.ID = strawberry.field(description="One for which somebody was interviewed.")
    expected_version: int = strawberry.field(description="The story's `version` that you have read.")
    title: str = strawberry.field(description="On one line, at most 200 characters.")
    text: str = strawberry.field(description="Markdown, at most 20,000 characters. HTML in it is shown as text.")
    uses: list[StoryUse] = strawberry.field(description="All of them that is in it.")


@strawberry.input(description="What somebody is asked for.")
class RequestConsentInput:
    story_id: strawberry.ID = strawberry.field(description="A story that is written.")
    channels: list[StoryChannel] = strawberry.field(description="Where it would be told; one at least.")
    until: datetime | None = optional("For how long; left out: until they take it back.")


@strawberry.input(description="A consent that was given elsewhere: by letter, by mail, on the telephone.")
class RecordConsentInput:
    story_id: strawberry.ID = strawberry.field(description="Which story it is to.")
    version: int = strawberry.field(description="The number of the version that they have read; CONFLICT unless it is the newest.")  # fmt: skip
    uses: list[StoryUse] = strawberry.field(description="What of them may be in it.")
    channels: list[StoryChannel] = strawberry.field(description="Where it may be told; one at least.")
    expires_at: datetime | None = optional("When it ends by itself.")
    proof: str = strawberry.field(description="Where it can be seen, at most 2,000 characters.")


@strawberry.input(description="A story, with nothing to add.")
class StoryInput:
    story_id: strawberry.ID = strawberry.field(description="Which story it is.")


@strawberry.type(description="The story, as it is now.")
class StoryPayload:
    story: SuccessStory | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where they read it and answer.")
class RequestConsentPayload:
    story: SuccessStory | None = strawberry.field(default=None, description="Null when refused.")
    address: str | None = strawberry.field(
        default=None,
        description="For them alone, to be sent to them: whoever has it answers in their name. Null when refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The consent, as it counts now.")
class RecordConsentPayload:
    story: SuccessStory | None = strawberry.field(default=None, description="Null when refused.")
    consent: StoryConsent | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where it can be read.")
class ShareStoryPayload:
    story: SuccessStory | None = strawberry.field(default=None, description="Null when refused.")
    address: str | None = strawberry.field(
        default=None, description="For anybody, as long as it may be told there. Null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TellingStories:
    @verb(StoryPayload, "Nominate a story.", needs=Right.TEACH)
    async def nominate_story(self, info: Info, input: Input[NominateStoryInput]) -> StoryPayload:
        story = await stories.nominate_story(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
            account_id=optional_uuid_of("customeraccount", input.account_id, field="accountId"),
            language=input.language,
            why=input.why,
        )
        return StoryPayload(story=ref(SuccessStory, story.id))

    @verb(StoryPayload, "Say that a story is one step further.", needs=Right.TEACH)
    async def advance_story(self, info: Info, input: Input[AdvanceStoryInput]) -> StoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        await stories.advance_story(actor_of(info.context), story_id, to=input.to.value, notes=input.notes)
        return StoryPayload(story=ref(SuccessStory, story_id))

    @verb(
        StoryPayload,
        "Write the next version of a story. One that is approved or published is neither any more: consent is to a version.",
        needs=Right.TEACH,
    )
    async def draft_story(self, info: Info, input: Input[DraftStoryInput]) -> StoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        await stories.draft_story(
            actor_of(info.context),
            story_id,
            expected_version=input.expected_version,
            title=input.title,
            text=input.text,
            uses=[each.value for each in input.uses],
        )
        return StoryPayload(story=ref(SuccessStory, story_id))

    @verb(
        RequestConsentPayload,
        "Ask whoever tells a story for their consent to its newest version; the address is the same each time.",
        needs=Right.TEACH,
    )
    async def request_consent(self, info: Info, input: Input[RequestConsentInput]) -> RequestConsentPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        _, address = await stories.request_consent(
            actor_of(info.context), story_id, channels=[each.value for each in input.channels], until=input.until or None
        )  # fmt: skip
        return RequestConsentPayload(story=ref(SuccessStory, story_id), address=address)

    @verb(
        RecordConsentPayload,
        "Write down a consent that was given elsewhere; from then on you cannot publish the story.",
        needs=Right.TEACH,
    )
    async def record_consent(self, info: Info, input: Input[RecordConsentInput]) -> RecordConsentPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        consent = await stories.record_consent(
            actor_of(info.context),
            story_id,
            version=input.version,
            uses=[each.value for each in input.uses],
            channels=[each.value for each in input.channels],
            expires_at=input.expires_at or None,
            proof=input.proof,
        )
        return RecordConsentPayload(story=ref(SuccessStory, story_id), consent=ref(StoryConsent, consent.id))

    @verb(
        StoryPayload,
        "Take a story back for whoever tells it: from now on nobody reads a word of it, anywhere.",
        needs=Right.LEARN,
    )
    async def withdraw_consent(self, info: Info, input: Input[StoryInput]) -> StoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        await stories.withdraw_consent(actor_of(info.context), story_id)
        return StoryPayload(story=ref(SuccessStory, story_id))

    @verb(
        StoryPayload,
        "Tell an approved story that you did not write, where and as long as they consented.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def publish_story(self, info: Info, input: Input[StoryInput]) -> StoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        await stories.publish_story(actor_of(info.context), story_id)
        return StoryPayload(story=ref(SuccessStory, story_id))

    @verb(StoryPayload, "Tell a story no more.", needs=Right.PUBLISH_CONTENT)
    async def retire_story(self, info: Info, input: Input[StoryInput]) -> StoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        await stories.retire_story(actor_of(info.context), story_id)
        return StoryPayload(story=ref(SuccessStory, story_id))

    @verb(
        ShareStoryPayload,
        "Give a published story a page of its own; needs their consent to one.",
        needs=Right.PUBLISH_CONTENT,
    )
    async def share_story(self, info: Info, input: Input[StoryInput]) -> ShareStoryPayload:
        story_id = uuid_of("story", input.story_id, field="storyId")
        address = await stories.share_story(actor_of(info.context), story_id)
        return ShareStoryPayload(story=ref(SuccessStory, story_id), address=address)
