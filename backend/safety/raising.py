from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from backend import evidence, journal
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.safety.climbing import begin
from backend.safety.grading import severity_of
from backend.safety.joining import find_subject, join_to, tell_owner, told_before
from backend.safety.models import Escalation, EscalationBrief, SafetyContact
from backend.safety.policies import ladder_of, policy_for
from backend.safety.setting_promises import promised
from backend.safety.stepping import make, make_graver, note_step, reach_of
from backend.safety.thresholds import MOST_ABOUT_NOBODY
from backend.safety.writing_protocols import protocol_for
from tenants import locks
from tenants.actor import Actor, system
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

KINDS: Final = (
    *("self_harm", "threat_to_life", "child_safety", "violence", "terrorism", "extortion"),
    *("doxxing", "stalking", "intimate_images", "medical", "other"),
)
HOLD_REASON: Final = "An escalation is about this member."


@dataclass(frozen=True, slots=True)
class Subject:
    """A member, and the post it is about, with its open case, where there is one. A drill, and what an authority orders, may
    be about nobody that Tend knows."""

    workspace_id: UUID
    member_id: UUID | None = None
    post_id: UUID | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Danger:
    """What somebody says of it. `impact` and `urgency`: 1 for the gravest to 4, None for unknown, which counts as 1.
    `is_from_outside`: by somebody who may not know whom it is about, through a form. `told_as`: the escalation that was raised
    for the same words, when nobody knew of which post they are."""

    kind: str
    summary: str
    impact: int | None = None
    urgency: int | None = None
    legal_basis: str | None = None
    is_at_risk: bool = False
    is_drill: bool = False
    is_from_outside: bool = False
    told_as: UUID | None = None


async def raise_escalation(
    actor: Actor, subject: Subject, danger: Danger, *, moment: datetime | None = None
) -> tuple[UUID, bool]:
    """Page whoever is on call, keep what it is about as evidence, and let only its readers see it; at once. Where the same
    is open already, this is added to it, and it can only become graver. The id, and whether it was open.

    Raises NotAllowed, NotFound, Invalid.
    """
    actor.must_hold(Right.REPORT)
    await find_workspace(subject.workspace_id)
    summary = clean(danger.summary, field="summary", longest=5_000)
    for grade in (danger.impact, danger.urgency):
        if grade is not None and not 1 <= grade <= 4:
            raise Invalid("Impact and urgency go from 1 to 4.", path=("input", "impact"))
    may_be_about_nobody = danger.is_drill or danger.is_from_outside or danger.legal_basis is not None
    if subject.member_id is None and not may_be_about_nobody:
        raise Invalid("Say whom it is about: only drills and orders may be about nobody.", path=("input", "memberId"))
    scope = current()
    async with scope.past_restrictions():
        moment = moment or await scope.now()
        of_client = subject.workspace_id if danger.is_from_outside else new_id()
        await scope.lock(locks.ESCALATING, subject.post_id or subject.member_id or of_client)
        open_ = await _open_about(subject, danger)
        told = await told_before(danger.told_as, workspace_id=subject.workspace_id)
        if open_ is not None:
            if told is not None:
                # How grave it is, and in which words, its responders may know better than the form.
                danger = replace(danger, impact=told.impact, urgency=told.urgency)
                summary = await join_to(actor, told, open_, moment=moment)
            await _join(actor, open_, danger, summary, moment=moment)
            return open_.id, True
        if told is not None and subject.member_id is not None:
            await find_subject(
                actor,
                told,
                member_id=subject.member_id,
                post_id=subject.post_id,
                case_id=subject.case_id,
                moment=moment,
            )
            await _secure(told, subject)
            return told.id, True
        escalation = await _create(actor, subject, danger, summary, moment=moment)
        if subject.member_id is not None and not danger.is_drill:
            await _secure(escalation, subject)
        reach = await reach_of(escalation, moment=moment)
        move = begin(ladder_of(escalation.policy), moment=moment, covered=reach.covered)
        await make(escalation, move, reach, moment=moment)
        await journal.record(
            "escalation.raised",
            subject_kind="escalation",
            subject_id=escalation.id,
            workspace_id=escalation.workspace_id,
            kind=escalation.kind,
            severity=escalation.severity,
            is_drill=escalation.is_drill,
        )
        return escalation.id, False


async def _open_about(subject: Subject, danger: Danger) -> Escalation | None:
    if danger.is_drill:
        return None
    if subject.member_id is None:
        return await _one_of_many(subject, danger) if danger.is_from_outside else None
    brief = await EscalationBrief.get_or_none(
        workspace_id=subject.workspace_id,
        member_id=subject.member_id,
        post_id=subject.post_id,
        is_open=True,
        is_drill=False,
    )
    return None if brief is None else await _held_if_open(brief.escalation_id)


