"""Webhooks: the mutations of whoever looks after machines."""

from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import strawberry

from backend import webhooks
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.webhooks import WebhookDelivery, WebhookEndpoint, WebhookEventKind
from tenants.rights import Right

_URL = "Where deliveries are sent: https on port 443 of a public server, without a name or password; at most 2,000 characters."
_SELECTION = (
    "What `data` of its payloads holds, as a selection on Node: `{ ... on Case { id state } }`; at most 4,000 characters "
    "and 200 points. It reads what you may read now, for as long as you may, and nothing of closed clients. Ids alone "
    "when left out."
)


@strawberry.enum(description="Who did something.")
class WebhookActor(Enum):
    STAFF = value("staff", "Somebody of the agency or of a client.")
    API_CLIENT = value("api_client", "A machine, such as the one that hears of it.")
    SYSTEM = value("system", "Tend did it by itself, such as a rule or a job.")


@strawberry.input(description="A server that is to hear of what happens.")
class CreateWebhookEndpointInput:
    url: str = strawberry.field(description=_URL)
    kinds: list[WebhookEventKind] = strawberry.field(description="What it hears of; at least one.")
    description: str = strawberry.field(default="", description="What people will call it, at most 200 characters.")
    workspace_id: strawberry.ID | None = optional(
        "The only client it hears of. Required where you do not see the whole agency."
    )
    workspace_ids: list[strawberry.ID] | None = optional(
        "Of the whole agency, only what concerns these clients; all of them when left out."
    )
    by: list[WebhookActor] | None = optional("Only what one of these did; whoever did it when left out.")
    selection: str | None = optional(_SELECTION)


@strawberry.input(description="All of what an endpoint hears of from now on; what waits goes to the new address.")
class ChangeWebhookEndpointInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint; it keeps its client and its secret.")
    url: str = strawberry.field(description=_URL)
    kinds: list[WebhookEventKind] = strawberry.field(description="What it hears of; at least one.")
    description: str = strawberry.field(default="", description="What people will call it, at most 200 characters.")
    workspace_ids: list[strawberry.ID] | None = optional(
        "Of the whole agency, only what concerns these clients; all of them when left out."
    )
    by: list[WebhookActor] | None = optional("Only what one of these did; whoever did it when left out.")
    selection: str | None = optional(_SELECTION)
    expected_version: int | None = optional("The version you read; refused with CONFLICT if it has changed.")


@strawberry.input(description="An endpoint that is to sign with another secret.")
class RotateWebhookSecretInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint whose secret is replaced.")
    overlap_minutes: int = strawberry.field(
        default=60,
        description="So long deliveries are signed with both: 0 to 10,080, which is a week. An hour when left out.",
    )


@strawberry.input(description="An endpoint, with nothing to add.")
class WebhookEndpointInput:
    endpoint_id: strawberry.ID = strawberry.field(description="Which one; NOT_FOUND for one of a client not yours.")


@strawberry.input(description="A delivery that is to be made once more.")
class ReplayWebhookDeliveryInput:
    webhook_delivery_id: strawberry.ID = strawberry.field(description="Which one; CONFLICT while it is being sent.")


@strawberry.input(description="Deliveries that are to be made once more.")
class ReplayWebhookDeliveriesInput:
    endpoint_id: strawberry.ID = strawberry.field(description="To whom; CONFLICT while it is disabled.")
    since: datetime = strawberry.field(description="Promised then or later.")
    until: datetime | None = optional("And before that; up to now when left out.")
    with_delivered: bool = strawberry.field(
        default=False, description="Also what was delivered; only what has FAILED when left out."
    )


@strawberry.type(description="The endpoint as it is now.")
class WebhookEndpointPayload:
    endpoint: WebhookEndpoint | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="An endpoint and what it verifies with. Give it that now: nobody can read it again.")
class WebhookSecretPayload:
    secret: str | None = strawberry.field(
        default=None,
        description="The secret itself, `whsec_` and base64, here and nowhere else. Sent again with its Idempotency-Key, "
        "the request answers the same.",
    )
    endpoint: WebhookEndpoint | None = strawberry.field(default=None, description="Whose it is; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The endpoint that was.")
class DeleteWebhookEndpointPayload:
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Its id; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="A delivery that waits.")
class WebhookDeliveryPayload:
    delivery: WebhookDelivery | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="How much is sent once more.")
