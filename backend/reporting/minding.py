"""Misuse of reports and appeals (Article 23 of the DSA): marked, warned of, then suspended for a while, with the proof."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.acting import order_action
from backend.communities import Community, Member
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.moderation import Appeal, Case, Report, is_suspended
from backend.outbox import enqueue
from backend.reporting.mailing import measure_text
from backend.reporting.models import MisuseMeasure, PublicNotice, UnfoundedMark
from backend.reporting.thresholds import (
    COUNTED_WITHIN,
    FEWEST_UNFOUNDED,
    LEAST_SHARE,
    LONGEST_SUSPENSION,
    LONGEST_TEXT,
    WARNING_LASTS,
)
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_BECAUSE = {"notice": "unfounded_notices", "complaint": "unfounded_complaints"}
_BY_PEOPLE = frozenset({"member", "form", "legal", "trusted"})


async def mark_unfounded(
    moderator: Actor,
    *,
    reason: str,
    report_id: UUID | None = None,
    appeal_id: UUID | None = None,
    notice_id: UUID | None = None,
) -> UUID:
    """The id of the mark. Of a report whose decision found no violation, an appeal that changed nothing, or a notice that
    was rejected. Raises NotAllowed, NotFound, Invalid, Conflict."""
    moderator.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=LONGEST_TEXT)
    if [report_id, appeal_id, notice_id].count(None) != 2:
        raise Invalid("Name one of the three.", path=("input",))
    if report_id is not None:
        workspace_id, key = await _of_report(report_id)
    elif appeal_id is not None:
        workspace_id, key = await _of_appeal(appeal_id)
    else:
        assert notice_id is not None
        workspace_id, key = await _of_notice(notice_id)
    try:
        async with current().part():
            mark = await UnfoundedMark.create(
                workspace_id=workspace_id,
                kind="notice" if appeal_id is None else "complaint",
                reporter_key=key,
                report_id=report_id,
                appeal_id=appeal_id,
                notice_id=notice_id,
                reason=reason,
                marked_by_id=moderator.membership_id,
            )
    except IntegrityError:
        raise Conflict("Somebody has marked this already.", path=("input",)) from None
    await _record("marked", mark.id, workspace_id=workspace_id, about=mark.kind)
    return mark.id


async def warn_reporter(lead: Actor, mark_id: UUID, *, reason: str) -> UUID:
    """The id of the warning to whoever the mark is about. Raises NotAllowed, NotFound, Invalid, and Conflict where they
    did not do it often, or nobody can tell them."""
    lead.must_hold(Right.LEAD_QUEUE)
    return await _impose(lead, mark_id, kind="warning", reason=reason, until=None)


async def suspend_reporter(lead: Actor, mark_id: UUID, *, reason: str, until: datetime) -> UUID:
    """The id of the suspension: until then their reports are kept and stay out of the queues, or their appeals are not
    taken. Raises NotAllowed, NotFound, Invalid, and Conflict where they were not warned, or did not go on since."""
    lead.must_hold(Right.LEAD_QUEUE)
    if not now() < until <= now() + LONGEST_SUSPENSION:
        raise Invalid(f"For at most {LONGEST_SUSPENSION.days} days from now.", path=("input", "until"))
    return await _impose(lead, mark_id, kind="suspension", reason=reason, until=until)


async def lift_suspension(lead: Actor, measure_id: UUID) -> UUID:
    """Before it ends by itself. Raises NotAllowed, NotFound, Conflict."""
    lead.must_hold(Right.LEAD_QUEUE)
    measure = await MisuseMeasure.filter(id=measure_id).select_for_update().get_or_none()
    if measure is None:
        raise NotFound(path=("input", "measureId"))
    if (
        measure.kind != "suspension"
        or measure.because == "illegal_content"
        or measure.lifted_at is not None
        or (measure.until is not None and measure.until <= now())
    ):
        raise Conflict("This is no suspension of a reporter that is in force.", path=("input", "measureId"))
    await MisuseMeasure.filter(id=measure.id, workspace_id=measure.workspace_id).update(
        lifted_at=now(), lifted_by_id=lead.membership_id
    )
    await _record("lifted", measure.id, workspace_id=measure.workspace_id)
    return measure.id


async def _of_report(report_id: UUID) -> tuple[UUID, str]:
    report = await Report.get_or_none(id=report_id)
    if report is None:
        raise NotFound(path=("input", "reportId"))
    case = await Case.get_or_none(id=report.case_id, workspace_id=report.workspace_id, kind="moderation")
    if report.channel not in _BY_PEOPLE or case is None or case.outcome != "no_violation":
        raise Conflict("Only what a person reported and was judged fine can be unfounded.", path=("input", "reportId"))
    return report.workspace_id, report.reporter_key


async def _of_appeal(appeal_id: UUID) -> tuple[UUID, str]:
    appeal = await Appeal.get_or_none(id=appeal_id)
    if appeal is None:
        raise NotFound(path=("input", "appealId"))
    if appeal.state not in {"upheld", "inadmissible"}:
        raise Conflict("Only an appeal that changed nothing can be unfounded.", path=("input", "appealId"))
    if appeal.report_id is None:
        return appeal.workspace_id, f"member:{appeal.member_id}"
    return appeal.workspace_id, (await Report.get(id=appeal.report_id, workspace_id=appeal.workspace_id)).reporter_key


async def _of_notice(notice_id: UUID) -> tuple[UUID, str]:
    notice = await PublicNotice.get_or_none(id=notice_id)
    if notice is None:
        raise NotFound(path=("input", "noticeId"))
    if notice.state != "rejected":
        raise Conflict("Only a notice that was rejected; else mark its report.", path=("input", "noticeId"))
    return notice.workspace_id, notice.reporter_key


@dataclass(frozen=True, slots=True)
class _Counted:
    filed: int
    proof: tuple[str, ...]
    since: datetime


async def _impose(lead: Actor, mark_id: UUID, *, kind: str, reason: str, until: datetime | None) -> UUID:
    """Two leads at once meet in the lock on the mark."""
    reason = clean(reason, field="reason", longest=LONGEST_TEXT)
    mark = await UnfoundedMark.filter(id=mark_id).select_for_update().get_or_none()
    if mark is None:
        raise NotFound(path=("input", "markId"))
    because = _BECAUSE[mark.kind]
    if await is_suspended(mark.reporter_key, workspace_id=mark.workspace_id, because=because):
        raise Conflict("They are suspended already.", path=("input", "markId"))
    warning = None
    if kind == "suspension":
        warnings = MisuseMeasure.filter(
            workspace_id=mark.workspace_id,
            reporter_key=mark.reporter_key,
            kind="warning",
            because=because,
            told_at__gt=now() - WARNING_LASTS,
        )
        warning = await warnings.order_by("-starts_at").first()
        if warning is None:
            raise Conflict("They have to be warned first, and to be told.", path=("input", "markId"))
    counted = await _count(mark, since=now() - COUNTED_WITHIN if warning is None else warning.starts_at)
    if len(counted.proof) < FEWEST_UNFOUNDED or len(counted.proof) < LEAST_SHARE * counted.filed:
        raise Conflict(
            f"Too few: {len(counted.proof)} of {counted.filed} were manifestly unfounded since "
            f"{'the warning' if warning else f'{COUNTED_WITHIN.days} days ago'}; {FEWEST_UNFOUNDED} and half of all are "
            "needed.",
            path=("input", "markId"),
        )
    member_id = UUID(mark.reporter_key.removeprefix("member:")) if mark.reporter_key.startswith("member:") else None
    measure = await MisuseMeasure.create(
        workspace_id=mark.workspace_id,
        kind=kind,
        because=because,
        reporter_key=mark.reporter_key,
        member_id=member_id,
        filed_count=counted.filed,
        unfounded_count=len(counted.proof),
        counted_since=counted.since,
        proof=list(counted.proof),
        reason=reason,
        warning_id=None if warning is None else warning.id,
        until=until,
        imposed_by_id=lead.membership_id,
    )
    await _tell(mark, measure)
    await _record(
        "warned" if warning is None else "suspended", measure.id, workspace_id=mark.workspace_id, because=because
    )
    return measure.id


async def _count(mark: UnfoundedMark, *, since: datetime) -> _Counted:
    """Absolute and relative, as Article 23(3) wants. What a suspension kept out counts as filed."""
    row = await current().fetchrow(
        """select case when $4 = 'notice'
                       then (select count(*) from reports r where r.agency_id = $1 and r.workspace_id = $2
                                and r.reporter_key = $3 and r.created_at >= $5)
                          + (select count(*) from public_notices n where n.agency_id = $1 and n.workspace_id = $2
                                and n.reporter_key = $3 and n.received_at >= $5 and n.state = 'rejected')
                       else (select count(*) from appeals a
                               left join reports r on r.agency_id = $1 and r.workspace_id = $2 and r.id = a.report_id
                              where a.agency_id = $1 and a.workspace_id = $2 and a.filed_at >= $5
                                and coalesce(r.reporter_key, 'member:' || a.member_id) = $3) end as filed,
                  array(select u.id::text from unfounded_marks u
                          left join reports r on r.agency_id = $1 and r.workspace_id = $2 and r.id = u.report_id
                          left join appeals a on a.agency_id = $1 and a.workspace_id = $2 and a.id = u.appeal_id
                          left join public_notices n on n.agency_id = $1 and n.workspace_id = $2 and n.id = u.notice_id
                         where u.agency_id = $1 and u.workspace_id = $2 and u.reporter_key = $3 and u.kind = $4
                           and coalesce(r.created_at, a.filed_at, n.received_at) >= $5
                         order by u.marked_at, u.id) as proof""",
        current().actor.agency_id,
        mark.workspace_id,
        mark.reporter_key,
        mark.kind,
        since,
    )
    proof = tuple(row["proof"])
    return _Counted(max(row["filed"], len(proof)), proof, since)


async def _tell(mark: UnfoundedMark, measure: MisuseMeasure) -> None:
    """A member where they are, anybody else by mail. Raises Conflict where nobody can."""
    if measure.member_id is not None:
        member = await Member.get(id=measure.member_id, workspace_id=mark.workspace_id)
        community = await Community.get(id=member.community_id, workspace_id=mark.workspace_id)
        await order_action(
            workspace_id=mark.workspace_id,
            case_id=await _case_of(mark),
            post_id=None,
            member_id=member.id,
            kind="tell_member",
            message=measure_text(measure, language=community.language),
        )
        await MisuseMeasure.filter(id=measure.id, workspace_id=mark.workspace_id).update(told_at=now())
        return
    notices = PublicNotice.filter(reporter_key=mark.reporter_key, workspace_id=mark.workspace_id)
    notice = await notices.order_by("-received_at", "-id").first()
    if notice is None or (notice.email is None and notice.trusted_flagger_id is None):
        raise Conflict("Nobody can tell them: no address is known.", path=("input", "markId"))
    payload = {"notice_id": str(notice.id), "about": "measured", "measure_id": str(measure.id)}
    await enqueue("mail_notifier", payload, workspace_id=mark.workspace_id)


async def _case_of(mark: UnfoundedMark) -> UUID:
    if mark.appeal_id is not None:
        return (await Appeal.get(id=mark.appeal_id, workspace_id=mark.workspace_id)).case_id
    report = await Report.get(id=mark.report_id, workspace_id=mark.workspace_id)
    assert report.case_id is not None
    return report.case_id


async def _record(verb: str, id: UUID, *, workspace_id: UUID, **detail: Any) -> None:
    kind = "unfoundedmark" if verb == "marked" else "misusemeasure"
    await journal.record(f"misuse.{verb}", subject_kind=kind, subject_id=id, workspace_id=workspace_id, **detail)
