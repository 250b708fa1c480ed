"""Misuse of reports and appeals: Article 23 of the Digital Services Act."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.appeals import Appeal
from graphql_schema.cases import Report
from graphql_schema.communities import Member
from graphql_schema.context import Info
from graphql_schema.decisions import Decision
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from graphql_schema.public_notices import PublicNotice
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What was manifestly unfounded.")
class UnfoundedKind(Enum):
    NOTICE = value("notice", "A report, or a notice that never became one.")
    COMPLAINT = value("complaint", "An appeal against a decision.")


@strawberry.enum(description="What is done about misuse.")
class MisuseMeasureKind(Enum):
    WARNING = value("warning", "They were told what follows if they go on.")
    SUSPENSION = value("suspension", "For a while what they send is not looked at, or they cannot write.")


@strawberry.enum(description="What was done so often that something is done about it.")
class MisuseGround(Enum):
    ILLEGAL_CONTENT = value("illegal_content", "A decision on illegal content suspended the member who wrote it.")
    UNFOUNDED_NOTICES = value("unfounded_notices", "Reports that were manifestly unfounded.")
    UNFOUNDED_COMPLAINTS = value("unfounded_complaints", "Appeals that were manifestly unfounded.")


@publish(reporting.UnfoundedMark, kind="unfoundedmark", needs=Right.READ_CASES)
class UnfoundedMark(Node):
    """Somebody found a report or an appeal manifestly unfounded."""

    id: strawberry.ID
    kind: UnfoundedKind = column(description="What kind of thing was marked.")
    reason: str = column(description="Why, for colleagues.")
    marked_at: datetime = column(description="When it was marked.")
    report: Report | None = one("report_id", description="The report that was marked; null for others.")
    notice: PublicNotice | None = one(
        "notice_id", description="The notice that never became a report; null for others."
    )
    appeal: Appeal | None = one("appeal_id", description="The appeal that was marked; null for others.")
    marked_by: Staff | None = one("marked_by_id", description="Who marked it; null where you may not see staff.")


@publish(reporting.MisuseMeasure, kind="misusemeasure", needs=Right.READ_CASES)
class MisuseMeasure(Node):
    """A warning or a suspension for misuse, with what was counted."""

    id: strawberry.ID
    kind: MisuseMeasureKind = column(description="Whether it is a warning or a suspension.")
    because: MisuseGround = column(description="What had been done too often.")
    filed_count: int = column(description="How much they sent, or wrote, since `countedSince`.")
    unfounded_count: int = column(description="How much of that was manifestly unfounded, or illegal.")
    counted_since: datetime = column(description="From when on it was counted.")
    proof: list[str] = sql(
        "array(select case when {row}.because = 'illegal_content' then 'decision_' else 'unfoundedmark_' end || p.id "
        "from unnest({row}.proof) with ordinality as p (id, n) order by p.n)",
        description="The ids of the marks that were counted; of decisions, for illegal content.",
    )
    reason: str = column(description="What they were told, at most 5,000 characters.")
    starts_at: datetime = column(description="When it was imposed.")
    until: datetime | None = column(
        description="When a suspension ends by itself; null for a warning, and without end."
    )
    told_at: datetime | None = column(description="When they were told; null until then.")
    lifted_at: datetime | None = column(description="When somebody ended it before; null where nobody did.")
    is_in_force: bool = sql(
        "{row}.kind = 'suspension' and {row}.lifted_at is null and ({row}.until is null or {row}.until > now())",
        description="Whether it suspends somebody now.",
    )
    member: Member | None = one("member_id", description="Whom it is about; null for whoever is no member.")
    decision: Decision | None = one("decision_id", description="That suspended the member; null for reporters.")
    imposed_by: Staff | None = one("imposed_by_id", description="Who imposed it; null where you may not see staff.")
    lifted_by: Staff | None = one("lifted_by_id", description="Who ended it; null where you may not see staff.")


@strawberry.input(description="What was manifestly unfounded: exactly one of the three.")
class MarkUnfoundedInput:
    report_id: strawberry.ID | None = optional("A report by a person whose decision found no violation.")
    appeal_id: strawberry.ID | None = optional("An appeal that changed nothing.")
    notice_id: strawberry.ID | None = optional("A notice that was rejected.")
    reason: str = strawberry.field(description="Why, at most 5,000 characters.")


@strawberry.input(description="Whoever sent what was marked is to be warned.")
class WarnReporterInput:
    mark_id: strawberry.ID = strawberry.field(
        description="One of their marks. CONFLICT below three in 180 days, or below half of all they sent."
    )
    reason: str = strawberry.field(description="For them, at most 5,000 characters.")


@strawberry.input(description="Whoever sent what was marked is not to be heard for a while.")
class SuspendReporterInput:
    mark_id: strawberry.ID = strawberry.field(
        description="One of their marks. CONFLICT unless they were warned, and three more, half of all, came since."
    )
    reason: str = strawberry.field(description="For them, at most 5,000 characters.")
    until: datetime = strawberry.field(description="When it ends by itself, at most 180 days from now.")


@strawberry.input(description="A suspension of a reporter that is in force.")
class LiftSuspensionInput:
    measure_id: strawberry.ID = strawberry.field(description="Which is to end now.")


@strawberry.type(description="The mark that was made.")
class MarkUnfoundedPayload:
    mark: UnfoundedMark | None = strawberry.field(default=None, description="The new mark; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The measure as it is now.")
class MisuseMeasurePayload:
    measure: MisuseMeasure | None = strawberry.field(
        default=None, description="The measure as it is; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class MindingReporters:
    @verb(MarkUnfoundedPayload, "Say that a report or an appeal was manifestly unfounded.", needs=Right.WORK_QUEUE)
    async def mark_unfounded(self, info: Info, input: Input[MarkUnfoundedInput]) -> MarkUnfoundedPayload:
        mark_id = await reporting.mark_unfounded(
            actor_of(info.context),
            report_id=optional_uuid_of("report", input.report_id, field="reportId"),
            appeal_id=optional_uuid_of("appeal", input.appeal_id, field="appealId"),
            notice_id=optional_uuid_of("publicnotice", input.notice_id, field="noticeId"),
            reason=input.reason,
        )
        return MarkUnfoundedPayload(mark=ref(UnfoundedMark, mark_id))

    @verb(MisuseMeasurePayload, "Warn a reporter of what follows if they go on.", needs=Right.LEAD_QUEUE)
    async def warn_reporter(self, info: Info, input: Input[WarnReporterInput]) -> MisuseMeasurePayload:
        measure_id = await reporting.warn_reporter(
            actor_of(info.context), uuid_of("unfoundedmark", input.mark_id, field="markId"), reason=input.reason
        )
        return MisuseMeasurePayload(measure=ref(MisuseMeasure, measure_id))

    @verb(
        MisuseMeasurePayload,
        "Suspend a reporter who was warned: what they report is kept and stays out of the queues, or their appeals are "
        "not taken.",
        needs=Right.LEAD_QUEUE,
    )
    async def suspend_reporter(self, info: Info, input: Input[SuspendReporterInput]) -> MisuseMeasurePayload:
        measure_id = await reporting.suspend_reporter(
            actor_of(info.context),
            uuid_of("unfoundedmark", input.mark_id, field="markId"),
            reason=input.reason,
            until=input.until,
        )
        return MisuseMeasurePayload(measure=ref(MisuseMeasure, measure_id))

    @verb(MisuseMeasurePayload, "End the suspension of a reporter before its time.", needs=Right.LEAD_QUEUE)
    async def lift_suspension(self, info: Info, input: Input[LiftSuspensionInput]) -> MisuseMeasurePayload:
        measure_id = await reporting.lift_suspension(
            actor_of(info.context), uuid_of("misusemeasure", input.measure_id, field="measureId")
        )
        return MisuseMeasurePayload(measure=ref(MisuseMeasure, measure_id))
