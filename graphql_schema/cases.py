from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import moderation
from backend.moderation import AT_RISK_SHARE
from graphql_schema.appeals import Appeal
from graphql_schema.communities import Member, Post
from graphql_schema.decisions import Decision, Outcome, Review
from graphql_schema.describing import optional, value
from graphql_schema.journal import JournalEntry
from graphql_schema.orders import (
    AppealOrder,
    CreationOrder,
    DecisionOrder,
    JournalOrder,
    MoveOrder,
    QuestionOrder,
    ReviewOrder,
)
from graphql_schema.policies import Policy, Severity, Tier
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
from graphql_schema.queues import Queue
from graphql_schema.rules import Rule
from graphql_schema.staff import Staff
from tenants import models
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace
    from graphql_schema.trusted_flaggers import TrustedFlagger


@strawberry.enum(description="Where a case is on its way to a decision.")
class CaseState(Enum):
    QUEUED = value("queued", "Waits for somebody to claim it.")
    IN_REVIEW = value("in_review", "Claimed by somebody, until `claimedUntil`.")
    PENDING_INFO = value("pending_info", "Waits for an answer, until `pendingUntil`; its clock stands still.")
    HELD = value("held", "Decided, with an impact so high that a second person has to approve it.")
    CLOSED = value(
        "closed",
        "Decided: a later report about the post opens another case, unless the post was judged fine and is as it was.",
    )


@strawberry.enum(description="What a case is about.")
class CaseKind(Enum):
    MODERATION = value("moderation", "Reports about a post.")
    APPEAL = value("appeal", "An appeal against a decision about a post.")


@strawberry.enum(description="Why a case went to another state.")
class CaseMoveReason(Enum):
    REPORTED = value("reported", "Somebody reported the post for the first time.")
    CLAIMED = value("claimed", "Somebody claimed it.")
    RELEASED = value("released", "They gave it back, for anybody.")
    SKIPPED = value("skipped", "They gave it back, for somebody else.")
    EXPIRED = value("expired", "Their claim ended without a sign of life.")
    HANDED_OVER = value("handed_over", "They do not work for the client any more.")
    SEVERITY = value("severity", "Cases this severe are judged twice.")
    POLICY = value("policy", "Violations of this policy are judged twice.")
    NEWCOMER = value("newcomer", "Somebody new to the policy judged it.")
    SAMPLE = value("sample", "It is of the share that is judged twice.")
    DISAGREEMENT = value("disagreement", "Two judged it differently, and a lead is to decide.")
    HIGH_IMPACT = value("high_impact", "The decision waits for a second person.")
    DECIDED = value("decided", "It was decided.")
    ASKED = value("asked", "A member was asked something.")
    ANSWERED = value("answered", "The member answered.")
    UNANSWERED = value("unanswered", "They did not answer in time.")
    RESUMED = value("resumed", "Somebody did not want to wait any longer.")
    UNDONE = value("undone", "The decision was taken back.")
    REOPENED = value("reopened", "A lead wants it judged again.")
    APPEALED = value("appealed", "Somebody appealed against the decision.")


@strawberry.enum(description="Through which channel a report came.")
class ReportChannel(Enum):
    MEMBER = value("member", "A member complained, and somebody passed it on.")
    STAFF = value("staff", "Somebody at the agency complained.")
    RULE = value("rule", "A rule of the client found the post.")
    API = value("api", "A machine complained by its API key.")
    FORM = value("form", "Somebody without an account, by a page for reports or a notice: it breaks the rules.")
    LEGAL = value("legal", "The same: it is illegal (Article 16 of the Digital Services Act).")
    TRUSTED = value("trusted", "A trusted flagger, by their page or their API key.")
    ORDER = value("order", "An authority ordered something about it.")


@strawberry.enum(description="Why a report waits in no queue.")
class ReportSetAside(Enum):
    SUSPENDED = value("suspended", "Its reporter was suspended for misuse. It is in no case.")
    JUDGED_FINE = value(
        "judged_fine",
        "The post was judged fine as it is; the report was answered with that, and is in the closed case.",
    )


@strawberry.input(description="Which cases; a field that is left out or null asks for nothing.")
class CaseFilter:
    state: list[CaseState] | None = optional("In one of these states.")
    tier: list[Tier] | None = optional("Of one of these tiers.")
    queue_id: strawberry.ID | None = optional("Of this queue; an id that is not there matches nothing.")
    is_mine: bool | None = optional("True: claimed by you. False: by somebody else or nobody.")
    is_overdue: bool | None = optional("True: open, and `dueAt` has passed. False: all others.")
    is_appeal: bool | None = optional("True: appeals. False: reports.")


