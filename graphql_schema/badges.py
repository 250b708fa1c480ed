"""What an agency signs its badges with."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from backend import education
from graphql_schema.answering import UserError, user_errors, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.projection import Node, column, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@publish(education.BadgeKey, kind="badgekey", needs=Right.MANAGE_MACHINES)
class BadgeKey(Node):
    """What the agency signs its Open Badges with, or did: an RSA key, whose private half nobody reads."""

    id: strawberry.ID
    address: str = sql(
        "{address} || '/issuers/' || {agency} || '/keys/' || {row}.id",
        description="Where anybody finds its public half, as a JWK: the `kid` of the badges it signed.",
    )
    public_key: JSON = column(description="Its public half, as a JWK (RFC 7517).")
    created_at: datetime = column(description="Since when it signs.")
    retired_at: datetime | None = column(
        description="Since when it signs no more, and what it signed can still be checked; null for the one that signs."
    )


@strawberry.input(description="That the agency signs with another key.")
class RotateBadgeKeyInput:
    grounds: str = strawberry.field(description="Why, at most 2,000 characters; the journal keeps it.")


@strawberry.type(description="What is signed with from now on.")
class RotateBadgeKeyPayload:
    badge_key: BadgeKey | None = strawberry.field(default=None, description="The new one; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class SigningBadges:
    @verb(
        RotateBadgeKeyPayload,
        "Sign badges with a new key from now on; those that were signed before stay good.",
        needs=Right.MANAGE_MACHINES,
    )
    async def rotate_badge_key(self, info: Info, input: Input[RotateBadgeKeyInput]) -> RotateBadgeKeyPayload:
        key = await education.rotate_badge_key(actor_of(info.context), grounds=input.grounds)
        return RotateBadgeKeyPayload(badge_key=ref(BadgeKey, key.id))
