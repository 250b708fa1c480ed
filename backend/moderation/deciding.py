from collections.abc import Collection
from uuid import UUID

from backend import journal
from backend.acting import order_action
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation.claiming import held_claim
from backend.moderation.models import Case, Decision, Report
from backend.moderation.tallying import tally
from backend.notices import Recipient, tell
from backend.policies import PolicyVersion
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

ANSWERS = {
    "violation": "You reported a post. We looked at it and found that it breaks the rules of the community. Thank you.",
    "no_violation": "You reported a post. We looked at it and found that it does not break the rules of the community.",
}


class CaseAlreadyClosed(Conflict):
    code = "CASE_ALREADY_CLOSED"

    def __init__(self) -> None:
        super().__init__("This case has been decided already.", path=("input", "caseId"))


async def decide(
    moderator: Actor,
    case_id: UUID,
    *,
    token: str,
    outcome: str,
    reason: str,
    policy_version_id: UUID | None = None,
    actions: Collection[str] = (),
    expected_version: int | None = None,
) -> Decision:
    """Close the case: decision, actions to carry out, answers to the reporters, journal and jobs, all or nothing.

    Raises NotAllowed, NotFound, Invalid; CaseAlreadyClosed; ClaimLost when the token proves no live claim; Conflict
    when the case is not at `expected_version` (a new report came in).
    """
    moderator.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=5_000)
    if outcome == "no_violation" and (actions or policy_version_id is not None):
        raise Invalid("Without a violation there is no policy to name and nothing to do.", path=("input", "outcome"))
    if outcome == "violation" and policy_version_id is None:
        raise Invalid("Name the version of the policy that was broken.", path=("input", "policyVersionId"))
    # The lock comes first: of two decisions at once, the second waits here and then finds the case closed.
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None:
        raise NotFound(path=("input", "caseId"))
    if case.state == "closed":
        raise CaseAlreadyClosed
    claim = await held_claim(moderator, case_id, token=token)
    if expected_version is not None and case.version != expected_version:
        raise Conflict("The case has changed since you read it.", path=("input", "expectedVersion"))
    if policy_version_id is not None and not await PolicyVersion.exists(
        id=policy_version_id, workspace_id=case.workspace_id
    ):
        raise NotFound(path=("input", "policyVersionId"))
    decision = await Decision.create(
        workspace_id=case.workspace_id,
        case_id=case.id,
        claim_id=claim.id,
        membership_id=moderator.membership_id,
        outcome=outcome,
        policy_version_id=policy_version_id,
        reason=reason,
    )
    for kind in sorted(set(actions)):
        await order_action(
            workspace_id=case.workspace_id,
            case_id=case.id,
            post_id=case.post_id,
            member_id=case.member_id,
            kind=kind,
            decision_id=decision.id,
        )
    await _close(case, claim_id=claim.id, outcome=outcome)
    await _answer_reporters(case, outcome=outcome)
    await journal.record(
        "case.decided",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        decision=str(decision.id),
        outcome=outcome,
        actions=sorted(set(actions)),
    )
    return decision


async def _close(case: Case, *, claim_id: UUID, outcome: str) -> None:
    scope = current()
    await scope.execute(
        """update cases set state = 'closed', outcome = $4, closed_at = now(), claimed_by_id = null,
                            claimed_until = null, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        scope.actor.agency_id,
        case.workspace_id,
        case.id,
        outcome,
    )
    await tally(case.workspace_id, of="in_review", to="closed")
    await scope.execute(
        """update claims set ended_at = now(), ended_by = 'decided'
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        scope.actor.agency_id,
        case.workspace_id,
        claim_id,
    )


async def _answer_reporters(case: Case, *, outcome: str) -> None:
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
        text=ANSWERS[outcome],
        facts={"outcome": outcome},
    )