CASE_FILTERS: Final = Filters(
    CaseFilter,
    {
        "state": Each("state"),
        "tier": Each("tier"),
        "is_appeal": Either("{row}.kind = 'appeal'", "{row}.kind <> 'appeal'"),
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
        description="Null for whoever has no account, an API key, and staff whom you may not see.",
    )
    member: Member | None = one("member_id", description="The member who complained; null for other channels.")
    policy: Policy | None = one("policy_id", description="The policy the reporter named; null for none.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="The case it was merged into; null for a reporter who was suspended."
    )
    set_aside: ReportSetAside | None = column(description="Why it waits in no queue; null for most.")
    trusted_flagger: Annotated["TrustedFlagger", strawberry.lazy("graphql_schema.trusted_flaggers")] | None = one(
        "trusted_flagger_id", description="Whose report it is; null for others."
    )


@publish(moderation.CaseMove, needs=Right.READ_CASES)
class CaseMove:
    """A case went from one state to another."""

    from_state: CaseState | None = column(description="Where it was; null when it was opened.")
    to_state: CaseState = column(description="Where it went.")
    because: CaseMoveReason = column(description="What moved it.")
    at: datetime = column(description="When it went there.")
    by: Staff | None = one(
        "membership_id", description="Who moved it; null for Tend itself, and where you may not see staff."
    )


@publish(moderation.CaseQuestion, kind="question", needs=Right.READ_CASES)
class CaseQuestion(Node):
    """What a member was asked about a case."""

    id: strawberry.ID
    question: str = column(description="At most 5,000 characters.")
    asked_at: datetime = column(description="When it was asked.")
    answer: str | None = column(description="At most 10,000 characters; null until there is one.")
    answered_at: datetime | None = column(description="When it was recorded; null until then.")
    member: Member | None = one("member_id", description="Who was asked.")
    asked_by: Staff | None = one("asked_by_id", description="Who asked; null where you may not see staff.")


# Golden cases are there for whom they were made for alone, and look like any other.
@publish(
    moderation.Case,
    kind="case",
    needs=Right.READ_CASES,
    row="({row}.only_for_id is null or {row}.only_for_id = {membership})",
)
class Case(Node):
    """All open reports about one post, merged; waits in a queue until somebody decides it."""

    id: strawberry.ID
    kind: CaseKind = sql(
        "case {row}.kind when 'golden' then 'moderation' else {row}.kind end", description="What it is about."
    )
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
    first_touch_due_at: datetime | None = column(
        description="When the client was promised that somebody looks; null for cases of older versions of Tend."
    )
    first_touched_at: datetime | None = column(description="When somebody first claimed it; null until then.")
    pending_until: datetime | None = column(description="Until when it waits for an answer; null unless PENDING_INFO.")
    slot: int = column(
        description="Which review is due: 1, 2 for a blind second one, 3 for a lead who decides between two."
    )
    language: str | None = column(description="Of the post, such as en; null where it cannot be told.")
    is_member_at_risk: bool = column(
        "is_at_risk",
        description="Whether its author was known to be a minor or otherwise at risk when it was reported.",
    )
    routing_version: int | None = column(
        description="Which version of the client's routing sent it to its queue; 0 for a person or a rule, null for none."
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
    is_about_to_be_late: bool = sql(
        "{row}.state <> 'closed' and {row}.due_at >= now() "
        f"and {{row}}.due_at - now() < {AT_RISK_SHARE} * ({{row}}.due_at - {{row}}.opened_at)",
        description="Whether it is open, and less than a fifth of the time to `dueAt` is left.",
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
    decision: Decision | None = one(
        "decision_id", description="The one that is in force, or held; null until there is one."
    )
    decisions: Connection[Decision] = many(
        "case_id",
        order=DecisionOrder,
        description="Every decision about it, those that do not count any more included.",
    )
    reviews: Connection[Review] = many(
        "case_id", order=ReviewOrder, description="What reviewers think of it, as far as it is not blind to you."
    )
    questions: Connection[CaseQuestion] = many(
        "case_id", order=QuestionOrder, description="What members were asked about it."
    )
    appeals: Connection[Appeal] = many(
        "case_id", order=AppealOrder, description="What waits for an answer in a case of kind APPEAL; else nothing."
    )
    moves: Connection[CaseMove] = many("case_id", order=MoveOrder, description="Where it has been since it was opened.")
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
        f"and c.state <> 'closed' and c.kind <> 'golden' and {condition}"
    )


@publish(models.Workspace, needs=Right.READ_WORKSPACE)
class CaseCounts:
    """How many cases of a client are in which state, and how many are late."""

    queued: int = sql(_tallied("queued"), description="Cases that wait for somebody to claim them.")
    in_review: int = sql(_tallied("in_review"), description="Cases that somebody has claimed.")
    pending_info: int = sql(_tallied("pending_info"), description="Cases that wait for an answer.")
    held: int = sql(_tallied("held"), description="Cases whose decision waits for a second person.")
    closed: int = sql(_tallied("closed"), description="Cases that have been decided, ever.")
    overdue: int = sql(_open_cases("count(*)", "c.due_at < now()"), description="Open cases whose `dueAt` has passed.")
    oldest_due_at: datetime | None = sql(
        _open_cases("min(c.due_at)"), description="The earliest `dueAt` of the open cases; null when none is open."
    )


@publish(moderation.Case, needs=Right.READ_CASES, row="{row}.only_for_id is null")
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
