"""Taking back what was done: what was not done yet is called off, the rest gets the action that undoes it."""

from uuid import UUID

from backend.acting.ending import record_action
from backend.acting.giving_way import lasts_as_long
from backend.acting.models import Action
from backend.acting.ordering import order_action
from backend.acting.platforms import OF_POSTS, REVERSALS
from backend.kit.clock import now
from tenants import locks
from tenants.scope import current


async def reverse_actions(workspace_id: UUID, decision_id: UUID) -> list[Action]:
    """What was ordered to undo the decision's actions; twice, the second time nothing. What somebody was told stays told.

    What another decision asks for as well stays as well: of two decisions to hide a post, taking one back shows nothing.
    """
    return await _reverse(await Action.filter(workspace_id=workspace_id, decision_id=decision_id).order_by("id"))


async def lift_precautions(workspace_id: UUID, post_id: UUID) -> list[Action]:
    """The same of what was done about the post before anybody had decided."""
    return await _reverse(
        await Action.filter(workspace_id=workspace_id, post_id=post_id, decision_id=None).order_by("id")
    )


async def reverse_what_was_done(action: Action) -> Action | None:
    """It was called off while the platform was doing it. None where it stands, or is being undone already."""
    found = await Action.get(id=action.id)
    return await _undo(found) if found.state == "cancelled" else None


async def _reverse(actions: list[Action]) -> list[Action]:
    ordered = []
    for action in actions:
        if action.reverses_id is not None and action.kind not in REVERSALS:
            continue  # what takes back is not taken back
        await _call_off(action)
        found = await Action.get(id=action.id)  # a platform may have done it meanwhile
        may_have_happened = found.tries > 0 or found.state == "confirmed" or await _is_relied_on(found)
        undoing = await _undo(found) if may_have_happened else None
        ordered += [undoing] if undoing is not None else []
    return ordered


async def _call_off(action: Action) -> None:
    """What is under way, and what waits for a human: nobody wants it done any more."""
    changed = await current().change(
        """update actions set state = 'cancelled'
            where agency_id = $1 and workspace_id = $2 and id = $3 and state in ('queued', 'sent', 'failed')""",
        action.agency_id,
        action.workspace_id,
        action.id,
    )
    if changed:
        await record_action(
            "cancelled", action.id, case_id=action.case_id, workspace_id=action.workspace_id, kind=action.kind
        )


async def _undo(action: Action) -> Action | None:
    """None where that was done before, where it cannot be, and where another decision asks for the same."""
    if action.kind not in REVERSALS or not await _take_back(action):
        return None
    other = await _asked_for_by_another(action)
    if other is None:
        kind, until, decision_id = REVERSALS[action.kind], None, action.decision_id
    elif lasts_as_long(other, action):
        return None
    else:
        kind, until, decision_id = action.kind, other.until_at, other.decision_id
    return await order_action(
        workspace_id=action.workspace_id,
        case_id=action.case_id,
        post_id=action.post_id,
        member_id=action.member_id,
        kind=kind,
        decision_id=decision_id,
        until=until,
        reverses_id=action.id,
    )


async def _take_back(action: Action) -> bool:
    """Whether it stood until now. Two that are taken back at once take turns: each would count on the other."""
    await current().lock(locks.ACTING, action.post_id if action.kind in OF_POSTS else action.member_id)
    changed = await current().change(
        """update actions set taken_back_at = $4
            where agency_id = $1 and workspace_id = $2 and id = $3 and taken_back_at is null""",
        action.agency_id,
        action.workspace_id,
        action.id,
        now(),  # not the database's: it is compared with when others were ordered, also in this transaction
    )
    if changed:
        await record_action(
            "taken_back", action.id, case_id=action.case_id, workspace_id=action.workspace_id, kind=action.kind
        )
    return changed == 1


async def _is_relied_on(action: Action) -> bool:
    """Whether what an earlier one did was left as it was because this one asks for the same: then it has to be undone with
    this one, even if nobody had begun it."""
    same = {"post_id": action.post_id} if action.kind in OF_POSTS else {"member_id": action.member_id}
    if action.reverses_id is not None:
        return True
    left = await Action.filter(
        workspace_id=action.workspace_id, kind=action.kind, taken_back_at__gte=action.created_at, **same
    ).values_list("id", flat=True)
    undone = await Action.filter(workspace_id=action.workspace_id, reverses_id__in=list(left)).count() if left else 0
    return undone < len(left)


async def _asked_for_by_another(action: Action) -> Action | None:
    """The one that lasts longest of those that stand. What has failed stands as well: it is wanted, and may have been done."""
    same = {"post_id": action.post_id} if action.kind in OF_POSTS else {"member_id": action.member_id}
    others = await Action.filter(
        workspace_id=action.workspace_id,
        kind=action.kind,
        state__not="cancelled",
        taken_back_at=None,
        **same,
    )
    moment = now()
    standing = [
        other
        for other in others
        if (other.decision_id is None or other.decision_id != action.decision_id)
        and (other.until_at is None or other.until_at > moment)
    ]
    return max(standing, key=lambda other: (other.until_at is None, other.until_at or moment), default=None)
