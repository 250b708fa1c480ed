"""What a member who is no user of Tend reads behind a link that was sent to them, and what they say there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from backend.communities import Community, Member, Post
from backend.kit.errors import Conflict, NotFound
from backend.moderation.answering_reporters import OF_NO_MEMBER
from backend.moderation.appealing import Appellant, TooLate, appealable_until, file_appeal, may_appeal
from backend.moderation.asking import record_answer
from backend.moderation.decision_models import Appeal, Decision, DecisionEvent
from backend.moderation.models import Case, CaseQuestion, Report
from backend.statements import LinkKind, Statement
from tenants.actor import system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.scope import agency_scope, current


@dataclass(frozen=True, slots=True)
class End:
    """A decision counts no more: nothing took its place, or another that finds a violation too."""

    at: datetime
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Asked:
    question: CaseQuestion
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Correspondence:
    """All that a member and the agency say to each other about one post. `statement` for its author, `report` for who
    reported it, neither behind a question. `outcome` is that of the decision in force; `appeal_until` is None where nobody
    could ever appeal."""

    language: str
    client: str
    community: str
    posted_at: datetime
    is_author: bool
    statement: Statement | None
    report: Report | None
    outcome: str | None
    end: End | None
    can_appeal: bool
    is_too_late: bool
    appeal_until: datetime | None
    appeals: tuple[Appeal, ...]
    questions: tuple[Asked, ...]


async def correspondence_behind(kind: LinkKind, token: str) -> Correspondence | None:
    """None for a link that was made up, a member who was forgotten, a client that is closed. Call outside any scope."""
    try:
        async with _opened(kind, token, read_only=True) as opened:
            return await _read(opened)
    except NotFound:
        return None


async def appeal_behind(kind: LinkKind, token: str, *, text: str) -> UUID:
    """The appeal's id. Raises NotFound, Invalid, Conflict, as file_appeal. Call outside any scope."""
    async with _opened(kind, token) as opened:
        if opened.decision is None:
            raise NotFound
        by = opened.appellant
        return await file_appeal(
            current().actor, opened.decision.id, member_id=by.member_id, report_id=by.report_id, text=text
        )


async def answer_behind(kind: LinkKind, token: str, question_id: UUID, *, answer: str) -> None:
    """Raises NotFound for a question that is not this member's, or about another post; Invalid; Conflict where no answer is
    waited for. Call outside any scope."""
    async with _opened(kind, token) as opened:
        asked = {each.question.id: each for each in await _questions(opened)}.get(question_id)
        if asked is None:
            raise NotFound
        if not asked.is_waiting:
            raise Conflict("No answer is waited for any more.")
        await record_answer(current().actor, question_id, answer=answer)


@dataclass(frozen=True, slots=True)
class _Opened:
    """`member` is None for whoever reported without being one. `decision`: which they may appeal against, where they may."""

    workspace: Workspace
    member: Member | None
    case: Case
    decision: Decision | None = None
    statement: Statement | None = None
    report: Report | None = None

    @property
    def appellant(self) -> Appellant:
        if self.member is not None:
            return Appellant(member_id=self.member.id)
        assert self.report is not None
        return Appellant(report_id=self.report.id)


@asynccontextmanager
async def _opened(kind: LinkKind, token: str, *, read_only: bool = False) -> AsyncIterator[_Opened]:
    found = await target_of(kind, token)
    if found is None:
        raise NotFound
    agency_id, target_id = found
    async with agency_scope(system(agency_id), read_only=read_only):
        row = await _row(kind, target_id)
        workspace = None if row is None else await Workspace.get(id=row.workspace_id)
        if row is None or workspace is None or workspace.deletes_at is not None:
            raise NotFound
        member = await Member.get_or_none(id=row.member_id, workspace_id=row.workspace_id)
        if member is not None and member.erased_at is not None:
            raise NotFound
        case = await Case.get(id=row.case_id, workspace_id=row.workspace_id)
        if isinstance(row, Statement):
            decision = await Decision.get(id=row.decision_id, workspace_id=row.workspace_id)
            yield _Opened(workspace, member, case, decision, statement=row)
        elif isinstance(row, Report):
            yield _Opened(workspace, member, case, await _in_force(case), report=row)
        else:
            yield _Opened(workspace, member, case)


