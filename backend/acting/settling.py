"""What humans do with an action that has failed."""

from uuid import UUID

from backend.acting.ending import record_action
from backend.acting.models import Action
from backend.acting.ordering import connection_of
from backend.acting.reaching import why_not
from backend.acting.thresholds import LONGEST_NOTE
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import Right


async def retry_action(actor: Actor, action_id: UUID) -> Action:
    """It waits again, with all of its tries before it. Raises NotAllowed, NotFound, and Conflict unless it has failed and Tend can do
    it."""
    action = await _failed(actor, action_id)
    connection = await connection_of(action.workspace_id, post_id=action.post_id, member_id=action.member_id)
    problem = await why_not(connection, action.kind)
    if problem is not None:
        raise Conflict(problem, path=("input", "actionId"))
    action.connection_id = None if connection is None else connection.id
    action.state, action.problem, action.failed_at, action.next_at = "queued", None, None, now()
    action.tries = min(action.tries, 1)  # from the beginning; but what was tried may have been done, and is undone then
    await action.save(update_fields=("connection_id", "state", "problem", "failed_at", "tries", "next_at"))
    await _record("retried", action)
    await enqueue("carry_out_actions", {"action_id": str(action.id)}, workspace_id=action.workspace_id)
    return action


async def settle_action(actor: Actor, action_id: UUID, *, note: str) -> Action:
    """Somebody did it on the platform by hand, and says so. Raises NotAllowed, NotFound, Invalid, and Conflict unless it
    has failed."""
    note = clean(note, field="note", longest=LONGEST_NOTE)
    action = await _failed(actor, action_id)
    action.state, action.confirmed_at = "confirmed", now()
    action.done_by_id, action.done_note = actor.membership_id, note
    await action.save(update_fields=("state", "confirmed_at", "done_by_id", "done_note"))
    await _record("settled", action)
    return action


async def _failed(actor: Actor, action_id: UUID) -> Action:
    """Locked."""
    actor.must_hold(Right.WORK_QUEUE)
    action = await Action.filter(id=action_id).select_for_update().get_or_none()
    if action is None:
        raise NotFound(path=("input", "actionId"))
    if action.state != "failed":
        raise Conflict("This action has not failed.", path=("input", "actionId"))
    return action


async def _record(verb: str, action: Action) -> None:
    await record_action(verb, action.id, case_id=action.case_id, workspace_id=action.workspace_id, kind=action.kind)
