"""Deciding: one person's review, and the outcome once enough people have looked."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.evidence import capture
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation.checking_quality import is_high_impact, plan_of, why_a_second
from backend.moderation.decision_models import Decision, Review
from backend.moderation.leasing import end_claim, held_claim
from backend.moderation.mixing_in import answer_golden
from backend.moderation.models import Case
from backend.moderation.moving import moved
from backend.moderation.sanctioning import with_sanction
from backend.moderation.taking_effect import take_effect
from backend.moderation.thresholds import DECIDABLE, LONGEST_SANCTION_DAYS
from backend.policies import PolicyVersion, usable_version
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


class CaseAlreadyClosed(Conflict):
    code = "CASE_ALREADY_CLOSED"

    def __init__(self) -> None:
        super().__init__("This case has been decided already.", path=("input", "caseId"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody thinks of a case: `days` is how long a silence or a suspension lasts, None for without an end. The
    reason is for colleagues, the explanation for the member."""

    outcome: str
    reason: str
    policy_version_id: UUID | None = None
    actions: tuple[str, ...] = ()
    days: int | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """`decision` is None while somebody else has to look at the case as well."""

    review: Review
    decision: Decision | None


async def decide(
    moderator: Actor,
    case_id: UUID,
    *,
    token: str,
    outcome: str,
    reason: str,
    policy_version_id: UUID | None = None,
    actions: Collection[str] = (),
    days: int | None = None,
    expected_version: int | None = None,
    explanation: str = "",
) -> Judged:
    """Give a review of a claimed case. If it is enough, the case is decided: decision, actions to carry out, answers to the
    reporters, journal and jobs, all or nothing. A second review, where the client's plan asks for one, is blind; where the
    two differ, a lead decides. A decision of high impact is held until somebody else approves it.

    Raises NotAllowed, NotFound, Invalid; CaseAlreadyClosed; ClaimLost when the token proves no live claim; Conflict
    when the case is not at `expected_version` (a new report came in).
    """
    moderator.must_hold(Right.WORK_QUEUE)
    verdict = checked(
        outcome=outcome,
        reason=reason,
        policy_version_id=policy_version_id,
        actions=actions,
        days=days,
        explanation=explanation,
    )
    # The lock comes first: of two decisions at once, the second waits here and then finds the case closed.
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None:
        raise NotFound(path=("input", "caseId"))
    if case.state == "closed":
        raise CaseAlreadyClosed
    if case.kind == "appeal":
        raise Conflict("This is an appeal: answer it.", path=("input", "caseId"))
    claim = await held_claim(moderator, case_id, token=token)
    if expected_version is not None and case.version != expected_version:
        raise Conflict("The case has changed since you read it.", path=("input", "expectedVersion"))
    policy_id = await policy_of(verdict, workspace_id=case.workspace_id)
    return await judge(moderator, case, verdict, claim_id=claim.id, policy_id=policy_id)


def checked(
    *,
    outcome: str,
    reason: str,
    policy_version_id: UUID | None,
    actions: Collection[str],
    days: int | None,
    explanation: str = "",
) -> Verdict:
    """Raises Invalid."""
    reason = clean(reason, field="reason", longest=5_000)
    if outcome == "no_violation" and (actions or policy_version_id is not None):
        raise Invalid("Without a violation there is no policy to name and nothing to do.", path=("input", "outcome"))
    if outcome == "violation" and policy_version_id is None:
        raise Invalid("Name the version of the policy that was broken.", path=("input", "policyVersionId"))
    if not set(actions) <= DECIDABLE:
        raise Invalid("A decision restricts or warns: it does not take back.", path=("input", "actions"))
    if days is not None and not 1 <= days <= LONGEST_SANCTION_DAYS:
        raise Invalid(f"A sanction lasts 1 to {LONGEST_SANCTION_DAYS} days, or has no end.", path=("input", "days"))
    return Verdict(outcome, reason, policy_version_id, tuple(sorted(set(actions))), days, explanation)


async def policy_of(verdict: Verdict, *, workspace_id: UUID) -> UUID | None:
    """The policy whose version it names. Raises NotFound, and Conflict where it was archived."""
    if verdict.policy_version_id is None:
        return None
    return (await usable_version(verdict.policy_version_id, workspace_id=workspace_id)).policy_id


