"""Acting in communities: the key for it, whether the way there is open, and what humans do where it is not."""

from uuid import UUID

import strawberry

from backend import acting
from graphql_schema.actions import Action
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Community
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="A community in which Tend is to act.")
class LetTendActInput:
    community_id: strawberry.ID = strawberry.field(description="The community; CONFLICT unless it is connected.")
    api_key: str | None = optional(
        "What the platform gave for it, at most 500 characters: a Discourse API key, a Slack user token of an admin, a "
        "Mastodon access token. For WEBHOOK the secret that Tend signs with, whsec_ and base64; left out, Tend makes one."
    )
    api_user: str | None = optional("For DISCOURSE: the moderator or admin whom the key is of. Else left out.")
    address: str | None = optional(
        "Where it is used: of the Discourse or Mastodon site; for WEBHOOK where orders go. That of the connection when "
        "left out; SLACK needs none."
    )


@strawberry.input(description="A community in which Tend is to act no more.")
class StopActingInput:
    community_id: strawberry.ID = strawberry.field(description="The community; CONFLICT unless Tend acts there.")


@strawberry.input(description="A community whose platform is to be tried.")
class CheckConnectionInput:
    community_id: strawberry.ID = strawberry.field(description="The community; also one where Tend does not act yet.")


@strawberry.input(description="An action that is to be tried once more.")
class RetryActionInput:
    action_id: strawberry.ID = strawberry.field(
        description="Which one; CONFLICT unless it has FAILED and Tend can do it there."
    )


@strawberry.input(description="An action that somebody has done on the platform by hand.")
class SettleActionInput:
    action_id: strawberry.ID = strawberry.field(description="Which one; CONFLICT unless it has FAILED.")
    note: str = strawberry.field(description="What was done, for colleagues: 1 to 2,000 characters.")


@strawberry.type(description="One thing that was looked at.")
class Finding:
    is_fine: bool = strawberry.field(description="False where something is missing.")
    text: str = strawberry.field(description="For people: what is so, or what is missing and where to mend it.")


@strawberry.type(description="The community, in which Tend acts from now on.")
class LetTendActPayload:
    secret: str | None = strawberry.field(
        default=None, description="What Tend made for WEBHOOK, here and nowhere else; null where the key was given."
    )
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The community, in which humans do what is decided from now on.")
class StopActingPayload:
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="What was found on the way to the platform.")
class CheckConnectionPayload:
    findings: list[Finding] | None = strawberry.field(
        default=None,
        description="In the order in which it was looked; the first that is not fine is the one to mend.",
    )
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The action as it is now.")
class ActionPayload:
    action: Action | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Acting:
    @verb(LetTendActPayload, "Let Tend do in a community what is decided.", needs=Right.MANAGE_COMMUNITIES)
    async def let_tend_act(self, info: Info, input: Input[LetTendActInput]) -> LetTendActPayload:
        community_id = _community(input.community_id)
        secret = await acting.let_tend_act(
            actor_of(info.context),
            community_id,
            api_key=input.api_key or None,
            api_user=input.api_user or None,
            address=input.address or None,
        )
        return LetTendActPayload(secret=secret, community=ref(Community, community_id))

    @verb(StopActingPayload, "Forget the key, and act in the community no more.", needs=Right.MANAGE_COMMUNITIES)
    async def stop_acting(self, info: Info, input: Input[StopActingInput]) -> StopActingPayload:
        community_id = _community(input.community_id)
        await acting.stop_acting(actor_of(info.context), community_id)
        return StopActingPayload(community=ref(Community, community_id))

    @verb(
        CheckConnectionPayload,
        "Try the way to the platform of a community, and say what is missing.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def check_connection(self, info: Info, input: Input[CheckConnectionInput]) -> CheckConnectionPayload:
        community_id = _community(input.community_id)
        found = await acting.check_connection(actor_of(info.context), community_id)
        return CheckConnectionPayload(
            findings=[Finding(is_fine=each.is_fine, text=each.text) for each in found],
            community=ref(Community, community_id),
        )

    @verb(ActionPayload, "Try an action once more that has failed.", needs=Right.WORK_QUEUE)
    async def retry_action(self, info: Info, input: Input[RetryActionInput]) -> ActionPayload:
        action = await acting.retry_action(actor_of(info.context), uuid_of("action", input.action_id, field="actionId"))
        return ActionPayload(action=ref(Action, action.id))

    @verb(ActionPayload, "Say that an action was done on the platform by hand.", needs=Right.WORK_QUEUE)
    async def settle_action(self, info: Info, input: Input[SettleActionInput]) -> ActionPayload:
        action = await acting.settle_action(
            actor_of(info.context), uuid_of("action", input.action_id, field="actionId"), note=input.note
        )
        return ActionPayload(action=ref(Action, action.id))


def _community(text: str) -> UUID:
    return uuid_of("community", text, field="communityId")
