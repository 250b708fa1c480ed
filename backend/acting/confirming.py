from typing import Final
from uuid import UUID

from backend.acting.carrying_out import order_of
from backend.acting.ending import confirm, fail, record_action
from backend.acting.models import Action
from backend.acting.noting import note
from backend.acting.thresholds import LONGEST_PROBLEM
from backend.kit.clock import now
from tenants.scope import current

_UNKNOWN: Final = "No action of this community has this id."
_OVER: Final = "Nobody waits for this action any more."


async def confirm_action(connection_id: UUID, action_id: UUID, *, problem: str | None) -> str | None:
    """A site says that it has done what it was asked, or why it could not. None where that was taken, else why not: only
    the site that was asked can say so, also late."""
    action = await Action.get_or_none(id=action_id, connection_id=connection_id)
    if action is None:
        return _UNKNOWN
    if problem is not None:
        return await _refused(action, problem)
    if not await confirm(action) and not await _confirm_late(action):
        return None if action.state == "confirmed" else _OVER
    order = await order_of(action)
    if order is not None:
        await note(order)
    return None


async def _refused(action: Action, problem: str) -> str | None:
    if action.state not in ("queued", "sent"):
        return _OVER
    await fail(action, f"The site could not do it: {problem[:LONGEST_PROBLEM]}", tries=action.tries + 1)
    return None


async def _confirm_late(action: Action) -> bool:
    changed = await current().change(
        """update actions set state = 'confirmed', confirmed_at = $4, problem = null
            where agency_id = $1 and workspace_id = $2 and id = $3 and state = 'failed'""",
        action.agency_id,
        action.workspace_id,
        action.id,
        now(),
    )
    if changed:
        await record_action(
            "confirmed", action.id, case_id=action.case_id, workspace_id=action.workspace_id, kind=action.kind
        )
    return changed == 1