async def judge(
    moderator: Actor,
    case: Case,
    verdict: Verdict,
    *,
    claim_id: UUID,
    policy_id: UUID | None,
    purpose: str | None = None,
) -> Judged:
    """Call while holding the lock on the case, which `moderator` has claimed. `purpose` of None: what the slot says."""
    assert moderator.membership_id is not None
    plan = await plan_of(case.workspace_id)
    because = (
        "" if purpose else await why_a_second(case, verdict, moderator.membership_id, plan=plan, policy_id=policy_id)
    )
    review = await Review.create(
        workspace_id=case.workspace_id,
        case_id=case.id,
        claim_id=claim_id,
        membership_id=moderator.membership_id,
        slot=case.slot,
        purpose=purpose or ("golden" if case.kind == "golden" else ("first", "second", "third")[case.slot - 1]),
        because=because,
        outcome=verdict.outcome,
        policy_version_id=verdict.policy_version_id,
        actions=list(verdict.actions),
        days=verdict.days,
        reason=verdict.reason,
    )
    if case.kind == "golden":
        await answer_golden(case, review, claim_id=claim_id, policy_id=policy_id)
        return Judged(review, None)
    if because:
        await _ask_another(case, claim_id=claim_id, slot=2, because=because)
        return Judged(review, None)
    if case.slot == 2 and not await _agrees_with_first(case, verdict, policy_id=policy_id):
        await _ask_another(case, claim_id=claim_id, slot=3, because="disagreement")
        return Judged(review, None)
    actions, days = await with_sanction(case, verdict)
    decision = await Decision.create(
        workspace_id=case.workspace_id,
        case_id=case.id,
        claim_id=claim_id,
        membership_id=moderator.membership_id,
        outcome=verdict.outcome,
        policy_version_id=verdict.policy_version_id,
        reason=verdict.reason,
        explanation=verdict.explanation,
        actions=list(actions),
        days=days,
        is_held=is_high_impact(actions, days, plan=plan),
        evidence_end=await capture(workspace_id=case.workspace_id, case_id=case.id, post_id=case.post_id),
        supersedes_id=case.decision_id,
    )
    await end_claim(claim_id, workspace_id=case.workspace_id, by="decided")
    if decision.is_held:
        await _hold(case, decision)
    else:
        await take_effect(case, decision)
    return Judged(review, decision)


async def _agrees_with_first(case: Case, verdict: Verdict, *, policy_id: UUID | None) -> bool:
    """On the outcome, the policy and what is done; words, and versions of one policy, may differ."""
    first = (
        await Review.filter(case_id=case.id, workspace_id=case.workspace_id, slot=1).order_by("-submitted_at").first()
    )
    if first is None:
        return True
    return (
        first.outcome == verdict.outcome
        and set(first.actions) == set(verdict.actions)
        and await _policy_named_by(first, workspace_id=case.workspace_id) == policy_id
    )


async def _policy_named_by(review: Review, *, workspace_id: UUID) -> UUID | None:
    version = await PolicyVersion.get_or_none(id=review.policy_version_id, workspace_id=workspace_id)
    return None if version is None else version.policy_id


async def _ask_another(case: Case, *, claim_id: UUID, slot: int, because: str) -> None:
    await end_claim(claim_id, workspace_id=case.workspace_id, by="reviewed")
    await Case.filter(id=case.id, workspace_id=case.workspace_id).update(
        state="queued", claimed_by_id=None, claimed_until=None, slot=slot
    )
    await moved(case.id, workspace_id=case.workspace_id, of="in_review", to="queued", because=because)
    await journal.record(
        "case.reviewed",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        slot=case.slot,
        because=because,
    )


async def _hold(case: Case, decision: Decision) -> None:
    await current().execute(
        """update cases set state = 'held', decision_id = $4, claimed_by_id = null, claimed_until = null,
                            version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        case.workspace_id,
        case.id,
        decision.id,
    )
    await moved(case.id, workspace_id=case.workspace_id, of="in_review", to="held", because="high_impact")
    await journal.record(
        "case.held",
        subject_kind="case",
        subject_id=case.id,
        workspace_id=case.workspace_id,
        decision=str(decision.id),
        actions=list(decision.actions),
    )
