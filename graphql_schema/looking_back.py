"""What happened to an escalation, how soon, and what is learned from it."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from backend import safety
from backend.kit.errors import NotAllowed
from backend.kit.ids import parse_published
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.answering_escalations import EscalationPayload
from graphql_schema.context import Info
from graphql_schema.describing import Input, value
from graphql_schema.escalation_reviews import FollowUp
from graphql_schema.escalations import Escalation, EscalationStepKind, PageChannel
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="Why somebody may read an escalation.")
class ReaderBecause(Enum):
    PAGED = value("paged", "They were paged.")
    RESPONDS = value("responds", "They have taken it.")
    BROKE_GLASS = value("broke_glass", "They said why they must.")


@strawberry.type(description="Something that happened: a step, or that somebody may read it from then on.")
class EscalationHappening:
    at: datetime = strawberry.field(description="When it was.")
    step: EscalationStepKind | None = strawberry.field(description="What it was; null for a reader.")
    reader: ReaderBecause | None = strawberry.field(
        description="Why `staff` may read it from then on; null for a step."
    )
    until: datetime | None = strawberry.field(description="Until when they may; null for no end, and for a step.")
    level: int | None = strawberry.field(description="As of `EscalationStep`.")
    loop: int | None = strawberry.field(description="As of `EscalationStep`.")
    target: str = strawberry.field(description="As of `EscalationStep`.")
    channel: PageChannel | None = strawberry.field(description="As of `EscalationStep`.")
    note: str = strawberry.field(description="As of `EscalationStep`.")
    staff: Staff | None = strawberry.field(description="Whom it concerns; null for nobody in particular.")
    by: Staff | None = strawberry.field(description="Who did it; null for Tend itself.")


@strawberry.type(description="An item of the escalation's protocol, and the last word about it.")
class ChecklistItem:
    key: str = strawberry.field(description="Its own name, which `tickItem` asks for.")
    text: str = strawberry.field(description="What is to be done.")
    is_done: bool = strawberry.field(description="Whether it is done.")
    said_at: datetime | None = strawberry.field(description="When that was last said; null for never.")
    said_by: Staff | None = strawberry.field(description="Who said it; null for nobody.")
    note: str = strawberry.field(description="What they said of it; may be empty.")


@strawberry.type(description="All that happened to an escalation, and how soon.")
class EscalationRecord:
    seconds_to_acknowledge: float | None = strawberry.field(
        description="From when it was raised until somebody took it; null while nobody has."
    )
    seconds_to_human: float | None = strawberry.field(
        description="Until somebody was there who may answer for it: took it, or did anything else; null until then."
    )
    seconds_to_act: float | None = strawberry.field(
        description="Until one of them did more than take it; null until then."
    )
    checklist: list[ChecklistItem] = strawberry.field(description="Its protocol, in order.")
    timeline: list[EscalationHappening] = strawberry.field(
        description="Steps (the first 5,000) and readers, the earliest first."
    )


@strawberry.input(description="What was learned from an escalation that is over.")
class WriteReviewInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that is resolved.")
    what_happened: str = strawberry.field(description="At most 10,000 characters.")
    went_well: str = strawberry.field(default="", description="At most 10,000 characters.")
    to_change: str = strawberry.field(default="", description="At most 10,000 characters.")
    expected_version: int = strawberry.field(default=0, description="Of the one you read; 0 where there is none yet.")


@strawberry.input(description="What is to change after an escalation.")
class SetFollowUpInput:
    escalation_id: strawberry.ID = strawberry.field(description="One that you read.")
    what: str = strawberry.field(
        description="What is to be done, at most 2,000 characters. Whose it is reads it, and need be no reader of the rest."
    )
    staff_id: strawberry.ID = strawberry.field(description="By whom: a colleague who works for the client.")
    due_at: datetime = strawberry.field(description="By when, within a year.")


@strawberry.input(description="What has changed.")
class FinishFollowUpInput:
    follow_up_id: strawberry.ID = strawberry.field(description="One of yours, or of an escalation that you read.")
    note: str = strawberry.field(default="", description="What was done, at most 2,000 characters.")


@strawberry.type(description="The follow-up, as it is now.")
class FollowUpPayload:
    follow_up: FollowUp | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class LookingBack:
    @strawberry.field(
        description="All that happened to an escalation, how soon, and what of its protocol is done; null for whoever is no "
        "reader of it.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def escalation_record(
        self,
        info: Info,
        escalation_id: Annotated[strawberry.ID, strawberry.argument(description="The escalation it is about.")],
    ) -> EscalationRecord | None:
        parsed = parse_published(escalation_id)
        if parsed is None or parsed[0] != "escalation":
            return None
        try:
            record = await safety.escalation_record(actor_of(info.context), parsed[1])
        except NotAllowed:
            return None
        return None if record is None else _shown(record)


@strawberry.type
class Reviewing:
    @verb(EscalationPayload, "Write what was learned from an escalation, or change that.", needs=Right.WORK_QUEUE)
    async def write_review(self, info: Info, input: Input[WriteReviewInput]) -> EscalationPayload:
        escalation_id = uuid_of("escalation", input.escalation_id, field="escalationId")
        await safety.write_review(
            actor_of(info.context),
            escalation_id,
            what_happened=input.what_happened,
            went_well=input.went_well,
            to_change=input.to_change,
            expected_version=input.expected_version,
        )
        return EscalationPayload(escalation=ref(Escalation, escalation_id))

    @verb(FollowUpPayload, "Say what is to change after an escalation, by whom and when.", needs=Right.WORK_QUEUE)
    async def set_follow_up(self, info: Info, input: Input[SetFollowUpInput]) -> FollowUpPayload:
        made = await safety.set_follow_up(
            actor_of(info.context),
            uuid_of("escalation", input.escalation_id, field="escalationId"),
            what=input.what,
            owner_id=uuid_of("staff", input.staff_id, field="staffId"),
            due_at=input.due_at,
        )
        return FollowUpPayload(follow_up=ref(FollowUp, made))

    @verb(FollowUpPayload, "Say that it is done.", needs=Right.REPORT)
    async def finish_follow_up(self, info: Info, input: Input[FinishFollowUpInput]) -> FollowUpPayload:
        follow_up_id = uuid_of("followup", input.follow_up_id, field="followUpId")
        await safety.finish_follow_up(actor_of(info.context), follow_up_id, note=input.note)
        return FollowUpPayload(follow_up=ref(FollowUp, follow_up_id))


def _shown(record: safety.Record) -> EscalationRecord:
    return EscalationRecord(
        seconds_to_acknowledge=record.seconds_to_acknowledge,
        seconds_to_human=record.seconds_to_human,
        seconds_to_act=record.seconds_to_act,
        checklist=[
            ChecklistItem(
                key=task.key,
                text=task.text,
                is_done=task.is_done,
                said_at=task.said_at,
                said_by=None if task.said_by_id is None else ref(Staff, task.said_by_id),
                note=task.note,
            )
            for task in record.checklist
        ],
        timeline=[_happened(each) for each in record.timeline],
    )


def _happened(each: safety.Happening) -> EscalationHappening:
    return EscalationHappening(
        at=each.at,
        step=None if each.kind is None else EscalationStepKind(each.kind),
        reader=None if each.because is None else ReaderBecause(each.because),
        until=each.until,
        level=each.level,
        loop=each.loop,
        target=each.target,
        channel=None if each.channel is None else PageChannel(each.channel),
        note=each.note,
        staff=None if each.membership_id is None else ref(Staff, each.membership_id),
        by=None if each.by_id is None else ref(Staff, each.by_id),
    )
