"""What reviewers think of a case, what was decided, and what became of that."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import moderation
from graphql_schema.actions import Action, ActionKind
from graphql_schema.describing import value
from graphql_schema.evidence import EvidenceSnapshot
from graphql_schema.orders import AppealOrder, CreationOrder, EvidenceOrder, MoveOrder
from graphql_schema.policies import PolicyVersion
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
from graphql_schema.staff import Staff
from graphql_schema.statements import StatementOfReasons
from graphql_schema.strikes import StrikeEntry
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.appeals import Appeal

_CAME: Final = (
    "exists (select from decision_events e where e.agency_id = {{agency}} and e.workspace_id = {{row}}.workspace_id "
    "and e.decision_id = {{row}}.id and e.kind = '{kind}')"
)
_STATE: Final = " ".join(
    [
        "case",
        *(f"when {_CAME.format(kind=kind)} then '{kind}'" for kind in ("denied", "undone", "overturned", "superseded")),
        f"when {{row}}.is_held and not {_CAME.format(kind='approved')} then 'held'",
        "else 'effective' end",
    ]
)


@strawberry.enum(description="What was decided.")
class Outcome(Enum):
    VIOLATION = value("violation", "The post breaks a policy of the client.")
    NO_VIOLATION = value("no_violation", "The post breaks none.")


@strawberry.enum(description="Whether a decision counts.")
class DecisionState(Enum):
    HELD = value("held", "Waits for a second person to approve it; nothing of it is done yet.")
    EFFECTIVE = value("effective", "It is in force.")
    DENIED = value("denied", "The second person decided otherwise; nothing of it was ever done.")
    UNDONE = value("undone", "Whoever decided took it back within minutes; what it did is reversed.")
    OVERTURNED = value("overturned", "An appeal was right; what it did is reversed.")
    SUPERSEDED = value("superseded", "A later decision about the case took its place.")


@strawberry.enum(description="What became of a decision.")
class DecisionEventKind(Enum):
    APPROVED = value("approved", "A second person approved it, and it took effect.")
    DENIED = value("denied", "A second person decided otherwise.")
    UNDONE = value("undone", "Whoever decided took it back.")
    SUPERSEDED = value("superseded", "A later decision took its place.")
    OVERTURNED = value("overturned", "An appeal was right.")


@strawberry.enum(description="For what somebody judged a case.")
class ReviewPurpose(Enum):
    FIRST = value("first", "As the first.")
    SECOND = value("second", "Blind, after somebody else: who agrees closes the case, else a lead decides.")
    THIRD = value("third", "As a lead, after two who differ or about a decision that was held.")
    BULK = value("bulk", "Together with other cases.")
    APPEAL = value("appeal", "As an appeal against an earlier decision.")
    GOLDEN = value("golden", "Without knowing it, of a case whose answer was known.")


@publish(moderation.DecisionEvent, needs=Right.READ_CASES)
class DecisionEvent:
    """Something that became of a decision."""

    kind: DecisionEventKind = column(description="What it was.")
    reason: str = column(description="In the words of who did it, at most 5,000 characters; may be empty.")
    at: datetime = column(description="When it was.")
    by: Staff | None = one("membership_id", description="Who did it; null where you may not see staff.")


@publish(moderation.Decision, kind="decision", needs=Right.READ_CASES)
class Decision(Node):
    """The outcome of a case. Never changed; what became of it stands in `state` and `events`."""

    id: strawberry.ID
    state: DecisionState = sql(_STATE, description="Whether it counts now.")
    outcome: Outcome = column(description="Whether the post breaks a policy.")
    reason: str = column(description="For colleagues and appeals, at most 5,000 characters.")
    decided_at: datetime = column(description="When the case was closed by it.")
    policy_version: PolicyVersion | None = one(
        "policy_version_id", description="The words that were broken; null for NO_VIOLATION."
    )
    ordered: list[ActionKind] = column(
        "actions", description="What it says is done; while it is held, nothing of it has been."
    )
    days: int | None = column(
        description="How long a silence or suspension lasts; null for without an end, and where there is none."
    )
    is_held: bool = column(description="Whether it had to wait for a second person to approve it.")
    supersedes: Annotated["Decision", strawberry.lazy("graphql_schema.decisions")] | None = one(
        "supersedes_id", description="The earlier decision about the case whose place it took; null for a first one."
    )
    appeals: Connection[Annotated["Appeal", strawberry.lazy("graphql_schema.appeals")]] = many(
        "decision_id", order=AppealOrder, description="By whom it was not accepted."
    )
    events: Connection[DecisionEvent] = many(
        "decision_id", order=MoveOrder, description="What became of it; nothing for one that simply counts."
    )
    decided_by: Staff | None = one("membership_id", description="The reviewer; null where you may not see staff.")
    statement: StatementOfReasons | None = one(
        "decision_id", reverse=True, description="What the member is told; null where nothing was done."
    )
    strikes: Connection[StrikeEntry] = many(
        "decision_id", order=CreationOrder, description="What it counts for the member, and that it was taken back."
    )
    evidence: Connection[EvidenceSnapshot] = many(
        "case_id",
        own="case_id",
        order=EvidenceOrder,
        description="The post as it was when its case was decided, and up to five before it.",
    )
    actions: Connection[Action] = many(
        "decision_id", order=CreationOrder, description="What it does in the community; nothing for NO_VIOLATION."
    )


@publish(
    moderation.Review,
    kind="review",
    needs=Right.READ_CASES,
    row="({row}.membership_id = {membership} or exists (select from cases c where c.agency_id = {agency} "
    "and c.workspace_id = {row}.workspace_id and c.id = {row}.case_id and (c.state in ('held', 'closed') or c.slot = 3)))",
)
class Review(Node):
    """What one person thinks of a case. Never changed; nobody sees those of others while a blind one is due."""

    id: strawberry.ID
    purpose: ReviewPurpose = column(description="As what they judged it.")
    because: str = column(
        description="Why somebody else had to look as well: severity, policy, newcomer, sample, denied; empty for none."
    )
    outcome: Outcome = column(description="Whether they think that the post breaks a policy.")
    actions: list[ActionKind] = column(description="What they would do.")
    days: int | None = column(description="For how long; null for without an end, and where there is nothing to last.")
    reason: str = column(description="In their words, at most 5,000 characters.")
    submitted_at: datetime = column(description="When they said so.")
    policy_version: PolicyVersion | None = one(
        "policy_version_id", description="The words they think were broken; null for NO_VIOLATION."
    )
    reviewer: Staff | None = one("membership_id", description="Whose review it is; null where you may not see staff.")