class ReplayWebhookDeliveriesPayload:
    count: int | None = strawberry.field(
        default=None, description="How many: 10,000 at most, the oldest first. Null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ManagingWebhooks:
    @verb(
        WebhookSecretPayload,
        "Have what happens sent to a server, signed with a secret that is told once.",
        needs=Right.MANAGE_MACHINES,
    )
    async def create_webhook_endpoint(
        self, info: Info, input: Input[CreateWebhookEndpointInput]
    ) -> WebhookSecretPayload:
        issued = await webhooks.create_endpoint(
            actor_of(info.context),
            _wanted(input),
            workspace_id=optional_uuid_of("workspace", input.workspace_id or None, field="workspaceId"),
        )
        return WebhookSecretPayload(secret=issued.secret, endpoint=ref(WebhookEndpoint, issued.endpoint.id))

    @verb(WebhookEndpointPayload, "Have other things sent, or sent elsewhere.", needs=Right.MANAGE_MACHINES)
    async def change_webhook_endpoint(
        self, info: Info, input: Input[ChangeWebhookEndpointInput]
    ) -> WebhookEndpointPayload:
        endpoint = await webhooks.change_endpoint(
            actor_of(info.context),
            _endpoint(input.endpoint_id),
            _wanted(input),
            expected_version=input.expected_version if isinstance(input.expected_version, int) else None,
        )
        return WebhookEndpointPayload(endpoint=ref(WebhookEndpoint, endpoint.id))

    @verb(
        WebhookSecretPayload,
        "Replace the secret of an endpoint; for a while deliveries are signed with both.",
        needs=Right.MANAGE_MACHINES,
    )
    async def rotate_webhook_secret(self, info: Info, input: Input[RotateWebhookSecretInput]) -> WebhookSecretPayload:
        issued = await webhooks.rotate_secret(
            actor_of(info.context),
            _endpoint(input.endpoint_id),
            overlap=timedelta(minutes=input.overlap_minutes),
        )
        return WebhookSecretPayload(secret=issued.secret, endpoint=ref(WebhookEndpoint, issued.endpoint.id))

    @verb(
        WebhookEndpointPayload,
        "Send an endpoint nothing more. What waits has failed, and can be replayed.",
        needs=Right.MANAGE_MACHINES,
    )
    async def disable_webhook_endpoint(self, info: Info, input: Input[WebhookEndpointInput]) -> WebhookEndpointPayload:
        endpoint = await webhooks.disable_endpoint(actor_of(info.context), _endpoint(input.endpoint_id))
        return WebhookEndpointPayload(endpoint=ref(WebhookEndpoint, endpoint.id))

    @verb(
        WebhookEndpointPayload,
        "Send an endpoint again what happens from now on.",
        needs=Right.MANAGE_MACHINES,
    )
    async def enable_webhook_endpoint(self, info: Info, input: Input[WebhookEndpointInput]) -> WebhookEndpointPayload:
        endpoint = await webhooks.enable_endpoint(actor_of(info.context), _endpoint(input.endpoint_id))
        return WebhookEndpointPayload(endpoint=ref(WebhookEndpoint, endpoint.id))

    @verb(
        DeleteWebhookEndpointPayload,
        "Forget an endpoint, and what was sent to it. CONFLICT at the moment something is.",
        needs=Right.MANAGE_MACHINES,
    )
    async def delete_webhook_endpoint(
        self, info: Info, input: Input[WebhookEndpointInput]
    ) -> DeleteWebhookEndpointPayload:
        await webhooks.remove_endpoint(actor_of(info.context), _endpoint(input.endpoint_id))
        return DeleteWebhookEndpointPayload(deleted_id=input.endpoint_id)

    @verb(
        WebhookDeliveryPayload,
        "Send an endpoint a `webhook.test`, whatever kinds it hears of.",
        needs=Right.MANAGE_MACHINES,
    )
    async def send_webhook_test(self, info: Info, input: Input[WebhookEndpointInput]) -> WebhookDeliveryPayload:
        delivery_id = await webhooks.send_test(actor_of(info.context), _endpoint(input.endpoint_id))
        return WebhookDeliveryPayload(delivery=ref(WebhookDelivery, delivery_id))

    @verb(
        WebhookDeliveryPayload,
        "Make a delivery once more, now and under the same webhook-id.",
        needs=Right.MANAGE_MACHINES,
    )
    async def replay_webhook_delivery(
        self, info: Info, input: Input[ReplayWebhookDeliveryInput]
    ) -> WebhookDeliveryPayload:
        delivery = await webhooks.replay_delivery(
            actor_of(info.context), uuid_of("webhookdelivery", input.webhook_delivery_id, field="webhookDeliveryId")
        )
        return WebhookDeliveryPayload(delivery=ref(WebhookDelivery, delivery.id))

    @verb(
        ReplayWebhookDeliveriesPayload,
        "Make the deliveries of a time once more, each under its webhook-id.",
        needs=Right.MANAGE_MACHINES,
    )
    async def replay_webhook_deliveries(
        self, info: Info, input: Input[ReplayWebhookDeliveriesInput]
    ) -> ReplayWebhookDeliveriesPayload:
        count = await webhooks.replay_deliveries(
            actor_of(info.context),
            _endpoint(input.endpoint_id),
            since=input.since,
            until=input.until or None,
            with_delivered=input.with_delivered,
        )
        return ReplayWebhookDeliveriesPayload(count=count)


def _endpoint(text: str) -> UUID:
    return uuid_of("webhookendpoint", text, field="endpointId")


def _wanted(input: CreateWebhookEndpointInput | ChangeWebhookEndpointInput) -> webhooks.Wanted:
    return webhooks.Wanted(
        url=input.url,
        description=input.description,
        kinds=[kind.value for kind in input.kinds],
        workspaces=[uuid_of("workspace", id, field="workspaceIds") for id in input.workspace_ids or ()],
        by=[who.value for who in input.by or ()],
        selection=input.selection or None,
    )
