"""Trusted flaggers: Article 22 of the Digital Services Act."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.machines import ApiClient
from graphql_schema.orders import MoveOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="Where the status of a trusted flagger is.")
class TrustedFlaggerState(Enum):
    ACTIVE = value("active", "Their notices come first in their areas.")
    SUSPENDED = value("suspended", "The coordinator looks into it: they are heard as everybody is.")
    REVOKED = value("revoked", "It is over for good.")


@publish(reporting.TrustedFlaggerState, needs=Right.READ_CASES)
class TrustedFlaggerChange:
    """The status of a trusted flagger went to another state."""

    state: TrustedFlaggerState = column(description="The state that it went to.")
    reason: str = column(description="Why, for colleagues; empty where they were named.")
    at: datetime = column(description="When that was written down.")
    by: Staff | None = one("membership_id", description="Who wrote it down; null where you may not see staff.")


@publish(reporting.TrustedFlagger, kind="trustedflagger", needs=Right.READ_CASES)
class TrustedFlagger(Node):
    """An entity whose notices come first, where they are about its areas. Its reports weigh the most there is."""

    id: strawberry.ID
    entity: str = column(description="Its name, at most 300 characters.")
    coordinator: str = column(description="The coordinator of digital services that awarded the status.")
    country: str = column(description="The coordinator's: two capitals, GR for Greece.")
    areas: list[str] = column(description="Groups of the taxonomy: the letters before the hyphen of a `code`.")
    email: str | None = column(needs=Right.WORK_QUEUE, description="Where it is written to; null for nowhere.")
    state: TrustedFlaggerState = column(description="Where its status is at present.")
    since: datetime = column("since_at", description="From when on it has it.")
    until: datetime | None = column(description="Until when; null for no end.")
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    api_client: ApiClient | None = one(
        "api_client_id", description="Its own API key; null for none, and for whoever does not look after machines."
    )
    history: Connection[TrustedFlaggerChange] = many(
        "trusted_flagger_id", order=MoveOrder, description="How its status went."
    )


@strawberry.input(description="An entity with the status of a trusted flagger.")
class NameTrustedFlaggerInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client to whom its notices go.")
    entity: str = strawberry.field(description="Its name, at most 300 characters.")
    coordinator: str = strawberry.field(description="Which coordinator awarded the status, at most 300 characters.")
    country: str = strawberry.field(description="The coordinator's: two capitals, GR for Greece.")
    areas: list[str] = strawberry.field(description="Groups of the taxonomy, such as CS or HA; one at least.")
    email: str | None = optional("Where the entity is written to.")
    api_client_id: strawberry.ID | None = optional("Its own API key, of this client: what comes by it is theirs.")
    since: datetime | None = optional("From when on; now where it is left out.")
    until: datetime | None = optional("Until when; no end where it is left out.")


@strawberry.input(description="The status of a trusted flagger has changed.")
class SetTrustedFlaggerStateInput:
    trusted_flagger_id: strawberry.ID = strawberry.field(description="Whose status has changed.")
    state: TrustedFlaggerState = strawberry.field(description="What it is now; nothing follows on REVOKED.")
    reason: str = strawberry.field(description="Why, at most 5,000 characters.")
    expected_version: int = strawberry.field(description="The version you read.")


@strawberry.type(description="The trusted flagger as it is now.")
class TrustedFlaggerPayload:
    trusted_flagger: TrustedFlagger | None = strawberry.field(
        default=None, description="The trusted flagger; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TrustingFlaggers:
    @verb(TrustedFlaggerPayload, "Take somebody up as a trusted flagger.", needs=Right.LEAD_QUEUE)
    async def name_trusted_flagger(self, info: Info, input: Input[NameTrustedFlaggerInput]) -> TrustedFlaggerPayload:
        flagger_id = await reporting.name_trusted_flagger(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            entity=input.entity,
            coordinator=input.coordinator,
            country=input.country,
            areas=input.areas,
            email=input.email or None,
            api_client_id=optional_uuid_of("apiclient", input.api_client_id, field="apiClientId"),
            since=input.since or None,
            until=input.until or None,
        )
        return TrustedFlaggerPayload(trusted_flagger=ref(TrustedFlagger, flagger_id))

    @verb(
        TrustedFlaggerPayload,
        "Write down that a coordinator suspended or revoked a status, or gave it back.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_trusted_flagger_state(
        self, info: Info, input: Input[SetTrustedFlaggerStateInput]
    ) -> TrustedFlaggerPayload:
        flagger_id = await reporting.set_trusted_flagger_state(
            actor_of(info.context),
            uuid_of("trustedflagger", input.trusted_flagger_id, field="trustedFlaggerId"),
            state=input.state.value,
            reason=input.reason,
            expected_version=input.expected_version,
        )
        return TrustedFlaggerPayload(trusted_flagger=ref(TrustedFlagger, flagger_id))
