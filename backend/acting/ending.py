"""How an action ends: seen on the platform, or before a human."""

from typing import Final
from uuid import UUID

from backend import journal
from backend.acting.models import Action
from backend.kit.clock import now
from backend.notices import Recipient, tell
from tenants.scope import current

_IN_WORDS: Final = {
    "hide_post": "hiding a post",
    "unhide_post": "showing a post again",
    "delete_post": "deleting a post",
    "recover_post": "bringing a post back",
    "silence_member": "silencing a member",
    "unsilence_member": "letting a member write again",
    "suspend_member": "suspending a member",
    "unsuspend_member": "letting a member in again",
    "warn_member": "warning a member",
    "tell_member": "telling a member",
}


async def confirm(action: Action) -> bool:
    """Whether it was still under way; what somebody has called off meanwhile is done all the same."""
    changed = await _change(action, "state = 'confirmed', confirmed_at = $4, problem = null", now())
    if changed:
        await _record("confirmed", action)
    return changed


async def fail(action: Action, problem: str, *, tries: int) -> bool:
    """It is before a human now: in the list of what has failed, and as a notice to whoever ordered it. Whether it was
    still under way."""
    failed_at = now()
    changed = await _change(
        action, "state = 'failed', failed_at = $4, problem = $5, tries = $6", failed_at, problem, tries
    )
    if not changed:
        return False
    action.state, action.failed_at, action.problem = "failed", failed_at, problem
    await _record("failed", action)
    if action.ordered_by_id is not None:
        await _tell(action)
    return True


async def _tell(action: Action) -> None:
    assert action.failed_at is not None
    await tell(
        [Recipient(membership_id=action.ordered_by_id)],
        kind="action_failed",
        subject_id=action.id,
        workspace_id=action.workspace_id,
        text=f"Tend could not do what was decided, {_IN_WORDS[action.kind]}. {action.problem}",
        occasion=action.failed_at.isoformat(),
        facts={"action": action.kind},
    )


async def _change(action: Action, change: str, *values: object) -> bool:
    """Only of an action that is under way."""
    tag = await current().change(
        f"""update actions set {change}
             where agency_id = $1 and workspace_id = $2 and id = $3 and state in ('queued', 'sent')""",
        action.agency_id,
        action.workspace_id,
        action.id,
        *values,
    )
    return tag == 1


async def _record(verb: str, action: Action) -> None:
    await record_action(verb, action.id, case_id=action.case_id, workspace_id=action.workspace_id, kind=action.kind)


async def record_action(verb: str, action_id: UUID, *, case_id: UUID, workspace_id: UUID, kind: str) -> None:
    """About the case: its journal tells what became of the decision."""
    await journal.record(
        f"action.{verb}",
        subject_kind="case",
        subject_id=case_id,
        workspace_id=workspace_id,
        action=kind,
        action_id=str(action_id),
    )
