"""Communities on platforms: how Tend hears of what happens there, and what it was told."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

import strawberry

from backend import communities, intake
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.communities import Community
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.orders import ReceiptOrder
from graphql_schema.projection import Connection, Filters, Node, column, many, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.enum(description="Where a community lives.")
class Platform(Enum):
    BUILT_IN = value("built_in", "In Tend itself, or in archives that were brought in. Nothing is delivered.")
    DISCOURSE = value("discourse", "A Discourse forum: its webhooks for posts and for what waits for review.")
    SLACK = value("slack", "A Slack workspace: the Events API of an app that hears messages.")
    MASTODON = value("mastodon", "A Mastodon server: its administration webhooks for statuses and reports.")
    WEBHOOK = value("webhook", "Any site that sends signed webhooks as the page /docs/intake says.")


@strawberry.enum(description="Where a delivery of a platform is.")
class PlatformDeliveryState(Enum):
    WAITING = value("waiting", "It will be taken in, or is about a post that was not told yet.")
    DONE = value("done", "What it says stands in posts, members and cases.")
    FAILED = value("failed", "It could not be taken in; `problem` says why. It may be replayed.")
    IGNORED = value("ignored", "There was nothing to take in; `problem` says why.")


@strawberry.input(description="Which deliveries; a field that is left out or null asks for nothing.")
class PlatformDeliveryFilter:
    state: PlatformDeliveryState | None = optional("Only those that are there.")


DELIVERY_FILTERS: Final = Filters(PlatformDeliveryFilter, {"state": "{row}.state = {value}::text"})
_LAST_RECEIVED: Final = (
    "(select max(d.received_at) from platform_deliveries d where d.agency_id = {agency} "
    "and d.workspace_id = {row}.workspace_id and d.connection_id = {row}.id)"
)

_CAN_ACT: Final = (
    "{row}.platform = 'built_in' or ({row}.disconnected_at is null and exists (select from acting_keys k "
    "where k.agency_id = {agency} and k.workspace_id = {row}.workspace_id and k.connection_id = {row}.id))"
)


@publish(intake.PlatformDelivery, kind="platformdelivery", needs=Right.MANAGE_COMMUNITIES)
class PlatformDelivery(Node):
    """What a platform told in one go. Its words are not shown: they stand in the posts that came of it."""

    id: strawberry.ID
    kind: str = column(description="What the platform calls it, such as post_edited or report.created.")
    state: PlatformDeliveryState = column(description="Where it is.")
    problem: str | None = column(description="Why it failed or was ignored, for people; null otherwise.")
    received_at: datetime = column(description="When it came.")
    ended_at: datetime | None = column(description="When it was taken in or given up; null while it is WAITING.")
    can_be_replayed: bool = sql(
        "{row}.state = 'failed' and {row}.body is not null",
        description="Whether what it told is still kept: for fourteen days, and until a member of the client is erased.",
    )


@publish(communities.Connection, needs=Right.READ_WORKSPACE)
class PlatformLink:
    """How a community and its platform reach each other."""

    platform: Platform = column(description="Where the community lives.")
    address: str | None = column(description="Of its site, for people; null where nobody gave one.")
    is_ready: bool = column(
        description="Whether deliveries are believed: it is connected, and its secret is known.",
    )
    can_act: bool = sql(
        _CAN_ACT, description="Whether Tend may act there: it has a key (`letTendAct`), or the community is BUILT_IN."
    )
    connected_at: datetime | None = column(description="Since when, or when last; null for BUILT_IN.")
    disconnected_at: datetime | None = column(description="When it was disconnected; null while it is not.")
    last_received_at: datetime | None = sql(
        _LAST_RECEIVED, description="When the platform told something last; null after ninety silent days."
    )
    deliveries: Connection[PlatformDelivery] = many(
        "connection_id",
        order=ReceiptOrder,
        filters=DELIVERY_FILTERS,
        description="What it told in the last ninety days.",
    )


@strawberry.input(description="A community whose platform is to tell Tend what happens there.")
class ConnectCommunityInput:
    community_id: strawberry.ID = strawberry.field(
        description="The community; CONFLICT while it is connected to a platform."
    )
    platform: Platform = strawberry.field(description="Where the community lives; INVALID for BUILT_IN.")
    address: str | None = optional("Of its site, for people: https, at most 2,000 characters.")
    secret: str | None = optional(
        "What the platform signs with, at least 12 characters; for WEBHOOK whsec_ and base64. Left out, Tend makes one for "
        "DISCOURSE and WEBHOOK. SLACK shows its signing secret with the app. MASTODON shows one once it has the address: "
        "give it to `rotateConnectionSecret` then."
    )


@strawberry.input(description="A connection that is to believe another secret.")
class RotateConnectionSecretInput:
    community_id: strawberry.ID = strawberry.field(description="The community; CONFLICT unless it is connected.")
    secret: str | None = optional("The new secret, as for `connectCommunity`. Tend makes it where it may be left out.")
    overlap_minutes: int = strawberry.field(
        default=60,
        description="So long the old one is believed as well: 0 to 10,080, which is a week. An hour when left out.",
    )


@strawberry.input(description="A community whose platform is to be heard no more.")
class DisconnectCommunityInput:
    community_id: strawberry.ID = strawberry.field(description="The community; CONFLICT unless it is connected.")


@strawberry.input(description="A delivery that is to be taken in once more.")
class ReplayPlatformDeliveryInput:
    platform_delivery_id: strawberry.ID = strawberry.field(
        description="Which one; CONFLICT unless it has FAILED and what it told is still kept."
    )


@strawberry.type(
    description="Where the platform delivers, and what it signs with. Give it both now: nobody can read them again."
)
class ConnectCommunityPayload:
    deliver_to: str | None = strawberry.field(
        default=None, description="The address for the platform's settings, here and nowhere else; null when refused."
    )
    secret: str | None = strawberry.field(
        default=None, description="What Tend made, here and nowhere else; null where the platform made it."
    )
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="What deliveries are signed with from now on.")
class ConnectionSecretPayload:
    secret: str | None = strawberry.field(
        default=None, description="What Tend made, here and nowhere else; null where the platform made it."
    )
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The community as it is now. What was taken in stays.")
class DisconnectCommunityPayload:
    community: Community | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="A delivery that waits again.")
class PlatformDeliveryPayload:
    delivery: PlatformDelivery | None = strawberry.field(default=None, description="Which one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class ConnectingPlatforms:
    @verb(
        ConnectCommunityPayload,
        "Let the platform of a community tell Tend what happens there.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def connect_community(self, info: Info, input: Input[ConnectCommunityInput]) -> ConnectCommunityPayload:
        connected = await intake.connect_community(
            actor_of(info.context),
            _community(input.community_id),
            platform=input.platform.value,
            address=input.address or None,
            secret=input.secret or None,
        )
        return ConnectCommunityPayload(
            deliver_to=connected.deliver_to,
            secret=connected.secret,
            community=ref(Community, connected.community_id),
        )

    @verb(
        ConnectionSecretPayload,
        "Replace what a platform signs with; for a while both are believed.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def rotate_connection_secret(
        self, info: Info, input: Input[RotateConnectionSecretInput]
    ) -> ConnectionSecretPayload:
        connected = await intake.rotate_connection_secret(
            actor_of(info.context),
            _community(input.community_id),
            secret=input.secret or None,
            overlap=timedelta(minutes=input.overlap_minutes),
        )
        return ConnectionSecretPayload(secret=connected.secret, community=ref(Community, connected.community_id))

    @verb(
        DisconnectCommunityPayload,
        "Take nothing more from the platform of a community.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def disconnect_community(
        self, info: Info, input: Input[DisconnectCommunityInput]
    ) -> DisconnectCommunityPayload:
        community_id = _community(input.community_id)
        await intake.disconnect_community(actor_of(info.context), community_id)
        return DisconnectCommunityPayload(community=ref(Community, community_id))

    @verb(
        PlatformDeliveryPayload,
        "Take a delivery in once more that has failed.",
        needs=Right.MANAGE_COMMUNITIES,
    )
    async def replay_platform_delivery(
        self, info: Info, input: Input[ReplayPlatformDeliveryInput]
    ) -> PlatformDeliveryPayload:
        delivery = await intake.replay_platform_delivery(
            actor_of(info.context), uuid_of("platformdelivery", input.platform_delivery_id, field="platformDeliveryId")
        )
        return PlatformDeliveryPayload(delivery=ref(PlatformDelivery, delivery.id))


def _community(text: str) -> UUID:
    return uuid_of("community", text, field="communityId")
