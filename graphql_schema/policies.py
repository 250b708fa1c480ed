from datetime import datetime
from enum import Enum

import strawberry

from backend import moderation, policies
from graphql_schema.orders import VersionOrder
from graphql_schema.projection import Connection, Node, many, one, publish, sql
from tenants.rights import Right


@strawberry.enum(description="How grave a violation is.")
class Severity(Enum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    SEVERE = "severe"


@strawberry.enum(description="How soon a decision is due: 15 minutes, 4, 24, 48 or 72 hours.")
class Tier(Enum):
    DANGER = "danger"
    SEVERE = "severe"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@strawberry.enum(description="How a rule finds posts.")
class RuleKind(Enum):
    WORDS = "words"
    PATTERN = "pattern"


@publish(policies.PolicyVersion, kind="policyversion", needs=Right.READ_WORKSPACE)
class PolicyVersion(Node):
    """The words of a policy that decisions point at; never changed."""

    id: strawberry.ID
    version: int
    text: str
    severity: Severity
    tier: Tier
    effective_at: datetime


@publish(policies.Policy, kind="policy", needs=Right.READ_WORKSPACE)
class Policy(Node):
    """Something the client's communities do not accept."""

    id: strawberry.ID
    slug: str
    title: str
    created_at: datetime
    versions: Connection[PolicyVersion] = many("policy_id", order=VersionOrder)
    version: int = sql(
        "select max(v.version) from policy_versions v where v.agency_id = {agency} "
        "and v.workspace_id = {row}.workspace_id and v.policy_id = {row}.id",
        description="The number of the version in force.",
    )


@publish(moderation.Rule, kind="rule", needs=Right.READ_CASES)
class Rule(Node):
    """What Tend reports by itself."""

    id: strawberry.ID
    name: str
    kind: RuleKind
    words: list[str]
    pattern: str | None
    policy: Policy | None = one("policy_id")
    created_at: datetime


@publish(moderation.Queue, kind="queue", needs=Right.READ_CASES)
class Queue(Node):
    """Where cases wait."""

    id: strawberry.ID
    name: str
    created_at: datetime
