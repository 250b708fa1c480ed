"""What clients were promised, and when their clocks run."""

import strawberry

from backend import moderation
from graphql_schema.agencies import Workspace
from graphql_schema.answering import uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.leading_queues import LedWorkspacePayload
from graphql_schema.policies import Tier
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="What a client was promised for cases of one tier, in minutes of its working hours.")
class PromiseInput:
    tier: Tier = strawberry.field(description="Each at most once.")
    first_touch_minutes: int = strawberry.field(description="Until somebody looks.")
    decision_minutes: int = strawberry.field(description="Until a decision.")
    appeal_minutes: int = strawberry.field(description="Until the answer to an appeal.")


@strawberry.input(description="All that a client was promised other than usual.")
class SetServiceLevelsInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    promises: list[PromiseInput] = strawberry.field(description="Tiers that are left out are as usual.")


@strawberry.input(description="A span of a weekday.")
class SpanInput:
    weekday: int = strawberry.field(description="0 for Monday to 6 for Sunday.")
    opens_minute: int = strawberry.field(
        description="When the clock begins to run where the client is, in minutes of the day: 540 is 9:00."
    )
    closes_minute: int = strawberry.field(description="When it stops; 1440 is the end of the day.")


@strawberry.input(description="A day on which clocks stand still.")
class DayOffInput:
    day: str = strawberry.field(description="A date where the client is, ISO 8601: 2026-12-25.")
    name: str = strawberry.field(default="", description="What it is called; may be empty.")


@strawberry.input(description="When a client's clocks run.")
class SetWorkingHoursInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    spans: list[SpanInput] = strawberry.field(description="Without any, the clocks always run but on days off.")
    days_off: list[DayOffInput] = strawberry.field(default_factory=list, description="Days on which they stand still.")


@strawberry.type
class SettingClocks:
    @verb(
        LedWorkspacePayload,
        "Say what a client was promised, all of it anew. Open cases follow with their next report.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_service_levels(self, info: Info, input: Input[SetServiceLevelsInput]) -> LedWorkspacePayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        promises = [
            moderation.Promise(
                tier=each.tier.value,
                first_touch_minutes=each.first_touch_minutes,
                decision_minutes=each.decision_minutes,
                appeal_minutes=each.appeal_minutes,
            )
            for each in input.promises
        ]
        await moderation.set_service_levels(actor_of(info.context), workspace_id, promises=promises)
        return LedWorkspacePayload(workspace=ref(Workspace, workspace_id))

    @verb(
        LedWorkspacePayload,
        "Say when a client's clocks run, all of it anew. Open cases follow with their next report.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_working_hours(self, info: Info, input: Input[SetWorkingHoursInput]) -> LedWorkspacePayload:
        workspace_id = uuid_of("workspace", input.workspace_id, field="workspaceId")
        await moderation.set_working_hours(
            actor_of(info.context),
            workspace_id,
            spans=[moderation.Span(each.weekday, each.opens_minute, each.closes_minute) for each in input.spans],
            days_off=[(each.day, each.name) for each in input.days_off],
        )
        return LedWorkspacePayload(workspace=ref(Workspace, workspace_id))
