"""What violations count for members."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import communities, moderation
from graphql_schema.describing import value
from graphql_schema.orders import CreationOrder
from graphql_schema.policies import Policy
from graphql_schema.projection import Connection, column, many, one, publish, sql
from tenants.rights import Right


@strawberry.enum(description="What whoever reaches a threshold is met with.")
class StrikeAction(Enum):
    WARN_MEMBER = value("warn_member", "They are told that it was enough.")
    SILENCE_MEMBER = value("silence_member", "They cannot write for a while.")
    SUSPEND_MEMBER = value("suspend_member", "They cannot use their account for a while.")


@publish(moderation.StrikeThreshold, needs=Right.READ_WORKSPACE)
class StrikeThreshold:
    """Points from which on something more is due."""

    points: int = column(description="Active points that reach it.")
    action: StrikeAction | None = column(description="What is due then; null: nothing but that it is seen.")
    days: int | None = column(description="For how long; null: without end, or no time.")


@publish(moderation.StrikeEntry, needs=Right.READ_CASES)
class StrikeEntry:
    """What a violation counts, or takes back. Never changed."""

    points: int = column(description="Below 0 where it takes back; 0 where a violation counts nothing yet.")
    needs_takedown: bool = column(description="Whether the policy wants the member gone for good.")
    threshold: int | None = column(description="The points of the threshold that it made the member reach; null: none.")
    is_reversal: bool = column(description="Whether it takes back what the same decision counted.")
    is_active: bool = sql("{row}.expires_at > now()", description="Whether it still counts.")
    expires_at: datetime = column(description="Until when it counts.")
    created_at: datetime = column(description="When it was decided, or taken back.")
    policy: Policy | None = one("policy_id", description="The policy that was broken.")


def _sum(condition: str = "true") -> str:
    return (
        "select coalesce(sum(e.points), 0) from strike_entries e where e.agency_id = {agency} "
        f"and e.workspace_id = {{row}}.workspace_id and e.member_id = {{row}}.id and {condition}"
    )


@publish(communities.Member, needs=Right.READ_CASES)
class MemberStrikes:
    """What a member's violations count; what was taken back counts nothing."""

    active: int = sql(_sum("e.expires_at > now()"), description="Points that count now.")
    total: int = sql(_sum(), description="Points there ever were, those that have expired among them.")
    entries: Connection[StrikeEntry] = many(
        "member_id", order=CreationOrder, description="Each violation, also where it counts nothing."
    )


@strawberry.type(description="What deciding a case would add to its member's strikes.")
class StrikePreview:
    points: int = strawberry.field(description="What the violation would count.")
    active: int = strawberry.field(description="Points that count now, without it.")
    needs_takedown: bool = strawberry.field(description="Whether the policy wants the member gone for good.")
    threshold: int | None = strawberry.field(description="Points of the threshold it would reach; null: none.")
    action: StrikeAction | None = strawberry.field(description="What is due at that threshold; null: nothing.")
    days: int | None = strawberry.field(description="For how long; null: without end, or no time.")
