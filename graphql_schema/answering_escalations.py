"""Raising an escalation and answering for it."""

from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID

import strawberry

from backend import moderation, safety
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.escalations import Escalation, EscalationOutcome, LegalBasis
from graphql_schema.on_call import DangerKind
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right


@strawberry.input(description="Somebody may come to harm. Name a case, a post or a member; a client for a drill alone.")
class RaiseEscalationInput:
    kind: DangerKind = strawberry.field(description="What danger it is.")
    summary: str = strawberry.field(description="What you know, at most 5,000 characters; in no page and no notice.")
    case_id: strawberry.ID | None = optional("The case it was seen in.")
    post_id: strawberry.ID | None = optional("The post it was seen in; it is reported as well.")
    member_id: strawberry.ID | None = optional("Whom it is about, without a post.")
    workspace_id: strawberry.ID | None = optional("The client of a drill about nobody.")
    impact: int | None = optional("1 a life or a child's safety, 2 serious harm, 3 limited, 4 a breach of rules.")
    urgency: int | None = optional("1 now, 2 within a day, 3 within days, 4 none. Unknown counts as 1.")
    legal_basis: LegalBasis | None = optional("What law says about it; it makes it at least so grave.")
    is_at_risk: bool = strawberry.field(default=False, description="Whether a minor or somebody at risk is concerned.")
    is_drill: bool = strawberry.field(default=False, description="A drill: pages go out, nothing is restricted.")


