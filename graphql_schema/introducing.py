"""Introducing members to each other."""

import strawberry

from backend import stories
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.stories import Introduction
from tenants.rights import Right


@strawberry.input(description="Two members who may want to know each other.")
class ProposeIntroductionInput:
    workspace_id: strawberry.ID = strawberry.field(description="Whose members they are.")
    first_member_id: strawberry.ID = strawberry.field(description="One of the two.")
    second_member_id: strawberry.ID = strawberry.field(description="The other one.")
    reason: str = strawberry.field(description="Why, as both read it; at most 2,000 characters.")


@strawberry.input(description="What one of the two says.")
class RespondToIntroductionInput:
    introduction_id: strawberry.ID = strawberry.field(description="What they were asked.")
    member_id: strawberry.ID = strawberry.field(description="Which of the two it is.")
    accepts: bool = strawberry.field(description="Whether they want it. Who has accepted may still decline.")
    contact: str | None = optional("How the other one may reach them; needed to accept; at most 300 characters.")


@strawberry.input(description="Two who know of each other.")
class MakeIntroductionInput:
    introduction_id: strawberry.ID = strawberry.field(description="One that both have accepted.")


@strawberry.input(description="What came of an introduction.")
class FollowUpIntroductionInput:
    introduction_id: strawberry.ID = strawberry.field(description="One that was made.")
    outcome: str = strawberry.field(description="At most 2,000 characters.")


@strawberry.type(description="The introduction, as it is now.")
class IntroductionPayload:
    introduction: Introduction | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Where the two answer.")
class ProposeIntroductionPayload:
    introduction: Introduction | None = strawberry.field(default=None, description="Null when refused.")
    first_address: str | None = strawberry.field(
        default=None, description="For the first member alone, to be sent to them. Null when refused."
    )
    second_address: str | None = strawberry.field(
        default=None, description="For the second member alone. Null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Introducing:
    @verb(
        ProposeIntroductionPayload,
        "Ask two members whether they want to know each other; each has 30 days to answer.",
        needs=Right.TEACH,
    )
    async def propose_introduction(
        self, info: Info, input: Input[ProposeIntroductionInput]
    ) -> ProposeIntroductionPayload:
        introduction, (first, second) = await stories.propose_introduction(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            first_id=uuid_of("member", input.first_member_id, field="firstMemberId"),
            second_id=uuid_of("member", input.second_member_id, field="secondMemberId"),
            reason=input.reason,
        )
        return ProposeIntroductionPayload(
            introduction=ref(Introduction, introduction.id), first_address=first, second_address=second
        )

    @verb(
        IntroductionPayload,
        "Answer to an introduction on behalf of a member; a yes is for API keys alone, since nobody of the agency says it for them.",
        needs=Right.LEARN,
    )
    async def respond_to_introduction(
        self, info: Info, input: Input[RespondToIntroductionInput]
    ) -> IntroductionPayload:
        introduction = await stories.respond_to_introduction(
            actor_of(info.context),
            uuid_of("introduction", input.introduction_id, field="introductionId"),
            member_id=uuid_of("member", input.member_id, field="memberId"),
            accepts=input.accepts,
            contact=input.contact or "",
        )
        return IntroductionPayload(introduction=ref(Introduction, introduction.id))

    @verb(IntroductionPayload, "Say that two who both accepted know of each other.", needs=Right.TEACH)
    async def make_introduction(self, info: Info, input: Input[MakeIntroductionInput]) -> IntroductionPayload:
        introduction_id = uuid_of("introduction", input.introduction_id, field="introductionId")
        await stories.make_introduction(actor_of(info.context), introduction_id)
        return IntroductionPayload(introduction=ref(Introduction, introduction_id))

    @verb(IntroductionPayload, "Say what came of an introduction.", needs=Right.TEACH)
    async def follow_up_introduction(self, info: Info, input: Input[FollowUpIntroductionInput]) -> IntroductionPayload:
        introduction_id = uuid_of("introduction", input.introduction_id, field="introductionId")
        await stories.follow_up_introduction(actor_of(info.context), introduction_id, outcome=input.outcome)
        return IntroductionPayload(introduction=ref(Introduction, introduction_id))
