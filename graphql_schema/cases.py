from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import moderation
from graphql_schema.communities import Member, Post
from graphql_schema.describing import optional, value
from graphql_schema.journal import JournalEntry
from graphql_schema.orders import CreationOrder, JournalOrder
from graphql_schema.policies import Policy, PolicyVersion, Queue, Severity, Tier
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
from graphql_schema.rules import Rule
from graphql_schema.staff import Staff
from tenants import models
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@strawberry.enum(description="Where a case is on its way to a decision.")
class CaseState(Enum):
    QUEUED = value("queued", "Waits for somebody to claim it.")
    IN_REVIEW = value("in_review", "Claimed by somebody, until `claimedUntil`.")
    CLOSED = value("closed", "Decided, for good: a later report about the post opens another case.")


@strawberry.enum(description="What was decided.")
class Outcome(Enum):
    VIOLATION = value("violation", "The post breaks a policy of the client.")
    NO_VIOLATION = value("no_violation", "The post breaks none.")


@strawberry.enum(description="Through which channel a report came.")
class ReportChannel(Enum):
    MEMBER = value("member", "A member complained, and somebody passed it on.")
    STAFF = value("staff", "Somebody at the agency complained.")
    RULE = value("rule", "A rule of the client found the post.")
    API = value("api", "A machine complained by its API key.")


@strawberry.enum(description="What a decision does in the community.")
class ActionKind(Enum):
    HIDE_POST = value("hide_post", "Members no longer see the post.")
    WARN_MEMBER = value("warn_member", "The author of the post is told, once, that it broke the rules.")


@strawberry.enum(description="An action is done only when it was read back from the community.")
class ActionState(Enum):
    QUEUED = value("queued", "Decided, and not seen in the community yet.")
    CONFIRMED = value("confirmed", "Seen in the community.")


@strawberry.input(description="Which cases; a field that is left out or null asks for nothing.")
class CaseFilter:
    state: list[CaseState] | None = optional("In one of these states.")
    tier: list[Tier] | None = optional("Of one of these tiers.")
    queue_id: strawberry.ID | None = optional("Of this queue; an id that is not there matches nothing.")
    is_mine: bool | None = optional("True: claimed by you. False: by somebody else or nobody.")
    is_overdue: bool | None = optional("True: open, and `dueAt` has passed. False: all others.")


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


@strawberry.enum(description="By what cases are put together to be counted.")
class CaseGrouping(Enum):
    STATE = value("state", "By where they are.")
    TIER = value("tier", "By how soon they are due.")
    SEVERITY = value("severity", "By how grave the violation would be.")
    OUTCOME = value("outcome", "By what was decided; open cases are a group whose `outcome` is null.")


Reporter = Annotated[
    Member | Staff | Rule,
    strawberry.union("Reporter", description="Who complained: a member, somebody at the agency, or a rule."),
]


@publish(moderation.Report, kind="report", needs=Right.READ_CASES)
class Report(Node):
    """One complaint by one reporter about one post."""

    id: strawberry.ID
    channel: ReportChannel = column(description="Tells whose complaint it is, also where `reporter` is null.")
    reason: str = column(description="The reporter's words, at most 2,000 characters; a rule gives its name.")
    created_at: datetime = column(description="When Tend took the complaint in.")
    reporter: Reporter | None = one_of(
        {"Member": "member_id", "Staff": "membership_id", "Rule": "rule_id"},
        description="Null for an API key, and for staff whom you may not see.",
    )
    member: Member | None = one("member_id", description="The member who complained; null for other channels.")
    policy: Policy | None = one("policy_id", description="The policy the reporter named; null for none.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="The case it was merged into."
    )


@publish(moderation.Action, needs=Right.READ_CASES)
class Action:
    """Something a decision does in the community."""

    kind: ActionKind = column(description="What is done there.")
    state: ActionState = column(description="How far it has come; tried again until it is CONFIRMED.")
    created_at: datetime = column(description="When it was decided.")
    confirmed_at: datetime | None = column(description="When it was seen in the community; null until then.")


