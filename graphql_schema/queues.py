"""Where cases wait, what sends them there, who may be offered them, and by when they are due."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import moderation
from graphql_schema.actions import ActionKind
from graphql_schema.communities import Community, Member
from graphql_schema.decisions import Decision
from graphql_schema.policies import Policy, Severity, Tier
from graphql_schema.projection import Node, column, count, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import PERSON_ROLES, RIGHTS_OF, Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace
    from graphql_schema.cases import Case, ReportChannel


_LEADS: Final = ", ".join(f"'{role.value}'" for role in PERSON_ROLES if Right.LEAD_QUEUE in RIGHTS_OF[role])
_THEIRS_OR_FOR_LEADS: Final = (
    "({row}.membership_id = {membership} or exists (select from memberships m where m.agency_id = {agency} "
    f"and m.id = {{membership}} and m.role in ({_LEADS})))"
)


@publish(moderation.Queue, kind="queue", needs=Right.READ_CASES)
class Queue(Node):
    """Where cases of one client wait."""

    id: strawberry.ID
    name: str = column(description="What people call the queue; the first one of a client is Moderation.")
    description: str = column(description="What belongs there, at most 2,000 characters; may be empty.")
    skills: list[str] = column(description="All of which a reviewer must have to be offered its cases.")
    is_for_leads: bool = column(description="Whether only leads are offered its cases.")
    archived_at: datetime | None = column(description="Since when nothing is sent there; null for one in use.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    created_at: datetime = column(description="When it was set up.")
    waiting_count: int = count(
        moderation.Case, "queue_id", where="{row}.state = 'queued'", description="Cases that wait in it now."
    )
    overdue_count: int = count(
        moderation.Case,
        "queue_id",
        where="{row}.state <> 'closed' and {row}.kind <> 'golden' and {row}.due_at < now()",
        description="Open cases in it whose `dueAt` has passed.",
    )
    oldest_opened_at: datetime | None = sql(
        "select min(c.opened_at) from cases c where c.agency_id = {agency} and c.workspace_id = {row}.workspace_id "
        "and c.queue_id = {row}.id and c.state <> 'closed' and c.kind <> 'golden'",
        description="Since when its oldest open case waits; null when none does.",
    )


@publish(
    moderation.RoutingRule,
    kind="route",
    needs=Right.READ_CASES,
    row="{row}.version = (select max(v.version) from routing_rules v where v.agency_id = {agency} "
    "and v.workspace_id = {row}.workspace_id)",
)
class RoutingRule(Node):
    """Sends cases to a queue. The first of a client's rules that fits decides; what is empty or null asks for nothing."""

    id: strawberry.ID
    position: int = column(description="In which place it is tried, from 1.")
    version: int = column(description="Of the client's list in force; for `expectedVersion`.")
    tiers: list[Tier] = column(description="One of these tiers.")
    severities: list[Severity] = column(description="One of these severities.")
    channels: list[Annotated["ReportChannel", strawberry.lazy("graphql_schema.cases")]] = column(
        description="Reported through one of these channels at least once."
    )
    languages: list[str] = column(description="Of one of these languages, such as en.")
    is_at_risk: bool | None = column(description="Whether the author is known to be at risk.")
    is_appeal: bool | None = column(description="Whether it is an appeal.")
    created_at: datetime = column(description="When this version of the list was set.")
    queue: Queue | None = one("queue_id", description="Where it sends them.")
    policy: Policy | None = one("policy_id", description="Reported under this policy at least once; null for any.")
    community: Community | None = one("community_id", description="Of this community; null for any.")
    created_by: Staff | None = one("created_by_id", description="Who set it; null where you may not see staff.")


@publish(
    moderation.Reviewer,
    kind="reviewer",
    needs=Right.WORK_QUEUE,
    row=_THEIRS_OR_FOR_LEADS,
)
class Reviewer(Node):
    """What a colleague can judge and bear; told to themselves and to leads."""

    id: strawberry.ID
    skills: list[str] = column(description="What queues may ask for; given by a lead.")
    languages: list[str] = column(description="What they read, such as en; empty for whatever comes.")
    avoids_severe: bool = column(description="Whether severe cases are never offered to them.")
    soft_limit: int | None = column(
        description="Weighted seconds in a shift, after which lighter cases go first; null for the usual 48,600."
    )
    hard_limit: int | None = column(
        description="Weighted seconds in a shift, after which severe cases are not offered; null for the usual 97,200."
    )
    staff: Staff | None = one("membership_id", description="Who it is; null where you may not see staff.")


