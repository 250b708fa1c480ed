"""What is learned from an escalation."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from backend import safety
from graphql_schema.projection import Node, column, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.escalations import Escalation


@publish(safety.EscalationReview, needs=Right.WORK_QUEUE)
class EscalationReview:
    """What was learned from an escalation that is over. Shown to its readers, and to who wrote it last."""

    what_happened: str = column(description="At most 10,000 characters; empty once forgotten.")
    went_well: str = column(description="At most 10,000 characters; may be empty.")
    to_change: str = column(description="At most 10,000 characters; may be empty. Who does it: `followUps`.")
    created_at: datetime = column(description="When it was first written.")
    changed_at: datetime = column(description="When it was last changed.")
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    by: Staff | None = one("by_id", description="Who wrote it last; null where you may not see staff.")


@publish(safety.FollowUp, kind="followup", needs=Right.REPORT)
class FollowUp(Node):
    """What is to change after an escalation. Shown to whose it is, and to the escalation's readers."""

    id: strawberry.ID
    what: str = column(description="What is to be done, at most 2,000 characters; empty once forgotten.")
    due_at: datetime = column(description="By when it is to be done.")
    is_overdue: bool = sql(
        "{row}.done_at is null and {row}.due_at < now()", description="Whether that is over, and it is not done."
    )
    created_at: datetime = column(description="When it was asked for.")
    done_at: datetime | None = column(description="When it was done; null until then.")
    done_note: str = column(description="What was done; may be empty.")
    owner: Staff | None = one("by_id", description="Who is to do it; null where you may not see staff.")
    escalation: Annotated["Escalation", strawberry.lazy("graphql_schema.escalations")] | None = one(
        "escalation_id", description="After which; its `isDrill` says whether that was a drill."
    )
    asked_by: Staff | None = one("asked_by_id", description="Who asked for it; null where you may not see staff.")
