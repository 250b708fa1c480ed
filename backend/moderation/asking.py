"""A case waits for an answer, and its clock stands still meanwhile."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from backend import journal
from backend.acting import order_action
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation.leasing import end_claim, held_claim, reviewer
from backend.moderation.models import Case, CaseQuestion, Report
from backend.moderation.moving import let_golden_go, moved
from backend.moderation.thresholds import LONGEST_LETTER, LONGEST_WAIT_DAYS
from backend.moderation.timing import clock_of
from backend.moderation.writing_to_members import keep_complaints_out, language_of
from backend.outbox import enqueue
from backend.statements import with_link
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def ask_member(
    moderator: Actor,
    case_id: UUID,
    *,
    token: str,
    whom: Literal["author", "reporter"],
    question: str,
    days: int,
    report_id: UUID | None = None,
) -> UUID:
    """Ask the author, or the member who made the report, and let the case wait: until the answer is recorded, somebody
    resumes it, or `days` have passed. The question's id. Raises ClaimLost, NotFound, Invalid."""
    question = clean(question, field="question", longest=5_000)
    if not 1 <= days <= LONGEST_WAIT_DAYS:
        raise Invalid(f"A case waits for 1 to {LONGEST_WAIT_DAYS} days.", path=("input", "days"))
    claim = await held_claim(moderator, case_id, token=token)
    case = await Case.get(id=case_id, workspace_id=claim.workspace_id)
    if whom == "author":
        member_id = case.member_id
        await keep_complaints_out(question, case, field="question")
    else:
        member_id = await _reporter(case, report_id)
    asked = await CaseQuestion.create(
        workspace_id=case.workspace_id,
        case_id=case.id,
        member_id=member_id,
        asked_by_id=moderator.membership_id,
        question=question,
    )
    await end_claim(claim.id, workspace_id=case.workspace_id, by="asked")
    if case.kind == "golden":  # nobody is asked about what was decided long ago
        await let_golden_go(case.id, workspace_id=case.workspace_id)
        return asked.id
    await order_action(
        workspace_id=case.workspace_id,
        case_id=case.id,
        post_id=None,
        member_id=member_id,
        kind="tell_member",
        message=await with_link(question, "question", asked.id, language=await language_of(case)),
    )
    until = now() + timedelta(days=days)
    await Case.filter(id=case.id, workspace_id=case.workspace_id).update(
        state="pending_info", claimed_by_id=None, claimed_until=None, paused_at=now(), pending_until=until
    )
    await moved(case.id, workspace_id=case.workspace_id, of="in_review", to="pending_info", because="asked")
    await enqueue(
        "resume_case", {"case_id": str(case.id), "until": until}, workspace_id=case.workspace_id, run_at=until
    )
    await _record("asked", case, whom=whom)
    return asked.id


async def record_answer(actor: Actor, question_id: UUID, *, answer: str) -> UUID:
    """What the member said; the case is back in its queue. Its id. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.REPORT)
    answer = clean(answer, field="answer", longest=LONGEST_LETTER)
    asked = await CaseQuestion.filter(id=question_id).select_for_update().get_or_none()
    if asked is None:
        raise NotFound(path=("input", "questionId"))
    if asked.answered_at is not None:
        raise Conflict("It was answered before.", path=("input", "questionId"))
    await CaseQuestion.filter(id=asked.id, workspace_id=asked.workspace_id).update(answer=answer, answered_at=now())
    case = await Case.filter(id=asked.case_id, workspace_id=asked.workspace_id).select_for_update().get()
    await _resume(case, because="answered")
    await _record("answered", case)
    return case.id


async def resume(moderator: Actor, case_id: UUID) -> None:
    """Wait no longer. Raises NotAllowed, NotFound, Conflict for a case that does not wait."""
    reviewer(moderator)
    case = await Case.filter(id=case_id).select_for_update().get_or_none()
    if case is None:
        raise NotFound(path=("input", "caseId"))
    if case.state != "pending_info":
        raise Conflict("This case waits for no answer.", path=("input", "caseId"))
    await _resume(case, because="resumed")
    await _record("resumed", case)


async def resume_case(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: nobody has answered in time. Run twice, or after an answer, it changes nothing."""
    case = await Case.filter(id=UUID(payload["case_id"]), workspace_id=system.only_workspace).select_for_update().get()
    if case.state == "pending_info" and case.pending_until is not None and case.pending_until <= now():
        await _resume(case, because="unanswered")
        await _record("unanswered", case)


async def _resume(case: Case, *, because: str) -> None:
    """Its promises move by the working time it has waited."""
    if case.state != "pending_info" or case.paused_at is None:
        return
    clock = await clock_of(case.workspace_id)
    waited = clock.runs(case.tier).between(case.paused_at, now())
    paused_seconds = case.paused_seconds + round(waited.total_seconds())
    by = clock.deadlines(
        case.opened_at,
        tier=case.tier,
        risk=case.risk,
        paused_seconds=paused_seconds,
        is_appeal=case.kind == "appeal",
    )
    await current().execute(
        """update cases set state = 'queued', paused_at = null, pending_until = null, paused_seconds = $4, due_at = $5,
                            virtual_deadline = $6, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        current().actor.agency_id,
        case.workspace_id,
        case.id,
        paused_seconds,
        by.due_at,
        by.virtual,
    )
    await moved(case.id, workspace_id=case.workspace_id, of="pending_info", to="queued", because=because)


async def _reporter(case: Case, report_id: UUID | None) -> UUID:
    if report_id is None:
        raise Invalid("Name the report whose member is asked.", path=("input", "reportId"))
    report = await Report.get_or_none(id=report_id, case_id=case.id, workspace_id=case.workspace_id)
    if report is None:
        raise NotFound(path=("input", "reportId"))
    if report.member_id is None:
        raise Invalid("No member made this report.", path=("input", "reportId"))
    return report.member_id


async def _record(verb: str, case: Case, **detail: Any) -> None:
    await journal.record(
        f"case.{verb}", subject_kind="case", subject_id=case.id, workspace_id=case.workspace_id, **detail
    )
