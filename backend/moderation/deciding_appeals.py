from collections.abc import Collection
from uuid import UUID

from backend import journal
from backend.acting import order_action
from backend.evidence import capture
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation.appealing import open_appeal
from backend.moderation.deciding import Verdict, checked, policy_of
from backend.moderation.decision_models import Appeal, Decision, Review
from backend.moderation.leasing import end_claim, held_claim
from backend.moderation.models import Case, Report
from backend.moderation.moving import moved
from backend.moderation.taking_effect import replace_decision
from backend.moderation.thresholds import LONGEST_LETTER
from backend.moderation.writing_to_members import keep_complaints_out, language_of
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from backend.statements import Statement, with_link, worded
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

ANSWERS = {
    "inadmissible": "Your appeal could not be looked at. Please read the answer.",
    "upheld": "We looked at the decision again, and it stays as it is. Please read the answer.",
    "modified": "We looked at the decision again and changed it. Please read the answer.",
    "overturned": "We looked at the decision again: it was wrong, and we took it back. Please read the answer.",
}


async def decide_appeal(
    moderator: Actor,
    case_id: UUID,
    *,
    token: str,
    verdict: str,
    answer: str,
    reason: str,
    policy_version_id: UUID | None = None,
    actions: Collection[str] = (),
    days: int | None = None,
) -> list[UUID]:
    """Answer the appeals that wait in a claimed case: inadmissible and upheld leave the decision as it is; modified puts
    another violation in its place, overturned the opposite, and what the old one did is reversed. Answers to both sides,
    actions, strikes and statements, all or nothing. The ids of the appeals: where some are about another decision on the same
    post, those about the one appealed against first; the rest waits for somebody else.

    Raises NotAllowed, NotFound, Invalid, ClaimLost, and Conflict where the decision is not in force any more.
    """
    moderator.must_hold(Right.WORK_QUEUE)
    answer = clean(answer, field="answer", longest=LONGEST_LETTER)
    reason = clean(reason, field="reason", longest=5_000)
    if verdict in {"inadmissible", "upheld"} and (actions or policy_version_id is not None):
        raise Invalid("The decision stays as it is: there is nothing to name.", path=("input", "actions"))
    first = await Appeal.filter(case_id=case_id, state="open").order_by("filed_at", "id").first()
    if first is None:
        raise NotFound(path=("input", "caseId"))
    decision = await Decision.get(id=first.decision_id, workspace_id=first.workspace_id)
    # The judged case before the appeal: who files another appeal locks them in this order.
    judged = await Case.filter(id=decision.case_id, workspace_id=decision.workspace_id).select_for_update().get()
    claim = await held_claim(moderator, case_id, token=token)
    waiting = await Case.get(id=case_id, workspace_id=claim.workspace_id)
    # Only now: while it was waited for the locks, somebody may have filed another.
    appeals = await Appeal.filter(case_id=case_id, workspace_id=claim.workspace_id, state="open").order_by("id")
    about_this = [appeal for appeal in appeals if appeal.decision_id == decision.id]
    if any(appeal.appellant == "author" for appeal in about_this):
        await keep_complaints_out(answer, judged, field="answer")
    new = None
    if verdict in {"modified", "overturned"}:
        outcome = decision.outcome if verdict == "modified" else _OPPOSITE[decision.outcome]
        said = checked(outcome=outcome, reason=reason, policy_version_id=policy_version_id, actions=actions, days=days)
        if judged.state != "closed" or judged.decision_id != decision.id:
            raise Conflict("The decision appealed against is not in force any more.", path=("input", "caseId"))
        if verdict == "modified" and outcome == "no_violation":
            raise Invalid("What found no violation can be upheld or overturned.", path=("input", "verdict"))
        await policy_of(said, workspace_id=judged.workspace_id)
        new = await _decide_anew(moderator, judged, decision, said, claim_id=claim.id)
    await _review(moderator, waiting, decision, new, claim_id=claim.id, reason=reason)
    await _close(waiting, outcome=(new or decision).outcome, claim_id=claim.id)
    await _answer(moderator, about_this, judged, verdict=verdict, answer=answer, new=new)
    await _let_wait([appeal for appeal in appeals if appeal.decision_id != decision.id])
    await journal.record(
        "appeal.decided",
        subject_kind="case",
        subject_id=judged.id,
        workspace_id=judged.workspace_id,
        verdict=verdict,
        appeals=[str(appeal.id) for appeal in about_this],
    )
    return [appeal.id for appeal in about_this]


