"""Reviews that nobody has written in time, and what follows from them and is not done: told to leads, once each."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from backend.safety.models import Escalation
from backend.safety.staffing import staffing_of
from backend.safety.telling_colleagues import tell_colleagues
from tenants.rights import Role
from tenants.scope import current


async def tell_of_reviews(moment: datetime) -> None:
    """Whoever a follow-up is of is told as well. Call while holding the lock of deadlines."""
    scope = current()
    rows = await scope.fetch(
        """select e.id as escalation_id, null::uuid as id, null::uuid as owner_id, e.review_due_at as due_at
             from escalations e
            where e.agency_id = $1 and ($2 or e.workspace_id = any($3))
              and e.reviewed_at is null and e.review_due_at <= $4
           union all
           select f.escalation_id, f.id, f.by_id, f.due_at from follow_ups f
            where f.agency_id = $1 and ($2 or f.workspace_id = any($3)) and f.done_at is null and f.due_at <= $4
           order by due_at, escalation_id, id""",
        scope.actor.agency_id,
        scope.actor.sees_all,
        list(scope.actor.workspaces or ()),
        moment,
    )
    for row in rows:
        what = "review" if row["id"] is None else f"followup_{row['id']}"
        occasion = f"{what} {row['due_at']:%y%m%d%H%M}"
        if not await was_told(row["escalation_id"], "review_overdue", occasion):
            escalation = await Escalation.get(id=row["escalation_id"])
            await tell_colleagues(
                await _whom(escalation, [row["owner_id"]] if row["owner_id"] else [], moment=moment),
                escalation,
                kind="review_overdue",
                text="A review of an escalation, or what follows from it, is overdue.",
                occasion=occasion,
            )


async def was_told(escalation_id: UUID, kind: str, occasion: str) -> bool:
    found: bool = await current().fetchval(
        """select exists (select from notices where agency_id = $1 and subject_id = $2 and kind = $3
                             and occasion = $4)""",
        current().actor.agency_id,
        escalation_id,
        kind,
        occasion,
    )
    return found


async def _whom(escalation: Escalation, owners: Iterable[UUID], *, moment: datetime) -> list[UUID]:
    staffing = await staffing_of(escalation.workspace_id, moment=moment)
    leads = staffing.of_role(Role.LEAD) or staffing.of_role(Role.OWNER)
    return [*leads, *(each for each in owners if each in staffing.colleagues)]