@publish(moderation.Decision, kind="decision", needs=Right.READ_CASES)
class Decision(Node):
    """The outcome of a case. Never changed."""

    id: strawberry.ID
    outcome: Outcome = column(description="Whether the post breaks a policy.")
    reason: str = column(description="For colleagues and appeals, at most 5,000 characters.")
    decided_at: datetime = column(description="When the case was closed by it.")
    policy_version: PolicyVersion | None = one(
        "policy_version_id", description="The words that were broken; null for NO_VIOLATION."
    )
    decided_by: Staff | None = one("membership_id", description="The reviewer; null where you may not see staff.")
    actions: Connection[Action] = many(
        "decision_id", order=CreationOrder, description="What it does in the community; nothing for NO_VIOLATION."
    )


@publish(moderation.Case, kind="case", needs=Right.READ_CASES)
class Case(Node):
    """All open reports about one post, merged; waits in a queue until somebody decides it."""

    id: strawberry.ID
    state: CaseState = column(description="Where it is on its way to a decision.")
    outcome: Outcome | None = column(description="Null until it is closed.")
    severity: Severity = column(
        description="The worst of the policies its reports name; LOW for a report that names none."
    )
    tier: Tier = column(description="The soonest of the policies its reports name; LOW for a report that names none.")
    risk: float = column(
        description="Without unit, 0 or more: severity, reports, views, members at risk. 40 points halve the wait."
    )
    opened_at: datetime = column(description="When the first report came in.")
    due_at: datetime = column(
        description="When the client was promised a decision: `tier` counted from `openedAt`. Reports can move it."
    )
    virtual_deadline: datetime = column(
        description="Cases are worked in this order: the higher the `risk`, the longer before `dueAt`."
    )
    closed_at: datetime | None = column(description="When it was decided; null until then.")
    claimed_until: datetime | None = column(
        description="When the claim ends by itself and the case goes back to its queue; null unless IN_REVIEW."
    )
    version: int = column(
        description="For `expectedVersion`: goes up with every report and with the decision, not with claims."
    )
    report_count: int = column(description="One for each reporter, however often they complained.")
    is_overdue: bool = sql(
        "{row}.state <> 'closed' and {row}.due_at < now()", description="Whether it is open and `dueAt` has passed."
    )
    assignee: Staff | None = one(
        "claimed_by_id", description="Who has claimed it; null unless IN_REVIEW, and where you may not see staff."
    )
    post: Post | None = one("post_id", description="What the case is about.")
    member: Member | None = one("member_id", description="Who wrote the post.")
    queue: Queue | None = one("queue_id", description="Where it waits, or waited.")
    reports: Connection[Report] = many(
        "case_id", order=CreationOrder, description="The complaints that were merged into it."
    )
    decision: Decision | None = one("case_id", reverse=True, description="Null until it is closed.")
    journal: Connection[JournalEntry] = many(
        "subject_id", order=JournalOrder, description="Who did what to it; empty for whoever may not read the journal."
    )
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client whose case it is."
    )


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
    """How many cases of a client are in which state, and how many are late."""

    queued: int = sql(_tallied("queued"), description="Cases that wait for somebody to claim them.")
    in_review: int = sql(_tallied("in_review"), description="Cases that somebody has claimed.")
    closed: int = sql(_tallied("closed"), description="Cases that have been decided, ever.")
    overdue: int = sql(_open_cases("count(*)", "c.due_at < now()"), description="Open cases whose `dueAt` has passed.")
    oldest_due_at: datetime | None = sql(
        _open_cases("min(c.due_at)"), description="The earliest `dueAt` of the open cases; null when none is open."
    )


@publish(moderation.Case, needs=Right.READ_CASES)
class CaseGroup:
    """Cases that are alike in what they were counted by; what they were not counted by is null."""

    state: CaseState | None = column(description="Where all of them are.")
    tier: Tier | None = column(description="How soon all of them are due.")
    severity: Severity | None = column(description="How grave all of them are.")
    outcome: Outcome | None = column(description="What was decided in all of them; null for open ones too.")
    count: int = aggregate("count(*)", description="How many cases these are.")
    overdue_count: int = aggregate(
        "count(*) filter (where {row}.state <> 'closed' and {row}.due_at < now())",
        description="How many of them are open with a `dueAt` that has passed.",
    )
    oldest_due_at: datetime | None = aggregate(
        "min({row}.due_at) filter (where {row}.state <> 'closed')",
        description="The earliest `dueAt` of the open ones; null when none is open.",
    )
