"""A decision takes effect: what it orders, whom it tells, and what it replaces, all in the transaction of whoever made it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from backend import journal
from backend.acting import lift_precautions, order_action
from backend.kit.clock import now
from backend.moderation.answering_reporters import answer_reporters
from backend.moderation.decision_models import Decision, DecisionEvent
from backend.moderation.models import Case, Report
from backend.moderation.moving import moved
from backend.moderation.striking import add_strikes
from backend.moderation.taking_back import take_back
from backend.moderation.thresholds import SANCTIONS_WITH_DAYS
from backend.policies import PolicyVersion
from backend.statements import Complaint, Restriction, message_for, write_statement
from tenants.scope import current


async def take_effect(case: Case, decision: Decision) -> None:
    """Close the case by the decision. Call while holding the lock on the case, which is in review or held."""
    await _keep(case, decision, closing=True)
    await moved(case.id, workspace_id=case.workspace_id, of=case.state, to="closed", because="decided")
    await _put_in_force(case, decision, instead="superseded")


async def replace_decision(case: Case, decision: Decision) -> None:
    """On appeal: the case, which is closed, stays so with another decision. Call while holding the lock on the case."""
    await _keep(case, decision, closing=False)
    await _put_in_force(case, decision, instead="overturned")


async def _put_in_force(case: Case, decision: Decision, *, instead: str) -> None:
    reports = await Report.filter(case_id=case.id, workspace_id=case.workspace_id)
    detail, message = await _state_reasons(case, decision, reports)
    await _order(case, decision, message=message)
    # After what is ordered now: what both ask for stays, and is not done twice.
    if decision.supersedes_id is not None:
        await _end(case, decision, instead=instead)
    await lift_precautions(case.workspace_id, case.post_id)
    await answer_reporters(case, decision, reports)
    await journal.record(
        "case.decided",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        decision=str(decision.id),
        outcome=decision.outcome,
        actions=list(decision.actions),
        evidence=decision.evidence_end,
        **detail,
    )


async def _order(case: Case, decision: Decision, *, message: str | None) -> None:
    """The reasons go with the warning, where there is one, and alone otherwise."""
    kinds = list(decision.actions)
    if message is not None and "warn_member" not in kinds:
        kinds.append("tell_member")
    for kind in kinds:
        await order_action(
            workspace_id=case.workspace_id,
            case_id=case.id,
            post_id=case.post_id,
            member_id=case.member_id,
            kind=kind,
            decision_id=decision.id,
            until=_until(decision) if kind in SANCTIONS_WITH_DAYS else None,
            message=message if kind in {"warn_member", "tell_member"} else None,
        )


def _until(decision: Decision) -> datetime | None:
    return None if decision.days is None else now() + timedelta(days=decision.days)


async def _state_reasons(
    case: Case, decision: Decision, reports: Sequence[Report]
) -> tuple[dict[str, Any], str | None]:
    """Strikes, and the statement of reasons where something is done: what the journal says of them, and what the member is
    told."""
    if decision.policy_version_id is None:
        return {}, None
    version = await PolicyVersion.get(id=decision.policy_version_id, workspace_id=case.workspace_id)
    strikes = await add_strikes(
        workspace_id=case.workspace_id, decision_id=decision.id, member_id=case.member_id, versions=[version]
    )
    statement = await write_statement(
        workspace_id=case.workspace_id,
        decision_id=decision.id,
        case_id=case.id,
        post_id=case.post_id,
        version=version,
        restrictions=[
            Restriction(kind, _until(decision) if kind in SANCTIONS_WITH_DAYS else None) for kind in decision.actions
        ],
        complaints=[Complaint(each.channel, each.reason, each.member_id) for each in reports],
        explanation=decision.explanation,
        content_language=case.language,
    )
    if statement is None:
        return {"strikes": strikes.points}, None
    return {"strikes": strikes.points, "statement": str(statement.id)}, await message_for(statement)


async def _end(case: Case, decision: Decision, *, instead: str) -> None:
    """The earlier decision counts no more, and what it did is taken back, where somebody has not done that before. One that
    was denied never counted: what it would have replaced does until now."""
    earlier, ended = decision, {"denied"}
    while "denied" in ended and earlier.supersedes_id is not None:
        earlier = await Decision.get(id=earlier.supersedes_id, workspace_id=case.workspace_id)
        events = DecisionEvent.filter(decision_id=earlier.id, workspace_id=case.workspace_id)
        ended = {event.kind for event in await events} - {"approved"}
    if ended:
        return
    await DecisionEvent.create(
        workspace_id=case.workspace_id, decision_id=earlier.id, kind=instead, membership_id=decision.membership_id
    )
    await take_back(case, earlier)


async def _keep(case: Case, decision: Decision, *, closing: bool) -> None:
    await current().execute(
        """update cases set state = 'closed', outcome = $4, decision_id = $5, claimed_by_id = null, claimed_until = null,
                            closed_at = case when $6 then now() else closed_at end, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        case.workspace_id,
        case.id,
        decision.outcome,
        decision.id,
        closing,
    )
