"""What law or we want done by a moment, and nobody has done: told as danger to whoever has the escalation, else to leads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.safety.ending_turns import tell_of_turns
from backend.safety.models import Escalation
from backend.safety.staffing import staffing_of
from backend.safety.telling_colleagues import tell_colleagues
from backend.safety.thresholds import TAKE_IT_DOWN_GRAVEST_AFTER
from backend.safety.watching_reviews import tell_of_reviews, was_told
from tenants import locks
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import current


async def watch_deadlines(_system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: of a filing once when it is overdue; of a request to take something down at 36 hours and at 48; of reviews and what follows
    from them once; of turns that end."""
    await tell_of_deadlines(await current().now())


async def tell_of_deadlines(moment: datetime) -> None:
    scope = current()
    await scope.lock(locks.ESCALATING, f"deadlines of {scope.actor.agency_id}")  # of two who look at once one tells
    rows = await scope.fetch(
        """select 'filing' as what, f.id, f.escalation_id, f.workspace_id, f.due_at as at from safety_filings f
            where f.agency_id = $1 and ($2 or f.workspace_id = any($3)) and f.state <> 'filed' and f.due_at <= $4
           union all
           select 'takedown', t.id, t.escalation_id, t.workspace_id, s.at from takedowns t
             cross join lateral (values (t.received_at + $5::interval), (t.deadline_at)) as s (at)
            where t.agency_id = $1 and ($2 or t.workspace_id = any($3)) and t.settled_by_id is null and s.at <= $4
           order by at, id""",
        scope.actor.agency_id,
        scope.actor.sees_all,
        list(scope.actor.workspaces or ()),
        moment,
        TAKE_IT_DOWN_GRAVEST_AFTER,
    )
    for row in rows:
        occasion = f"{row['what']}_{row['id']} {row['at']:%m%d%H%M}"
        if not await was_told(row["escalation_id"], "deadline_missed", occasion):
            await _tell(row, occasion, moment=moment)
    await tell_of_reviews(moment)
    await tell_of_turns(moment)


async def _tell(row: Mapping[str, Any], occasion: str, *, moment: datetime) -> None:
    staffing = await staffing_of(row["workspace_id"], moment=moment)
    escalation = await Escalation.get(id=row["escalation_id"])
    owner_id = escalation.owner_id if escalation.state == "acknowledged" else None
    whom = [owner_id] if owner_id is not None and staffing.may_respond(owner_id) else staffing.of_role(Role.LEAD)
    await tell_colleagues(
        whom or staffing.of_role(Role.OWNER),
        escalation,
        kind="deadline_missed",
        text="A deadline of an escalation is over, or nearly: see what is to be filed or taken down.",
        occasion=occasion,
    )
