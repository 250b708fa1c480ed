from datetime import datetime
from enum import Enum

import strawberry

from backend import moderation, policies
from graphql_schema.describing import value
from graphql_schema.orders import VersionOrder
from graphql_schema.projection import Connection, Node, column, many, publish, sql
from tenants.rights import Right


@strawberry.enum(description="How grave a violation is: what it weighs in the risk of a case.")
class Severity(Enum):
    NONE = value("none", "Weighs nothing in the risk of a case.")
    LOW = value("low", "Weighs 1 in the risk of a case.")
    MEDIUM = value("medium", "Weighs 3 in the risk of a case.")
    HIGH = value("high", "Weighs 9 in the risk of a case.")
    SEVERE = value("severe", "Weighs 27 in the risk of a case.")


@strawberry.enum(description="How soon a decision is due: 15 minutes, 4, 24, 48 or 72 hours.")
class Tier(Enum):
    DANGER = value("danger", "Due 15 minutes after the case was opened.")
    SEVERE = value("severe", "Due 4 hours after the case was opened.")
    HIGH = value("high", "Due 24 hours after the case was opened.")
    MEDIUM = value("medium", "Due 48 hours after the case was opened.")
    LOW = value("low", "Due 72 hours after the case was opened.")


@publish(policies.PolicyVersion, kind="policyversion", needs=Right.READ_WORKSPACE)
class PolicyVersion(Node):
    """The words of a policy that decisions point at; never changed."""

    id: strawberry.ID
    version: int = column(description="1 for the first words, one more with every revision.")
    text: str = column(description="The words members and moderators go by, at most 20,000 characters.")
    severity: Severity = column(description="How grave a violation of it is.")
    tier: Tier = column(description="How soon a report of it is decided.")
    effective_at: datetime = column(description="When it came into force; the version before ended then.")


@publish(policies.Policy, kind="policy", needs=Right.READ_WORKSPACE)
class Policy(Node):
    """Something the client's communities do not accept."""

    id: strawberry.ID
    slug: str = column(
        description="Short name, unique within the client: 2 to 63 lower-case letters, digits and hyphens."
    )
    title: str = column(description="A few words for lists and choices, at most 200 characters.")
    created_at: datetime = column(description="When it was first written down.")
    versions: Connection[PolicyVersion] = many(
        "policy_id", order=VersionOrder, description="Its words over time, those in force included."
    )
    version: int = sql(
        "select max(v.version) from policy_versions v where v.agency_id = {agency} "
        "and v.workspace_id = {row}.workspace_id and v.policy_id = {row}.id",
        description="The number of the version in force; for `expectedVersion` of `revisePolicy`.",
    )


@publish(moderation.Queue, kind="queue", needs=Right.READ_CASES)
class Queue(Node):
    """Where cases of one client wait."""

    id: strawberry.ID
    name: str = column(description="What people call the queue; the first one of a client is Moderation.")
    created_at: datetime = column(description="When it was set up.")
