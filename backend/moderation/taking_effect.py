"""A decision takes effect: what it orders, whom it tells, and what it replaces, all in the transaction of whoever made it."""

from typing import Final

from backend import journal
from backend.moderation.models import Action, Case, Decision, DecisionEvent, Report
from backend.moderation.moving import moved
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from tenants.scope import current

ANSWERS: Final = {
    "violation": "You reported a post. We looked at it and found that it breaks the rules of the community. Thank you.",
    "no_violation": "You reported a post. We looked at it and found that it does not break the rules of the community.",
}


async def take_effect(case: Case, decision: Decision) -> None:
    """Close the case by the decision. Call while holding the lock on the case, which is in review or held."""
    for kind in decision.actions:
        await Action.create(workspace_id=case.workspace_id, decision_id=decision.id, case_id=case.id, kind=kind)
    if decision.actions:
        await enqueue("carry_out_actions", {"decision_id": str(decision.id)}, workspace_id=case.workspace_id)
    await _close(case, decision)
    if decision.supersedes_id is not None:
        await DecisionEvent.create(
            workspace_id=case.workspace_id,
            decision_id=decision.supersedes_id,
            kind="superseded",
            membership_id=decision.membership_id,
        )
    await _answer_reporters(case, decision)
    await journal.record(
        "case.decided",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        decision=str(decision.id),
        outcome=decision.outcome,
        actions=list(decision.actions),
    )


async def _close(case: Case, decision: Decision) -> None:
    await current().execute(
        """update cases set state = 'closed', outcome = $4, decision_id = $5, closed_at = now(), claimed_by_id = null,
                            claimed_until = null, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        case.workspace_id,
        case.id,
        decision.outcome,
        decision.id,
    )
    await moved(case.id, workspace_id=case.workspace_id, of=case.state, to="closed", because="decided")


async def _answer_reporters(case: Case, decision: Decision) -> None:
    reports = await Report.filter(case_id=case.id, workspace_id=case.workspace_id).only("member_id", "membership_id")
    await tell(
        (
            Recipient(member_id=report.member_id, membership_id=report.membership_id)
            for report in reports
            if report.member_id or report.membership_id
        ),
        kind="report_decided",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        text=ANSWERS[decision.outcome],
        occasion="" if decision.supersedes_id is None else str(decision.id),
        facts={"outcome": decision.outcome},
    )
