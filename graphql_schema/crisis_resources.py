"""Who helps, by country."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import safety
from graphql_schema.answering import UserError, user_errors, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, value
from graphql_schema.projection import Node, column, one, publish, ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What somebody helps with.")
class CrisisResourceKind(Enum):
    EMERGENCY = value("emergency", "Police, ambulance or fire brigade.")
    SUICIDE = value("suicide", "For whoever thinks of killing themselves.")
    CHILD = value("child", "For children and whoever looks after them.")
    DOMESTIC = value("domestic", "Against violence at home.")
    SEXUAL = value("sexual", "Against sexual violence.")
    LGBT = value("lgbt", "For lesbian, gay, bisexual and trans people.")
    OTHER = value("other", "With something else.")


@publish(safety.CrisisResource, kind="crisisresource", needs=Right.WORK_QUEUE, row="{row}.verify_before > now()")
class CrisisResource(Node):
    """Who helps in a country. Shown from when somebody has looked it up until it should have been looked up again."""

    id: strawberry.ID
    country: str = column(description="Two capitals, such as AT.")
    region: str = column(description="Only there; empty for the whole country.")
    kind: CrisisResourceKind = column(description="What they help with.")
    name: str = column(description="What they call themselves.")
    phone: str = column(description="Their number, as it is dialled there; may be empty.")
    sms: str = column(description="Where they take text messages; may be empty.")
    chat_url: str = column(description="Where they can be written to; may be empty.")
    hours: str = column(description="When they can be reached.")
    languages: list[str] = column(description="In which languages.")
    is_free: bool = column(description="Whether it costs nothing.")
    is_confidential: bool = column(description="Whether nobody is told.")
    source_url: str = column(description="Where it was looked up.")
    verified_at: datetime = column(description="When it was looked up.")
    verify_before: datetime = column(description="Until when it is shown, unless somebody looks it up again.")
    created_at: datetime = column(description="When it was first listed.")
    verified_by: Staff | None = one("verified_by_id", description="Who looked it up; null where you may not see staff.")


@strawberry.input(description="Who helps; the same country, region, kind and name is the same service.")
class SetCrisisResourceInput:
    country: str = strawberry.field(description="Two capitals, such as AT.")
    kind: CrisisResourceKind = strawberry.field(description="What they help with.")
    name: str = strawberry.field(description="What they call themselves, at most 200 characters.")
    hours: str = strawberry.field(description="When they can be reached, at most 500 characters.")
    languages: list[str] = strawberry.field(description="In which languages: one at least.")
    source_url: str = strawberry.field(description="Where you have looked it up.")
    verified_at: datetime = strawberry.field(description="When you have looked it up.")
    verify_before: datetime = strawberry.field(description="By when somebody has to again, within a year.")
    region: str = strawberry.field(default="", description="Only there; left out for the whole country.")
    phone: str = strawberry.field(default="", description="Their number; one of the three ways is needed.")
    sms: str = strawberry.field(default="", description="Where they take text messages.")
    chat_url: str = strawberry.field(default="", description="Where they can be written to.")
    is_free: bool = strawberry.field(default=False, description="Whether it costs nothing.")
    is_confidential: bool = strawberry.field(default=False, description="Whether nobody is told.")


@strawberry.type(description="The service as it is listed.")
class CrisisResourcePayload:
    resource: CrisisResource | None = strawberry.field(default=None, description="As listed; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ListingHelp:
    @verb(
        CrisisResourcePayload,
        "List who helps in a country, or say that it was looked up again.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_crisis_resource(self, info: Info, input: Input[SetCrisisResourceInput]) -> CrisisResourcePayload:
        given = {name: getattr(input, name) for name in safety.Help.__dataclass_fields__}
        resource_id = await safety.set_crisis_resource(
            actor_of(info.context),
            safety.Help(**given | {"kind": input.kind.value}),
            verify_before=input.verify_before,
        )
        return CrisisResourcePayload(resource=ref(CrisisResource, resource_id))
