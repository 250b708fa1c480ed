"""Who is on call, who is paged in which order, and whom else."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import safety
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.on_call import (
    DangerKind,
    EscalationPolicy,
    LayerHolidays,
    Rota,
    SafetyContact,
    Weekday,
    WhenExhausted,
)
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="Whom a level pages.")
class TargetKind(Enum):
    ON_CALL = value("on_call", "Who is on call by `level` of a rota, or of all; without any rota all responders.")
    RESPONDERS = value("responders", "Everybody who is trained; without required training whose role it is.")
    LEADS = value("leads", "Leads who work for the client.")
    OWNERS = value("owners", "Owners of the agency.")
    STAFF = value("staff", "One colleague, by `staffId`.")
    CLIENT_CONTACT = value("client_contact", "The client's own people, by mail.")
    TELEPHONY = value("telephony", "What calls people by telephone, by a signed webhook.")


@strawberry.input(description="Somebody whom a level pages.")
class PolicyTargetInput:
    kind: TargetKind = strawberry.field(description="Who it is.")
    level: int | None = optional("Of ON_CALL alone, which needs it: a level of rotas.")
    rota_id: strawberry.ID | None = optional("Of ON_CALL alone: one rota; all of them where it is left out.")
    staff_id: strawberry.ID | None = optional("Of STAFF alone, which needs it.")


@strawberry.input(description="Who is paged, and how long the next level waits.")
class PolicyLevelInput:
    wait_seconds: int = strawberry.field(description="Between a minute and a day.")
    targets: list[PolicyTargetInput] = strawberry.field(description="All of them at once, 20 at most.")


@strawberry.input(description="Who is paged in which order, for some escalations.")
class EscalationPolicyInput:
    max_severity: int = strawberry.field(description="For what is at least as grave: 1 is the gravest, 5 for all.")
    kinds: list[DangerKind] = strawberry.field(default_factory=list, description="Of these dangers; none for any.")
    levels: list[PolicyLevelInput] = strawberry.field(description="One after the other, five at most.")
    repeats: int = strawberry.field(default=0, description="How often it begins anew, 0 to 9.")
    repeat_after_minutes: int = strawberry.field(default=0, description="How long it rests before that.")
    on_exhausted: WhenExhausted = strawberry.field(
        default=WhenExhausted.PAGE_OWNERS, description="What happens after the last repeat."
    )


@strawberry.input(description="All policies of a client, or of the agency.")
class SetEscalationPoliciesInput:
    workspace_id: strawberry.ID | None = optional("The client; the agency, for all its clients, where it is left out.")
    expected_version: int = strawberry.field(description="Of the list in force; 0 before there was any.")
    policies: list[EscalationPolicyInput] = strawberry.field(description="The first that fits decides; 50 at most.")


@strawberry.type(description="The policies in force.")
class SetEscalationPoliciesPayload:
    policies: list[EscalationPolicy] | None = strawberry.field(default=None, description="In order; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="People who take turns.")
class RotaLayerInput:
    level: int = strawberry.field(description="1 is paged first; 5 at most.")
    starts_at: datetime = strawberry.field(description="When the first of them begins.")
    shift_hours: int = strawberry.field(description="How long each has, 1 to 744; 168 is a week.")
    staff_ids: list[strawberry.ID] = strawberry.field(description="In this order, 50 at most.")
    weekdays: list[Weekday] = strawberry.field(default_factory=list, description="On these days; none for all.")
    from_minute: int = strawberry.field(default=0, description="From which minute of the day where the rota is.")
    until_minute: int = strawberry.field(
        default=1440, description="Until which minute; before `fromMinute`: of the next day."
    )
    ends_at: datetime | None = optional("When the layer ends.")
    holidays: LayerHolidays = strawberry.field(
        default=LayerHolidays.IGNORED,
        description="What holidays mean to it. They begin at midnight where the rota is; a night is of the day on which it begins.",
    )
    calendar_id: strawberry.ID | None = optional("Of which calendar, where they are not ignored.")


@strawberry.input(description="Somebody who stands in.")
class RotaOverrideInput:
    level: int = strawberry.field(description="On which level.")
    staff_id: strawberry.ID = strawberry.field(description="Who stands in.")
    instead_of_id: strawberry.ID | None = optional("For whom alone; for whoever is on call where it is left out.")
    starts_at: datetime = strawberry.field(description="From when they stand in.")
    ends_at: datetime = strawberry.field(description="Until when they stand in.")


@strawberry.input(description="The whole of a rota.")
class SetRotaInput:
    rota_id: strawberry.ID | None = optional("The rota to be changed; a new one where it is left out.")
    workspace_id: strawberry.ID | None = optional("The client; the agency, for all its clients, where it is left out.")
    name: str = strawberry.field(description="At most 200 characters; another one has another.")
    time_zone: str = strawberry.field(description="IANA name, such as Europe/Paris: hours are hours there.")
    layers: list[RotaLayerInput] = strawberry.field(description="Later ones count before earlier ones; 30 at most.")
    overrides: list[RotaOverrideInput] = strawberry.field(
        default_factory=list, description="All of them: one that is left out is gone. 200 at most."
    )
    expected_version: int | None = optional("CONFLICT where somebody has changed it since.")


@strawberry.type(description="The rota, as it holds from now on.")
class SetRotaPayload:
    rota: Rota | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Whom policies reach besides colleagues.")
class SetSafetyContactsInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    email: str | None = optional("Of the client's own people; none where it is left out.")
    telephony_url: str | None = optional("What calls people by telephone; nothing where it is left out.")
    no_authorities: str | None = optional(
        "The client's instruction not to contact authorities, in its words, at most 2,000 characters: shown with its "
        "escalations. It stops nothing: what law asks for is done all the same. None where it is left out."
    )


@strawberry.type(description="Whom policies reach, as it is now.")
class SetSafetyContactsPayload:
    contact: SafetyContact | None = strawberry.field(default=None, description="As it is now; null when refused.")
    telephony_secret: str | None = strawberry.field(
        default=None, description="A new one with each call, told here alone: `/docs/safety`. Null without an address."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SettingSafety:
    @verb(SetRotaPayload, "Say who is on call when: the whole rota anew.", needs=Right.LEAD_QUEUE)
    async def set_rota(self, info: Info, input: Input[SetRotaInput]) -> SetRotaPayload:
        rota_id = await safety.set_rota(
            actor_of(info.context),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            rota_id=optional_uuid_of("rota", input.rota_id, field="rotaId"),
            name=input.name,
            time_zone=input.time_zone,
            layers=[_layer(layer) for layer in input.layers],
            overrides=[_override(override) for override in input.overrides],
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return SetRotaPayload(rota=ref(Rota, rota_id))

    @verb(
        SetEscalationPoliciesPayload,
        "Say who is paged in which order: the whole list anew. What is open goes on as it began.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_escalation_policies(
        self, info: Info, input: Input[SetEscalationPoliciesInput]
    ) -> SetEscalationPoliciesPayload:
        made = await safety.set_escalation_policies(
            actor_of(info.context),
            optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
            expected_version=input.expected_version,
            policies=[_policy(policy) for policy in input.policies],
        )
        return SetEscalationPoliciesPayload(policies=[ref(EscalationPolicy, policy_id) for policy_id in made])

    @verb(
        SetSafetyContactsPayload,
        "Say whom policies reach besides colleagues, all of it anew.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_safety_contacts(self, info: Info, input: Input[SetSafetyContactsInput]) -> SetSafetyContactsPayload:
        contact_id, secret = await safety.set_safety_contacts(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            email=input.email or None,
            telephony_url=input.telephony_url or None,
            no_authorities=input.no_authorities or None,
        )
        return SetSafetyContactsPayload(contact=ref(SafetyContact, contact_id), telephony_secret=secret)


def _layer(input: RotaLayerInput) -> safety.WantedLayer:
    return safety.WantedLayer(
        level=input.level,
        starts_at=input.starts_at,
        shift_hours=input.shift_hours,
        turns=[uuid_of("staff", staff_id, field="layers") for staff_id in input.staff_ids],
        weekdays=[weekday.value for weekday in input.weekdays],
        from_minute=input.from_minute,
        until_minute=input.until_minute,
        ends_at=input.ends_at or None,
        holidays=input.holidays.value,
        calendar_id=optional_uuid_of("holidaycalendar", input.calendar_id, field="layers"),
    )


def _override(input: RotaOverrideInput) -> safety.WantedOverride:
    return safety.WantedOverride(
        level=input.level,
        membership_id=uuid_of("staff", input.staff_id, field="overrides"),
        instead_of_id=optional_uuid_of("staff", input.instead_of_id, field="overrides"),
        starts_at=input.starts_at,
        ends_at=input.ends_at,
    )


def _policy(input: EscalationPolicyInput) -> safety.WantedPolicy:
    return safety.WantedPolicy(
        max_severity=input.max_severity,
        kinds=[kind.value for kind in input.kinds],
        levels=[
            safety.Level(level.wait_seconds, [_target(target) for target in level.targets]) for level in input.levels
        ],
        repeats=input.repeats,
        repeat_after_minutes=input.repeat_after_minutes,
        on_exhausted=input.on_exhausted.value,
    )


def _target(input: PolicyTargetInput) -> safety.Target:
    return safety.Target(
        kind=input.kind.value,
        level=input.level if isinstance(input.level, int) else None,
        rota_id=optional_uuid_of("rota", input.rota_id, field="policies"),
        staff_id=optional_uuid_of("staff", input.staff_id, field="policies"),
    )
