"""Drills: raised, paged, taken and resolved as if somebody were in danger. Marked everywhere, and counted apart."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.texts import clean
from backend.safety.after_models import SafetySettings
from backend.safety.raising import KINDS, Danger, Subject, raise_escalation
from backend.safety.thresholds import DRILLED_EVERY
from tenants import locks
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

SCENE: Final = (
    "Nobody is in danger. Take it, follow its protocol, tell whom you would tell that it is a drill, and resolve it."
)


async def start_drill(
    actor: Actor,
    workspace_id: UUID,
    *,
    kind: str,
    scene: str = SCENE,
    impact: int | None = 1,
    urgency: int | None = 1,
    moment: datetime | None = None,
) -> UUID:
    """The whole chain, about nobody. Its id. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    danger = Danger(
        kind, f"Drill: {clean(scene, field='scene', longest=4_900)}", impact=impact, urgency=urgency, is_drill=True
    )
    escalation_id, _ = await raise_escalation(actor, Subject(workspace_id), danger, moment=moment)
    return escalation_id


async def start_drills(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: where the agency wants it and had none for four weeks, one for the client that had none for longest, of the kind
    that was drilled least."""
    await drill_if_due(system, await current().now())


async def drill_if_due(system: Actor, moment: datetime) -> UUID | None:
    """Also of those started by hand the last one counts."""
    scope = current()
    await scope.lock(locks.ESCALATING, f"drills of {system.agency_id}")
    settings = await SafetySettings.get_or_none()
    if settings is None or not settings.has_monthly_drills:
        return None
    clients = await scope.fetch(
        """select w.id, max(e.raised_at) as drilled_at from workspaces w
             left join escalations e on e.agency_id = $1 and e.workspace_id = w.id and e.is_drill
            where w.agency_id = $1 and ($2 or w.id = any($3)) and w.deletes_at is null
            group by w.id, w.created_at order by drilled_at nulls first, w.created_at, w.id""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
    )
    last = max((row["drilled_at"] for row in clients if row["drilled_at"] is not None), default=None)
    if not clients or (last is not None and moment - last < DRILLED_EVERY):
        return None
    return await start_drill(system, clients[0]["id"], kind=await _least_drilled(system), moment=moment)


async def _least_drilled(system: Actor) -> str:
    rows = await current().fetch(
        """select kind, count(*) as count from escalations
            where agency_id = $1 and ($2 or workspace_id = any($3)) and is_drill group by kind""",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
    )
    counts = {row["kind"]: row["count"] for row in rows}
    return min(KINDS, key=lambda kind: counts.get(kind, 0))
