"""Which client is looked after first, and why: answered in Python."""

from enum import Enum
from typing import Final

import strawberry

from backend import client_metrics
from backend.kit.errors import NotAllowed
from graphql_schema.agencies import Workspace
from graphql_schema.client_metrics import MetricValue, shown_value
from graphql_schema.context import Info
from graphql_schema.describing import value
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import COSTS, NEEDS
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

ATTENTION_PRICE: Final = 250  # points: a week of five numbers and two weeks of two, of each client


@strawberry.enum(description="Why a client needs attention, the gravest first.")
class AttentionReasonKind(Enum):
    ESCALATION_LATE = value("escalation_late", "Escalations that nobody has taken in time.")
    NOBODY_ON_CALL = value("nobody_on_call", "Times within the coming week at which nobody is on call.")
    ESCALATION_OPEN = value("escalation_open", "Escalations that are not resolved.")
    OPEN_PAST_DUE = value("open_past_due", "Cases that are open past their `dueAt`.")
    BELOW_GOAL = value("below_goal", "Surely less than 90 % of the cases closed this week were closed in time.")
    REPORTS_RISING = value("reports_rising", "More reports than last week, beyond chance.")
    ACTIVITY_FALLING = value("activity_falling", "Fewer people wrote than last week, beyond chance.")
    CERTIFICATES_MISSING = value("certificates_missing", "Certificates that colleagues need there and do not hold.")


@strawberry.type(description="One reason for which a client needs attention.")
class AttentionReason:
    kind: AttentionReasonKind = strawberry.field(description="What it is about.")
    count: int = strawberry.field(description="How many there are of it.")
    value: MetricValue | None = strawberry.field(description="The number of this week that says so; null for a rota.")
    before: MetricValue | None = strawberry.field(description="That of last week, where they are compared.")


@strawberry.type(description="A client that needs attention this week.")
class ClientAttention:
    workspace: Workspace | None = strawberry.field(description="What it is about.")
    reasons: list[AttentionReason] = strawberry.field(description="Why, the gravest first.")


@strawberry.type
class SeeingAttention:
    @strawberry.field(
        description="Which of your clients need attention this week, and why. Ranked by their gravest reason, in the order of "
        "AttentionReasonKind; of those alike by how many reasons they have, then by how many there are of the gravest, "
        "then by name. Empty for whoever is not of the agency.",
        metadata={NEEDS: Right.READ_STAFF, COSTS: lambda _: ATTENTION_PRICE},
    )
    async def clients_needing_attention(self, info: Info) -> list[ClientAttention]:
        try:
            found = await client_metrics.clients_needing_attention(actor_of(info.context))
        except NotAllowed:
            return []
        return [
            ClientAttention(
                workspace=ref(Workspace, each.workspace_id),
                reasons=[
                    AttentionReason(
                        kind=AttentionReasonKind(reason.why.value),
                        count=reason.count,
                        value=None if reason.value is None else shown_value(reason.value),
                        before=None if reason.before is None else shown_value(reason.before),
                    )
                    for reason in each.reasons
                ],
            )
            for each in found
        ]
