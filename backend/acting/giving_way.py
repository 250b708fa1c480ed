"""An action that is ordered while an earlier one is still being taken back: that need not be done any more, and done late it
would undo what is wanted now."""

from backend.acting.ending import record_action
from backend.acting.models import Action
from backend.acting.platforms import OF_POSTS, REVERSALS
from tenants.scope import current


async def take_the_place(action: Action) -> None:
    """What takes back the like of it, and is not done, is called off; the action ends what was to be taken back with its own
    end, whichever comes first on the platform."""
    for other in await _under_way(action):
        if other.kind == action.kind and not lasts_as_long(action, other):
            continue
        await current().execute(
            "update actions set state = 'cancelled' where agency_id = $1 and workspace_id = $2 and id = $3",
            other.agency_id,
            other.workspace_id,
            other.id,
        )
        await record_action(
            "cancelled", other.id, case_id=other.case_id, workspace_id=other.workspace_id, kind=other.kind
        )
        action.reverses_id = other.id
        await action.save(update_fields=("reverses_id",))


def lasts_as_long(other: Action, action: Action) -> bool:
    return other.until_at is None or (action.until_at is not None and other.until_at >= action.until_at)


async def _under_way(action: Action) -> list[Action]:
    if action.kind not in REVERSALS or action.reverses_id is not None:
        return []
    same = {"post_id": action.post_id} if action.kind in OF_POSTS else {"member_id": action.member_id}
    return await Action.filter(
        workspace_id=action.workspace_id,
        kind__in=[action.kind, REVERSALS[action.kind]],
        reverses_id__isnull=False,
        state__in=["queued", "sent", "failed"],
        **same,
    ).select_for_update()
