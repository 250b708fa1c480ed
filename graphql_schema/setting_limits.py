"""What a client wants of strikes and of evidence."""

import strawberry

from backend import evidence, moderation
from graphql_schema.agencies import Workspace
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.strikes import StrikeAction
from tenants.rights import Right


@strawberry.input(description="Points from which on something more is due.")
class StrikeThresholdInput:
    points: int = strawberry.field(description="Active points that reach it, 1 to 1,000; each number once.")
    action: StrikeAction | None = optional("What is due then; without one it is only seen.")
    days: int | None = optional("For how long, 1 to 3,650; for SILENCE_MEMBER and SUSPEND_MEMBER alone.")


@strawberry.input(description="All thresholds of a client.")
class SetStrikeThresholdsInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose members it is about.")
    thresholds: list[StrikeThresholdInput] = strawberry.field(
        description="At most 20; empty for the usual ones: 3, 5 and 10 points, without actions."
    )


@strawberry.type(description="The client with its thresholds.")
class SetStrikeThresholdsPayload:
    workspace: Workspace | None = strawberry.field(
        default=None, description="The client as it is now; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="How long the words of evidence are kept.")
class SetEvidenceDaysInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose cases it is about.")
    days: int = strawberry.field(
        description="After a case is closed, 184 to 3,650: a decision can be appealed for six months."
    )


@strawberry.type(description="The client, whose evidence is kept as long from now on.")
class SetEvidenceDaysPayload:
    workspace: Workspace | None = strawberry.field(
        default=None, description="The client with its new number; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingLimits:
    @verb(
        SetStrikeThresholdsPayload,
        "Say from which points on something more is due. Whoever is above one already does not reach it again.",
        needs=Right.WRITE_POLICIES,
    )
    async def set_strike_thresholds(
        self, info: Info, input: Input[SetStrikeThresholdsInput]
    ) -> SetStrikeThresholdsPayload:
        workspace_id = await moderation.set_strike_thresholds(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            [
                moderation.Threshold(each.points, each.action.value if each.action else None, each.days or None)
                for each in input.thresholds
            ],
        )
        return SetStrikeThresholdsPayload(workspace=ref(Workspace, workspace_id))

    @verb(
        SetEvidenceDaysPayload,
        "Say how long evidence is kept. What a legal hold is on stays longer.",
        needs=Right.MANAGE_WORKSPACES,
    )
    async def set_evidence_days(self, info: Info, input: Input[SetEvidenceDaysInput]) -> SetEvidenceDaysPayload:
        workspace_id = await evidence.set_evidence_days(
            actor_of(info.context), uuid_of("workspace", input.workspace_id, field="workspaceId"), days=input.days
        )
        return SetEvidenceDaysPayload(workspace=ref(Workspace, workspace_id))
