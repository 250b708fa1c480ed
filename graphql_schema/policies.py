from datetime import datetime
from enum import Enum

import strawberry

from backend import policies
from graphql_schema.describing import value
from graphql_schema.orders import CreationOrder, VersionOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
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


@strawberry.enum(description="On what ground something is restricted that breaks a policy.")
class Ground(Enum):
    ILLEGAL = value("illegal", "A law forbids it; `legalReference` says which.")
    INCOMPATIBLE = value("incompatible", "It does not go with the rules of the community.")


@publish(policies.PolicyExample, needs=Right.READ_WORKSPACE)
class PolicyExample:
    """What breaks a policy, or just does not."""

    text: str = column(description="Something that a member could write, at most 2,000 characters.")
    is_violation: bool = column(description="Whether it breaks the policy.")
    note: str = column(description="Why it does or does not, at most 1,000 characters; may be empty.")
    created_at: datetime = column(description="When it was written down.")


@publish(policies.PolicyVersion, kind="policyversion", needs=Right.READ_WORKSPACE)
class PolicyVersion(Node):
    """The words of a policy that decisions point at; never changed."""

    id: strawberry.ID
    version: int = column(description="1 for the first words, one more with every revision.")
    text: str = column(description="The words members and moderators go by, at most 20,000 characters.")
    severity: Severity = column(description="How grave a violation of it is.")
    tier: Tier = column(description="How soon a report of it is decided.")
    needs_second_review: bool = column(description="Whether a violation of it is always judged twice, blind.")
    effective_at: datetime = column(description="When it came into force; the version before ended then.")
    taxonomy_code: str | None = column(description="What kind of harm it is about: a `code` of `taxonomy`.")
    ground: Ground = column(description="What statements of reasons name as the ground of a restriction.")
    legal_reference: str | None = column(description="The law that forbids it; null for most that are INCOMPATIBLE.")
    strike_count: int = column(description="How many points a violation counts for the member.")
    strike_on_occurrence: int = column(description="From which violation on it counts; 1 for the first.")
    first_occurrence_count: int | None = column(
        description="How many points the first one counts; null where it is no exception."
    )
    needs_takedown: bool = column(description="Whether the member goes for good; then no points are counted.")
    strike_days: int = column(description="For how many days the points count.")
    examples: Connection[PolicyExample] = many(
        "policy_version_id", order=CreationOrder, description="For whoever decides; 50 at most."
    )


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
    current_version: PolicyVersion | None = one(
        "policy_id", reverse=True, newest="version", description="The words in force now."
    )
    archived_at: datetime | None = column(
        description="Since when nobody reports or decides by it; null while it is in force."
    )
    version: int = sql(
        "select max(v.version) from policy_versions v where v.agency_id = {agency} "
        "and v.workspace_id = {row}.workspace_id and v.policy_id = {row}.id",
        description="The number of the version in force; for `expectedVersion` of `revisePolicy`.",
    )