@strawberry.type(description="The escalation that goes on now.")
class RaiseEscalationPayload:
    escalation: Escalation | None = strawberry.field(default=None, description="New or joined; null when refused.")
    is_joined: bool | None = strawberry.field(
        default=None, description="Whether somebody had raised the same, which is open; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="An escalation, with nothing to add.")
class EscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that you were paged for, or see on the board.")


@strawberry.input(description="What was done or found out.")
class NoteOnEscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open.")
    note: str = strawberry.field(description="For its readers, at most 5,000 characters.")


@strawberry.enum(description="Who was told of a danger.")
class ContactedWhom(Enum):
    EMERGENCY_SERVICES = value("emergency_services", "Police, ambulance or fire brigade, at once.")
    AUTHORITY = value("authority", "Another authority; what is filed with it is a `SafetyFiling`.")
    PLATFORM = value("platform", "The platform, by its own way.")
    CLIENT = value("client", "The client's own people.")
    MEMBER = value("member", "Whoever it is about.")
    RELATIVE = value("relative", "Somebody close to them.")
    OTHER = value("other", "Somebody else, whom the note names.")


@strawberry.enum(description="By what somebody was told.")
class ContactChannel(Enum):
    MAIL = value("mail", "By a mail that somebody wrote.")
    TELEPHONE = value("telephone", "By telephone, from person to person.")
    FORM = value("form", "By a form of theirs.")
    CHAT = value("chat", "By a message in a chat.")
    IN_PERSON = value("in_person", "Face to face.")


@strawberry.input(description="Who was told what.")
class RecordContactInput:
    escalation_id: strawberry.ID = strawberry.field(description="What they were told of; resolved ones too.")
    whom: ContactedWhom = strawberry.field(description="Who it was.")
    channel: ContactChannel = strawberry.field(description="By what they were told.")
    told_at: datetime = strawberry.field(description="When they were told.")
    note: str = strawberry.field(description="Their name, and what was said by both; at most 5,000 characters.")


@strawberry.input(description="Who is to take an escalation over.")
class OfferEscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that you have.")
    staff_id: strawberry.ID = strawberry.field(description="A colleague who is trained for its client.")
    note: str = strawberry.field(description="What they need to know: deadlines, who was told, risks.")


@strawberry.input(description="How long nobody is paged.")
class SilenceEscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open, and not of severity 1.")
    minutes: int = strawberry.field(description="From now: 1 to 1,440.")
    reason: str = strawberry.field(description="For its readers, at most 2,000 characters.")


@strawberry.input(description="How grave it is, as you see it now.")
class RegradeEscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open.")
    impact: int | None = optional("1 to 4 as in `raiseEscalation`; unknown where it is left out.")
    urgency: int | None = optional("1 to 4 as in `raiseEscalation`; unknown where it is left out.")
    reason: str = strawberry.field(description="For its readers, at most 2,000 characters.")


@strawberry.type(description="The escalation, graded anew or waiting for a second person.")
class RegradeEscalationPayload:
    escalation: Escalation | None = strawberry.field(default=None, description="As it is now; null when refused.")
    is_done: bool | None = strawberry.field(
        default=None,
        description="False where severity 1 or 2 is to become less: somebody else has to say the same. Null when refused.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="How an escalation ends.")
class ResolveEscalationInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is open.")
    outcome: EscalationOutcome = strawberry.field(description="What became of the danger.")
    note: str = strawberry.field(description="For its readers, at most 5,000 characters.")
    lifts_restriction: bool = strawberry.field(
        description="True: the post and its case are there for everybody again; false: for its readers alone."
    )


@strawberry.input(description="Why you must see what you are no reader of.")
class BreakGlassInput:
    escalation_id: strawberry.ID = strawberry.field(description="The one to be opened, resolved ones too.")
    reason: str = strawberry.field(description="Told to whoever has it, and kept in the journal; 2,000 characters.")


@strawberry.type(description="The escalation, as it is now.")
class EscalationPayload:
    escalation: Escalation | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class AnsweringEscalations:
    @verb(
        RaiseEscalationPayload,
        "Somebody may come to harm: whoever is on call is paged now, and what it is about is for its readers alone.",
        needs=Right.REPORT,
    )
    async def raise_escalation(self, info: Info, input: Input[RaiseEscalationInput]) -> RaiseEscalationPayload:
        about = moderation.About(
            case_id=optional_uuid_of("case", input.case_id, field="caseId"),
            post_id=optional_uuid_of("post", input.post_id, field="postId"),
            member_id=optional_uuid_of("member", input.member_id, field="memberId"),
            workspace_id=optional_uuid_of("workspace", input.workspace_id, field="workspaceId"),
        )
        danger = safety.Danger(
            kind=input.kind.value,
            summary=input.summary,
            impact=grade(input.impact),
            urgency=grade(input.urgency),
            legal_basis=input.legal_basis.value if input.legal_basis else None,
            is_at_risk=input.is_at_risk,
            is_drill=input.is_drill,
        )
        escalation_id, is_joined = await moderation.raise_danger(actor_of(info.context), about, danger)
        return RaiseEscalationPayload(escalation=ref(Escalation, escalation_id), is_joined=is_joined)

    @verb(EscalationPayload, "Take an escalation, and see what it is about.", needs=Right.WORK_QUEUE)
    async def acknowledge_escalation(self, info: Info, input: Input[EscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.acknowledge_escalation(actor_of(info.context), escalation_id)
        return _now(escalation_id)

    @verb(EscalationPayload, "Say what was done: of its owner a sign of life.", needs=Right.WORK_QUEUE)
    async def note_on_escalation(self, info: Info, input: Input[NoteOnEscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.note_on_escalation(actor_of(info.context), escalation_id, note=input.note)
        return _now(escalation_id)

    @verb(EscalationPayload, "Write down who was told what; it is never changed.", needs=Right.WORK_QUEUE)
    async def record_contact(self, info: Info, input: Input[RecordContactInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.record_contact(
            actor_of(info.context),
            escalation_id,
            whom=input.whom.value,
            channel=input.channel.value,
            note=input.note,
            told_at=input.told_at,
        )
        return _now(escalation_id)

    @verb(
        EscalationPayload,
        "Ask a colleague to take over an escalation of yours; it is yours until they accept.",
        needs=Right.WORK_QUEUE,
    )
    async def offer_escalation(self, info: Info, input: Input[OfferEscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        to_id = uuid_of("staff", input.staff_id, field="staffId")
        await safety.offer_escalation(actor_of(info.context), escalation_id, to_id=to_id, note=input.note)
        return _now(escalation_id)

    @verb(EscalationPayload, "Take over what a colleague offers you.", needs=Right.WORK_QUEUE)
    async def accept_escalation(self, info: Info, input: Input[EscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.accept_escalation(actor_of(info.context), escalation_id)
        return _now(escalation_id)

    @verb(EscalationPayload, "Page nobody for a while; then it begins anew.", needs=Right.WORK_QUEUE)
    async def silence_escalation(self, info: Info, input: Input[SilenceEscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.silence_escalation(
            actor_of(info.context), escalation_id, minutes=input.minutes, reason=input.reason
        )
        return _now(escalation_id)

    @verb(
        RegradeEscalationPayload,
        "Say anew how grave it is. To make severity 1 or 2 less takes two people.",
        needs=Right.WORK_QUEUE,
    )
    async def regrade_escalation(self, info: Info, input: Input[RegradeEscalationInput]) -> RegradeEscalationPayload:
        escalation_id = _id(input)
        is_done = await safety.regrade_escalation(
            actor_of(info.context),
            escalation_id,
            impact=grade(input.impact),
            urgency=grade(input.urgency),
            reason=input.reason,
        )
        return RegradeEscalationPayload(escalation=ref(Escalation, escalation_id), is_done=is_done)

    @verb(EscalationPayload, "Say that it is over, and how.", needs=Right.WORK_QUEUE)
    async def resolve_escalation(self, info: Info, input: Input[ResolveEscalationInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.resolve_escalation(
            actor_of(info.context),
            escalation_id,
            outcome=input.outcome.value,
            note=input.note,
            lifts_restriction=input.lifts_restriction,
        )
        return _now(escalation_id)

    @verb(
        EscalationPayload,
        "See for eight hours what an escalation is about without being its responder. Its owner is told.",
        needs=Right.HOLD,
    )
    async def break_glass(self, info: Info, input: Input[BreakGlassInput]) -> EscalationPayload:
        escalation_id = _id(input)
        await safety.break_glass(actor_of(info.context), escalation_id, reason=input.reason)
        return _now(escalation_id)


class _OfEscalation(Protocol):
    escalation_id: strawberry.ID


def _id(input: _OfEscalation) -> UUID:
    return uuid_of("escalation", input.escalation_id, field="escalationId")


def _now(escalation_id: UUID) -> EscalationPayload:
    return EscalationPayload(escalation=ref(Escalation, escalation_id))


def grade(given: int | None) -> int | None:
    return given if isinstance(given, int) else None
