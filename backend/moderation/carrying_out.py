from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend import journal
from backend.communities import hide_post, is_hidden, is_warned, warn_member
from backend.kit.clock import now
from backend.moderation.models import Action, Case, Decision
from backend.statements import Statement, message_for
from tenants.actor import Actor


class NotConfirmed(RuntimeError):
    """The community does not show what was done there; the job tries again."""


async def carry_out_actions(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: do in the community what a decision says, and believe it only after reading it back. Raises NotConfirmed."""
    decision = await Decision.get(id=UUID(payload["decision_id"]))
    case = await Case.get(id=decision.case_id)
    actions = await Action.filter(decision_id=decision.id, state="queued").order_by("kind").select_for_update()
    statement = await _told_member(decision)
    for action in actions:
        if not await _done(action, case, statement):
            raise NotConfirmed(f"{action.kind} of {case.post_id} is not there after being carried out")
        await Action.filter(id=action.id, workspace_id=case.workspace_id).update(state="confirmed", confirmed_at=now())
        await journal.record(
            "action.confirmed",
            subject_kind="case",
            subject_id=case.id,
            workspace_id=case.workspace_id,
            action=action.kind,
        )


async def _told_member(decision: Decision) -> Statement | None:
    """The statement of reasons, told where warnings are; None for a decision of an older Tend."""
    statement = await Statement.get_or_none(decision_id=decision.id, workspace_id=decision.workspace_id)
    if statement is not None and statement.text:
        await warn_member(
            statement.member_id,
            workspace_id=decision.workspace_id,
            action_id=decision.id,
            text=await message_for(statement),
        )
    return statement


async def _done(action: Action, case: Case, statement: Statement | None) -> bool:
    if action.kind == "hide_post":
        await hide_post(case.post_id, workspace_id=case.workspace_id)
        return await is_hidden(case.post_id, workspace_id=case.workspace_id)
    if statement is not None:
        # The statement is the warning; without its text, whoever should be warned was forgotten meanwhile.
        return not statement.text or await is_warned(action.decision_id, workspace_id=case.workspace_id)
    await warn_member(
        case.member_id,
        workspace_id=case.workspace_id,
        action_id=action.id,
        text="A post of yours broke the rules of this community. Please read them before you post again.",
    )
    return await is_warned(action.id, workspace_id=case.workspace_id)