@publish(
    moderation.ConflictOfInterest,
    kind="conflict",
    needs=Right.WORK_QUEUE,
    row=_THEIRS_OR_FOR_LEADS,
)
class ConflictOfInterest(Node):
    """A reviewer is too close to somebody, and is not offered their cases; told to themselves and to leads."""

    id: strawberry.ID
    reason: str = column(description="In their words, at most 2,000 characters; may be empty.")
    declared_at: datetime = column(description="Since when it holds.")
    ended_at: datetime | None = column(description="Since when not any more; null while it holds.")
    staff: Staff | None = one("membership_id", description="Whose it is; null where you may not see staff.")
    member: Member | None = one("member_id", description="The member they are close to; null for more than one.")
    community: Community | None = one("community_id", description="All members of it; null for one, or for all.")


@publish(moderation.ServiceLevel, kind="servicelevel", needs=Right.READ_WORKSPACE)
class ServiceLevel(Node):
    """What a client was promised for cases of a tier, other than usual; in minutes of its working hours."""

    id: strawberry.ID
    tier: Tier = column(description="Of danger, minutes of any time.")
    first_touch_minutes: int = column(description="Until somebody looks.")
    decision_minutes: int = column(description="Until a decision.")
    appeal_minutes: int = column(description="Until the answer to an appeal.")


@publish(moderation.WorkingHours, kind="hours", needs=Right.READ_WORKSPACE)
class WorkingHours(Node):
    """When a client's clocks run, where the client is."""

    id: strawberry.ID
    weekday: int = column(description="0 for Monday to 6 for Sunday.")
    opens_minute: int = column(description="When they begin to run, in minutes of the day: 540 is 9:00.")
    closes_minute: int = column(description="When they stop; 1440 is the end of the day.")


@publish(moderation.DayOff, kind="dayoff", needs=Right.READ_WORKSPACE)
class DayOff(Node):
    """A day on which a client's clocks stand still."""

    id: strawberry.ID
    day: str = column(description="A date where the client is, ISO 8601: 2026-12-25.")
    name: str = column(description="What it is called; may be empty.")


@publish(moderation.QualityPlan, kind="qualityplan", needs=Right.READ_CASES)
class QualityPlan(Node):
    """Which cases of a client are judged twice, and which decisions wait for a second person."""

    id: strawberry.ID
    second_review_severities: list[Severity] = column(description="Cases of these are judged twice, blind.")
    newcomer_reviews: int = column(
        description="How many reviews under a policy, or of no violation, make somebody no newcomer; 0 for none."
    )
    sampled_share: float = column(description="Of all other cases, the share that is judged twice: 0 to 1.")
    golden_share: float = column(description="Of claims, the share that gets a case whose answer is known: 0 to 0.5.")
    held_actions: list[ActionKind] = column(description="Decisions with one of these wait for a second person.")
    held_from_days: int = column(description="Of silences and suspensions, those this long or without an end.")
    version: int = column(description="For `expectedVersion`; each change adds one.")
    updated_at: datetime = column(description="When it was last changed.")
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client it is for."
    )


@publish(moderation.GoldenItem, kind="golden", needs=Right.LEAD_QUEUE)
class GoldenItem(Node):
    """A closed case whose decision is right. Offered again as if it were new, to measure reviewers by."""

    id: strawberry.ID
    note: str = column(description="Why it is a good measure, at most 2,000 characters; may be empty.")
    made_at: datetime = column(description="When a lead said so.")
    retired_at: datetime | None = column(description="Since when nobody is offered it; null for one in use.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="The case that it repeats."
    )
    decision: Decision | None = one("decision_id", description="The right answer.")
    made_by: Staff | None = one("made_by_id", description="Who said so; null where you may not see staff.")
    answer_count: int = count(
        moderation.GoldenAnswer,
        "golden_item_id",
        where="{row}.is_right is not null",
        description="How many reviewers have judged it.",
    )
    right_count: int = count(
        moderation.GoldenAnswer, "golden_item_id", where="{row}.is_right", description="How many of them were right."
    )