async def _one_of_many(subject: Subject, danger: Danger) -> Escalation | None:
    """What anybody may say of anything each has an escalation of its own, up to a number; beyond it is added to the newest,
    if there is one of the same danger to that."""
    rows = await current().fetch(
        """select e.id, e.kind from escalation_briefs b
             join escalations e on e.agency_id = $1 and e.workspace_id = $2 and e.id = b.escalation_id
            where b.agency_id = $1 and b.workspace_id = $2 and b.member_id is null and b.is_open and not b.is_drill
              and e.legal_basis is null
            order by e.kind <> $3, e.raised_at desc, e.id""",
        current().actor.agency_id,
        subject.workspace_id,
        danger.kind,
    )
    return None if len(rows) < MOST_ABOUT_NOBODY else await _held_if_open(rows[0]["id"])


async def _held_if_open(escalation_id: UUID) -> Escalation | None:
    """Locked; None where somebody has resolved it while this waited: nobody is paged for what is added to that."""
    return await Escalation.filter(id=escalation_id).exclude(state="resolved").select_for_update().first()


async def _join(actor: Actor, escalation: Escalation, danger: Danger, summary: str, *, moment: datetime) -> None:
    step_id = await note_step(escalation, "joined", by_id=actor.membership_id, note=summary, moment=moment)
    if escalation.state == "acknowledged":
        await tell_owner(actor, escalation, step_id)
    severity = _severity(danger, moment=moment, raised_at=moment)
    if severity < escalation.severity:
        escalation.impact, escalation.urgency = danger.impact, danger.urgency
        await make_graver(escalation, severity, by_id=actor.membership_id, moment=moment)
    await journal.record(
        "escalation.joined",
        subject_kind="escalation",
        subject_id=escalation.id,
        workspace_id=escalation.workspace_id,
        severity=escalation.severity,
    )


async def _create(actor: Actor, subject: Subject, danger: Danger, summary: str, *, moment: datetime) -> Escalation:
    severity = _severity(danger, moment=moment, raised_at=moment)
    escalation = await Escalation.create(
        workspace_id=subject.workspace_id,
        kind=danger.kind,
        impact=danger.impact,
        urgency=danger.urgency,
        legal_basis=danger.legal_basis,
        severity=severity,
        is_at_risk=danger.is_at_risk,
        is_drill=danger.is_drill,
        state="triggered",
        policy=await policy_for(subject.workspace_id, kind=danger.kind, severity=severity),
        protocol=await protocol_for(danger.kind),
        promised_seconds=await promised(severity),
        client_instruction=await _instruction(subject.workspace_id),
        raised_by_id=actor.membership_id,
        raised_by_client_id=actor.api_client_id,
        raised_at=moment,
        next_at=moment,
    )
    await EscalationBrief.create(
        workspace_id=subject.workspace_id,
        escalation_id=escalation.id,
        member_id=subject.member_id,
        post_id=subject.post_id,
        case_id=subject.case_id,
        summary=summary,
        by_id=actor.membership_id,
        is_drill=danger.is_drill,
    )
    await note_step(escalation, "raised", by_id=actor.membership_id, moment=moment)
    return escalation


async def _instruction(workspace_id: UUID) -> str | None:
    contact = await SafetyContact.get_or_none(workspace_id=workspace_id)
    return None if contact is None else contact.no_authorities


async def _secure(escalation: Escalation, subject: Subject) -> None:
    """The evidence as it is now, a hold on whoever it is about, and the wall before the post. As Tend itself: whoever
    raises an escalation needs no right to hold."""
    scope = current()
    agency_id, workspace_id = scope.actor.agency_id, subject.workspace_id
    assert subject.member_id is not None
    is_erased = await scope.fetchval(
        "select erased_at is not null from members where agency_id = $1 and workspace_id = $2 and id = $3",
        agency_id,
        workspace_id,
        subject.member_id,
    )
    if is_erased is None:
        raise NotFound(path=("input", "memberId"))
    if not is_erased and not await evidence.is_held(workspace_id, member_id=subject.member_id):
        await evidence.place_hold(system(agency_id), workspace_id, member_id=subject.member_id, reason=HOLD_REASON)
    if subject.post_id is None:
        return
    if subject.case_id is not None:
        await scope.execute(
            "select from cases where agency_id = $1 and workspace_id = $2 and id = $3 for update",
            agency_id,
            workspace_id,
            subject.case_id,
        )
        await evidence.capture(workspace_id=workspace_id, case_id=subject.case_id, post_id=subject.post_id)
    await scope.execute(
        """insert into restrictions (agency_id, workspace_id, id, post_id, escalation_id) values ($1, $2, $3, $4, $5)
           on conflict (agency_id, workspace_id, post_id) do update set escalation_id = $5, lifted_at = null""",
        agency_id,
        workspace_id,
        new_id(),
        subject.post_id,
        escalation.id,
    )


def _severity(danger: Danger, *, moment: datetime, raised_at: datetime) -> int:
    return severity_of(
        danger.impact, danger.urgency, legal_basis=danger.legal_basis, moment=moment, raised_at=raised_at
    )
