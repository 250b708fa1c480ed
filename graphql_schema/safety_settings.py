"""What the agency promises about escalations, and drills."""

import strawberry

from backend import safety
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.answering_escalations import EscalationPayload, grade
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.escalations import Escalation
from graphql_schema.on_call import DangerKind, SafetySettings
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="What the agency promises, all of it anew.")
class SetSafetySettingsInput:
    has_monthly_drills: bool = strawberry.field(description="Whether a drill starts by itself every four weeks.")
    acknowledge_within: list[int] | None = optional(
        "Seconds until somebody takes an escalation, by severity: five numbers, the gravest first, none smaller than the one "
        "before. At most 45 minutes, 36 and 48 hours, 5 and 10 days, which is what law leaves. Left out: Tend's own."
    )
    most_grave_a_day: int | None = optional(
        "Of how many of severity 1 or 2 somebody has had enough in 24 hours: then they are paged after others, unless alone."
    )
    most_grave_a_week: int | None = optional("The same, of how many in 7 days.")
    most_grave_hours_a_day: int | None = optional("The same, of how many hours of them in 24 hours, 24 at most.")
    most_grave_hours_a_week: int | None = optional("The same, of how many hours of them in 7 days, 168 at most.")
    expected_version: int = strawberry.field(default=0, description="Of those you read; 0 before there were any.")


@strawberry.type(description="The settings, as they are now.")
class SetSafetySettingsPayload:
    settings: SafetySettings | None = strawberry.field(default=None, description="As they are; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Which kinds of danger you do not take, all of them anew.")
class SetOptOutsInput:
    kinds: list[DangerKind] = strawberry.field(description="None for any: you take whatever comes.")


@strawberry.type(description="Which kinds you do not take, as it is now.")
class SetOptOutsPayload:
    kinds: list[DangerKind] | None = strawberry.field(default=None, description="As they are; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A drill about nobody.")
class StartDrillInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client whose responders are paged.")
    kind: DangerKind = strawberry.field(description="What danger it is to be like.")
    scene: str | None = optional("What its readers read, at most 4,900 characters; a usual one where it is left out.")
    impact: int | None = optional("1 to 4 as in `raiseEscalation`. Unknown counts as 1.")
    urgency: int | None = optional("1 to 4 as in `raiseEscalation`. Unknown counts as 1.")


@strawberry.type
class Drilling:
    @verb(
        SetSafetySettingsPayload,
        "Say what the agency promises, for what is raised from now on.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_safety_settings(self, info: Info, input: Input[SetSafetySettingsInput]) -> SetSafetySettingsPayload:
        settings_id = await safety.set_safety_settings(
            actor_of(info.context),
            has_monthly_drills=input.has_monthly_drills,
            acknowledge_within=input.acknowledge_within if isinstance(input.acknowledge_within, list) else None,
            caps=safety.Caps(
                *(
                    most if isinstance(most, int) else None
                    for most in (
                        input.most_grave_a_day,
                        input.most_grave_a_week,
                        input.most_grave_hours_a_day,
                        input.most_grave_hours_a_week,
                    )
                )
            ),
            expected_version=input.expected_version,
        )
        return SetSafetySettingsPayload(settings=ref(SafetySettings, settings_id))

    @verb(
        SetOptOutsPayload,
        "Say which kinds of danger you do not take. You are paged for them when nobody else is there, or has come.",
        needs=Right.WORK_QUEUE,
    )
    async def set_opt_outs(self, info: Info, input: Input[SetOptOutsInput]) -> SetOptOutsPayload:
        kinds = await safety.set_opt_outs(actor_of(info.context), [kind.value for kind in input.kinds])
        return SetOptOutsPayload(kinds=[DangerKind(kind) for kind in kinds])

    @verb(
        EscalationPayload,
        "Page responders as if somebody were in danger: a drill through the whole chain.",
        needs=Right.LEAD_QUEUE,
    )
    async def start_drill(self, info: Info, input: Input[StartDrillInput]) -> EscalationPayload:
        escalation_id = await safety.start_drill(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            kind=input.kind.value,
            scene=input.scene or safety.SCENE,
            impact=grade(input.impact),
            urgency=grade(input.urgency),
        )
        return EscalationPayload(escalation=ref(Escalation, escalation_id))
