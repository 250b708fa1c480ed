"""Somebody does not accept a decision, and somebody else looks again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Post
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.moderation.decision_models import Appeal, Decision, DecisionEvent
from backend.moderation.models import Case, Report
from backend.moderation.moving import moved
from backend.moderation.routing import Facts, route_anew
from backend.moderation.thresholds import LONGEST_LETTER
from backend.moderation.timing import clock_of
from backend.moderation.trusting import is_suspended
from backend.statements import APPEAL_WINDOW
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


class AppealedAlready(Conflict):
    def __init__(self) -> None:
        super().__init__("There has been an appeal against this decision already.", path=("input", "decisionId"))


class NotInForce(Conflict):
    def __init__(self) -> None:
        super().__init__("This decision is not in force any more.", path=("input", "decisionId"))


class TooLate(Conflict):
    def __init__(self) -> None:
        super().__init__("The time for an appeal is over.", path=("input", "decisionId"))


class Suspended(Conflict):
    def __init__(self) -> None:
        super().__init__("Too many of these appeals were manifestly unfounded: for a while none are taken.")


@dataclass(frozen=True, slots=True)
class Appellant:
    """Exactly one of the two: a member, or whoever made this report without being one."""

    member_id: UUID | None = None
    report_id: UUID | None = None


async def file_appeal(
    actor: Actor, decision_id: UUID, *, text: str, member_id: UUID | None = None, report_id: UUID | None = None
) -> UUID:
    """The appeal's id. By a member, or by whoever made the report `report_id` without being one. The author of a post may appeal against a decision that found a violation, whoever reported it
    against one that found none; once each, within APPEAL_WINDOW, while the decision is in force. The appeal waits in a
    queue, and is never offered to anybody who has had to do with the case.

    Raises NotAllowed, Invalid; NotFound for a decision that is not there or that concerns somebody else; Suspended; Conflict.
    """
    actor.must_hold(Right.REPORT)
    by = Appellant(member_id=member_id, report_id=report_id)
    text = clean(text, field="text", longest=LONGEST_LETTER)
    decision = await Decision.get_or_none(id=decision_id)
    if decision is None:
        raise NotFound(path=("input", "decisionId"))
    # The case is locked first, as everywhere: while an appeal is filed, nobody replaces the decision.
    judged = await Case.filter(id=decision.case_id, workspace_id=decision.workspace_id).select_for_update().get()
    appellant = await may_appeal(judged, decision, by)
    await _refuse_the_suspended(by, workspace_id=judged.workspace_id)
    waiting = await open_appeal(judged)
    try:
        appeal = await Appeal.create(
            workspace_id=judged.workspace_id,
            decision_id=decision.id,
            case_id=waiting,
            appellant=appellant,
            member_id=by.member_id,
            report_id=by.report_id,
            text=text,
            filed_by_id=actor.membership_id,
        )
    except IntegrityError:
        raise AppealedAlready from None
    await journal.record(
        "appeal.filed",
        subject_kind="case",
        subject_id=judged.id,
        workspace_id=judged.workspace_id,
        appeal=str(appeal.id),
        appellant=appellant,
    )
    return appeal.id


async def may_appeal(judged: Case, decision: Decision, by: Appellant) -> str:
    """As whom they may appeal now: `author` or `reporter`. Raises NotFound for whom the decision does not concern,
    AppealedAlready, NotInForce, TooLate, and Conflict for whom it went as they wished."""
    appellant = await _appellant(judged, decision, by)
    theirs = {"member_id": by.member_id} if by.report_id is None else {"report_id": by.report_id}
    if await Appeal.exists(decision_id=decision.id, workspace_id=judged.workspace_id, **theirs):
        raise AppealedAlready
    if judged.state != "closed" or judged.decision_id != decision.id:
        raise NotInForce
    if now() > await appealable_until(decision):
        raise TooLate
    return appellant


async def appealable_until(decision: Decision) -> datetime:
    """Counted from when it took effect."""
    approved = await DecisionEvent.get_or_none(
        decision_id=decision.id, workspace_id=decision.workspace_id, kind="approved"
    )
    return (approved.at if approved is not None else decision.decided_at) + APPEAL_WINDOW


async def _refuse_the_suspended(by: Appellant, *, workspace_id: UUID) -> None:
    """Raises Suspended."""
    key = f"member:{by.member_id}"
    if by.report_id is not None:
        key = (await Report.get(id=by.report_id, workspace_id=workspace_id)).reporter_key
    if await is_suspended(key, workspace_id=workspace_id, because="unfounded_complaints"):
        raise Suspended


async def _appellant(judged: Case, decision: Decision, by: Appellant) -> str:
    """Raises NotFound for whom the decision does not concern, Conflict for whom it went as they wished."""
    if by.member_id is not None and by.member_id == judged.member_id:
        if decision.outcome == "no_violation":
            raise Conflict("The decision found no violation.", path=("input", "decisionId"))
        return "author"
    theirs = {"member_id": by.member_id} if by.report_id is None else {"id": by.report_id}
    if not await Report.exists(case_id=judged.id, workspace_id=judged.workspace_id, **theirs):
        raise NotFound(path=("input", "memberId"))
    if decision.outcome == "violation":
        raise Conflict("The decision followed the report.", path=("input", "decisionId"))
    return "reporter"


async def open_appeal(judged: Case) -> UUID:
    """The one open appeal about the post, made where there is none."""
    scope = current()
    found: UUID | None = await scope.fetchval(
        """select id from cases where agency_id = $1 and workspace_id = $2 and post_id = $3 and kind = 'appeal'
              and state <> 'closed' for update""",
        scope.actor.agency_id,
        judged.workspace_id,
        judged.post_id,
    )
    if found is not None:
        await _keep_away(found, judged)  # since the first appeal others may have decided
        return found
    case_id, opened_at = new_id(), now()
    clock = await clock_of(judged.workspace_id)
    by = clock.deadlines(opened_at, tier=judged.tier, risk=judged.risk, is_appeal=True)
    opened = await scope.change(
        """insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, kind, tier, severity, risk, language,
                              is_at_risk, opened_at, due_at, virtual_deadline, first_touch_due_at)
           select $1, $2, $3, q.id, $4, $5, 'appeal', $6, $7, $8, $9, $10, $11, $12, $13, $14 from queues q
            where q.agency_id = $1 and q.workspace_id = $2 order by q.created_at, q.id limit 1
           on conflict (agency_id, workspace_id, post_id, kind) where state <> 'closed' and kind <> 'golden'
           do nothing""",
        scope.actor.agency_id,
        judged.workspace_id,
        case_id,
        judged.post_id,
        judged.member_id,
        judged.tier,
        judged.severity,
        judged.risk,
        judged.language,
        judged.is_at_risk,
        opened_at,
        by.due_at,
        by.virtual,
        by.first_touch_at,
    )
    if not opened:
        return await open_appeal(judged)  # an appeal against another decision on the post came first
    await moved(case_id, workspace_id=judged.workspace_id, of=None, to="queued", because="appealed")
    await _keep_away(case_id, judged)
    await _route(case_id, judged)
    return case_id


async def _keep_away(case_id: UUID, judged: Case) -> None:
    """Whoever has ever held, judged or approved anything about the post is not offered the appeal."""
    scope = current()
    people = await scope.fetch(
        """select membership_id from claims k join cases c
                on c.agency_id = $1 and c.workspace_id = $2 and c.id = k.case_id and c.post_id = $3
            where k.agency_id = $1 and k.workspace_id = $2 and k.case_id <> $4
            union
           select e.membership_id from decision_events e
             join decisions d on d.agency_id = $1 and d.workspace_id = $2 and d.id = e.decision_id
             join cases c on c.agency_id = $1 and c.workspace_id = $2 and c.id = d.case_id and c.post_id = $3
            where e.agency_id = $1 and e.workspace_id = $2 and e.membership_id is not null
            union
           select r.membership_id from reports r
            where r.agency_id = $1 and r.workspace_id = $2 and r.post_id = $3 and r.membership_id is not null""",
        scope.actor.agency_id,
        judged.workspace_id,
        judged.post_id,
        case_id,
    )
    for row in people:
        await scope.execute(
            """insert into skips (agency_id, workspace_id, id, case_id, membership_id, reason)
               values ($1, $2, $3, $4, $5, 'took_part') on conflict do nothing""",
            scope.actor.agency_id,
            judged.workspace_id,
            new_id(),
            case_id,
            row["membership_id"],
        )


async def _route(case_id: UUID, judged: Case) -> None:
    post = await Post.get(id=judged.post_id, workspace_id=judged.workspace_id)
    reports = await Report.filter(case_id=judged.id, workspace_id=judged.workspace_id)
    facts = Facts(
        tier=judged.tier,
        severity=judged.severity,
        channels=frozenset(report.channel for report in reports),
        policies=frozenset(report.policy_id for report in reports if report.policy_id is not None),
        language=judged.language,
        community_id=post.community_id,
        is_at_risk=judged.is_at_risk,
        is_appeal=True,
    )
    row = {"id": case_id, "state": "queued", "routing_version": None}
    await route_anew(row, facts, workspace_id=judged.workspace_id)