_OPPOSITE = {"violation": "no_violation", "no_violation": "violation"}


async def _decide_anew(moderator: Actor, judged: Case, old: Decision, said: Verdict, *, claim_id: UUID) -> Decision:
    """Not held, whatever it does: a second person has looked already."""
    decision = await Decision.create(
        workspace_id=judged.workspace_id,
        case_id=judged.id,
        claim_id=claim_id,
        membership_id=moderator.membership_id,
        outcome=said.outcome,
        policy_version_id=said.policy_version_id,
        reason=said.reason,
        explanation=said.explanation,
        actions=list(said.actions),
        days=said.days,
        evidence_end=await capture(workspace_id=judged.workspace_id, case_id=judged.id, post_id=judged.post_id),
        supersedes_id=old.id,
    )
    await replace_decision(judged, decision)
    return decision


async def _review(
    moderator: Actor, waiting: Case, old: Decision, new: Decision | None, *, claim_id: UUID, reason: str
) -> None:
    held = new or old
    await Review.create(
        workspace_id=waiting.workspace_id,
        case_id=waiting.id,
        claim_id=claim_id,
        membership_id=moderator.membership_id,
        slot=1,
        purpose="appeal",
        outcome=held.outcome,
        policy_version_id=held.policy_version_id,
        actions=list(held.actions),
        days=held.days,
        reason=reason,
    )


async def _close(waiting: Case, *, outcome: str, claim_id: UUID) -> None:
    await end_claim(claim_id, workspace_id=waiting.workspace_id, by="decided")
    await current().execute(
        """update cases set state = 'closed', outcome = $4, closed_at = now(), claimed_by_id = null, claimed_until = null,
                            version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        waiting.workspace_id,
        waiting.id,
        outcome,
    )
    await moved(waiting.id, workspace_id=waiting.workspace_id, of="in_review", to="closed", because="decided")


async def _let_wait(appeals: Collection[Appeal]) -> None:
    """What is appealed against another decision on the same post, in a case of its own: one verdict is not for both."""
    for appeal in appeals:
        decision = await Decision.get(id=appeal.decision_id, workspace_id=appeal.workspace_id)
        judged = await Case.get(id=decision.case_id, workspace_id=appeal.workspace_id)
        await Appeal.filter(id=appeal.id, workspace_id=appeal.workspace_id).update(case_id=await open_appeal(judged))


async def _answer(
    moderator: Actor, appeals: Collection[Appeal], judged: Case, *, verdict: str, answer: str, new: Decision | None
) -> None:
    language = await language_of(judged)
    text = f"{worded(f'{language}/answered.txt', language, {'verdict': verdict})}\n\n{answer}"
    for appeal in appeals:
        await Appeal.filter(id=appeal.id, workspace_id=appeal.workspace_id).update(
            state=verdict,
            answer=answer,
            answered_at=now(),
            answered_by_id=moderator.membership_id,
            new_decision_id=None if new is None else new.id,
        )
        if appeal.member_id is None:  # backend/reporting knows where they are
            payload = {"notice_id": str(appeal.report_id), "about": "answered", "appeal_id": str(appeal.id)}
            await enqueue("mail_notifier", payload, workspace_id=appeal.workspace_id)
            continue
        await order_action(
            workspace_id=appeal.workspace_id,
            case_id=appeal.case_id,
            post_id=None,
            member_id=appeal.member_id,
            kind="tell_member",
            message=await _with_link(text, appeal, judged, language=language),
        )
        await tell(
            [Recipient(member_id=appeal.member_id)],
            kind="appeal_decided",
            subject_id=appeal.id,
            workspace_id=appeal.workspace_id,
            text=ANSWERS[verdict],
            facts={"verdict": verdict},
        )


async def _with_link(text: str, appeal: Appeal, judged: Case, *, language: str) -> str:
    """Where they appealed, if it was there."""
    if appeal.appellant == "author":
        statement = await Statement.get_or_none(decision_id=appeal.decision_id, workspace_id=appeal.workspace_id)
        return text if statement is None else await with_link(text, "statement", statement.id, language=language)
    reports = Report.filter(case_id=judged.id, workspace_id=judged.workspace_id, member_id=appeal.member_id)
    report = await reports.order_by("created_at", "id").first()
    return text if report is None else await with_link(text, "report", report.id, language=language)
