from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import moderation
from graphql_schema.communities import Member, Post
from graphql_schema.journal import JournalEntry
from graphql_schema.orders import CreationOrder, JournalOrder
from graphql_schema.policies import Policy, PolicyVersion, Queue, Rule, Severity, Tier
from graphql_schema.projection import (
    Connection,
    Each,
    Either,
    Filters,
    Node,
    aggregate,
    column,
    many,
    one,
    one_of,
    publish,
    sql,
)
from graphql_schema.staff import Staff
from tenants import models
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@strawberry.enum(description="Where a case is.")
class CaseState(Enum):
    QUEUED = "queued"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


@strawberry.enum(description="What was decided.")
class Outcome(Enum):
    VIOLATION = "violation"
    NO_VIOLATION = "no_violation"


@strawberry.enum(description="Through which channel a report came.")
class ReportChannel(Enum):
    MEMBER = "member"
    STAFF = "staff"
    RULE = "rule"
    API = "api"


@strawberry.enum(description="What a decision does in the community.")
class ActionKind(Enum):
    HIDE_POST = "hide_post"
    WARN_MEMBER = "warn_member"


@strawberry.enum(description="An action is done only when it was read back from the community.")
class ActionState(Enum):
    QUEUED = "queued"
    CONFIRMED = "confirmed"


@strawberry.input(description="Which cases.")
class CaseFilter:
    state: list[CaseState] | None = strawberry.UNSET
    tier: list[Tier] | None = strawberry.UNSET
    queue_id: strawberry.ID | None = strawberry.UNSET
    is_mine: bool | None = strawberry.UNSET
    is_overdue: bool | None = strawberry.UNSET


CASE_FILTERS: Final = Filters(
    CaseFilter,
    {
        "state": Each("state"),
        "tier": Each("tier"),
        "queue_id": "{row}.queue_id = {value}::uuid",
        "is_mine": Either("{row}.claimed_by_id = {membership}", "{row}.claimed_by_id is distinct from {membership}"),
        "is_overdue": Either(
            "{row}.state <> 'closed' and {row}.due_at < now()", "{row}.state = 'closed' or {row}.due_at >= now()"
        ),
    },
)


@strawberry.enum(description="What cases are counted by.")
class CaseGrouping(Enum):
    STATE = "state"
    TIER = "tier"
    SEVERITY = "severity"
    OUTCOME = "outcome"


Reporter = Annotated[
    Member | Staff | Rule,
    strawberry.union("Reporter", description="Who complained; a machine of the client has no name."),
]


@publish(moderation.Report, kind="report", needs=Right.READ_CASES)
class Report(Node):
    """One complaint by one reporter about one post."""

    id: strawberry.ID
    channel: ReportChannel
    reason: str
    created_at: datetime
    reporter: Reporter | None = one_of({"Member": "member_id", "Staff": "membership_id", "Rule": "rule_id"})
    member: Member | None = one("member_id", description="The member who complained.")
    policy: Policy | None = one("policy_id")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one("case_id")


@publish(moderation.Action, needs=Right.READ_CASES)
class Action:
    """Something a decision does in the community."""

    kind: ActionKind
    state: ActionState
    created_at: datetime
    confirmed_at: datetime | None


@publish(moderation.Decision, kind="decision", needs=Right.READ_CASES)
class Decision(Node):
    """The outcome of a case. Never changed."""

    id: strawberry.ID
    outcome: Outcome
    reason: str
    decided_at: datetime
    policy_version: PolicyVersion | None = one("policy_version_id")
    decided_by: Staff | None = one("membership_id")
    actions: Connection[Action] = many("decision_id", order=CreationOrder)


@publish(moderation.Case, kind="case", needs=Right.READ_CASES)
class Case(Node):
    """All open reports about one post, merged; waits in a queue until somebody decides it."""

    id: strawberry.ID
    state: CaseState
    outcome: Outcome | None
    severity: Severity
    tier: Tier
    risk: float
    opened_at: datetime
    due_at: datetime = column(description="When the client was promised a decision.")
    virtual_deadline: datetime = column(description="Cases are worked in this order.")
    closed_at: datetime | None
    claimed_until: datetime | None
    version: int
    report_count: int
    is_overdue: bool = sql("{row}.state <> 'closed' and {row}.due_at < now()")
    assignee: Staff | None = one("claimed_by_id")
    post: Post | None = one("post_id")
    member: Member | None = one("member_id", description="Who wrote the post.")
    queue: Queue | None = one("queue_id")
    reports: Connection[Report] = many("case_id", order=CreationOrder)
    decision: Decision | None = one("case_id", reverse=True)
    journal: Connection[JournalEntry] = many("subject_id", order=JournalOrder)
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one("workspace_id")


def _tallied(state: str) -> str:
    return (
        f"select coalesce(sum(t.{state}), 0) from case_tallies t "
        "where t.agency_id = {agency} and t.workspace_id = {row}.id"
    )


def _open_cases(selected: str, condition: str = "true") -> str:
    return (
        f"select {selected} from cases c where c.agency_id = {{agency}} and c.workspace_id = {{row}}.id "
        f"and c.state <> 'closed' and {condition}"
    )


@publish(models.Workspace, needs=Right.READ_WORKSPACE)
class CaseCounts:
    """How many cases wait in a workspace."""

    queued: int = sql(_tallied("queued"))
    in_review: int = sql(_tallied("in_review"))
    closed: int = sql(_tallied("closed"))
    overdue: int = sql(_open_cases("count(*)", "c.due_at < now()"))
    oldest_due_at: datetime | None = sql(_open_cases("min(c.due_at)"))


@publish(moderation.Case, needs=Right.READ_CASES)
class CaseGroup:
    """Cases that are alike in what they were counted by; what they were not counted by is null."""

    state: CaseState | None
    tier: Tier | None
    severity: Severity | None
    outcome: Outcome | None
    count: int = aggregate("count(*)")
    overdue_count: int = aggregate("count(*) filter (where {row}.state <> 'closed' and {row}.due_at < now())")
    oldest_due_at: datetime | None = aggregate(
        "min({row}.due_at) filter (where {row}.state <> 'closed')", description="Of the open ones."
    )
