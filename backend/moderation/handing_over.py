from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.moderation.leasing import give_back
from tenants.actor import Actor
from tenants.rights import RIGHTS_OF, Right
from tenants.scope import current


async def hand_over(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: cases that somebody holds in clients they no longer work for go back to their queues. Run twice, it finds
    nothing left. A membership that ends by itself needs none: its claims run out, and nobody extends them."""
    held = await current().fetch(
        """select c.workspace_id, c.id from cases c
             join memberships m on m.agency_id = $1 and m.id = c.claimed_by_id
            where c.agency_id = $1 and c.claimed_by_id = $2 and c.state = 'in_review'
              and not (m.suspended_at is null and (m.ends_at is null or m.ends_at > now())
                       and m.role = any($3)
                       and (m.sees_all or exists (
                            select from assignments s where s.agency_id = $1 and s.membership_id = m.id
                               and s.workspace_id = c.workspace_id)))
            order by c.id for update of c""",
        system.agency_id,
        UUID(payload["membership_id"]),
        [role.value for role in RIGHTS_OF if Right.WORK_QUEUE in RIGHTS_OF[role]],
    )
    for case in held:
        await give_back(case["id"], workspace_id=case["workspace_id"], by="handed_over")