async def _row(kind: LinkKind, target_id: UUID) -> Statement | Report | CaseQuestion | None:
    """Where the words are left: forgetting takes them."""
    if kind == "statement":
        return await Statement.exclude(text="").get_or_none(id=target_id)
    if kind == "report":
        whose = Q(member_id__isnull=False) | Q(channel__in=list(OF_NO_MEMBER), api_client_id__isnull=True)
        return await Report.get_or_none(whose, id=target_id, case_id__isnull=False)
    return await CaseQuestion.exclude(question="").get_or_none(id=target_id)


async def _in_force(case: Case) -> Decision | None:
    """None while somebody looks at it, also for another time."""
    if case.state != "closed" or case.decision_id is None:
        return None
    return await Decision.get(id=case.decision_id, workspace_id=case.workspace_id)


async def _read(opened: _Opened) -> Correspondence:
    case, decision = opened.case, opened.decision
    post = await Post.get(id=case.post_id, workspace_id=case.workspace_id)
    community = await Community.get(id=post.community_id, workspace_id=case.workspace_id)
    can_appeal, is_too_late, until = False, False, None
    if decision is not None:
        until = await appealable_until(decision)
        try:
            await may_appeal(case, decision, opened.appellant)
            can_appeal = True
        except TooLate:
            is_too_late = True
        except (Conflict, NotFound):
            pass
    return Correspondence(
        language=community.language if opened.statement is None else opened.statement.language,
        client=opened.workspace.brand_name or opened.workspace.name,
        community=community.name,
        posted_at=post.posted_at,
        is_author=opened.member is not None and opened.member.id == post.member_id,
        statement=opened.statement,
        report=opened.report,
        outcome=None if decision is None else decision.outcome,
        end=None if opened.statement is None else await _end(case, opened.statement),
        can_appeal=can_appeal,
        is_too_late=is_too_late,
        appeal_until=until,
        appeals=await _appeals(opened),
        questions=tuple(await _questions(opened)),
    )


async def _end(case: Case, statement: Statement) -> End | None:
    ended = await DecisionEvent.filter(
        decision_id=statement.decision_id,
        workspace_id=case.workspace_id,
        kind__in=["undone", "overturned", "superseded"],
    ).first()
    if ended is None:
        return None
    instead = await _in_force(case)
    return End(ended.at, is_replaced=instead is not None and instead.outcome == "violation")


async def _appeals(opened: _Opened) -> tuple[Appeal, ...]:
    """Against what the statement states; of a reporter all about the case, since its decision may be another by now."""
    if opened.statement is not None:
        against = [opened.statement.decision_id]
    elif opened.report is not None:
        decisions = Decision.filter(case_id=opened.case.id, workspace_id=opened.case.workspace_id)
        against = [each.id for each in await decisions]
    else:
        return ()
    by = opened.appellant
    theirs = {"member_id": by.member_id} if by.report_id is None else {"report_id": by.report_id}
    appeals = Appeal.filter(workspace_id=opened.case.workspace_id, decision_id__in=against, **theirs)
    return tuple(await appeals.order_by("filed_at", "id"))


async def _questions(opened: _Opened) -> list[Asked]:
    """Whatever this member was asked about the post; golden cases, which nobody is asked about, aside."""
    case = opened.case
    if opened.member is None:
        return []
    cases = Case.filter(post_id=case.post_id, workspace_id=case.workspace_id, kind__in=["moderation", "appeal"])
    states = {each.id: each.state for each in await cases}
    questions = CaseQuestion.exclude(question="").filter(
        member_id=opened.member.id, workspace_id=case.workspace_id, case_id__in=list(states)
    )
    return [
        Asked(each, is_waiting=each.answered_at is None and states[each.case_id] != "closed")
        for each in await questions.order_by("asked_at", "id")
    ]
