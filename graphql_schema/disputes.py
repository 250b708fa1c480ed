"""Disputes out of court: Article 21 of the Digital Services Act."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.appeals import Appeal, Appellant
from graphql_schema.context import Info
from graphql_schema.decisions import Decision
from graphql_schema.describing import Input, optional, value
from graphql_schema.projection import Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What a body found.")
class DisputeOutcome(Enum):
    UPHELD = value("upheld", "The decision is right.")
    PARTIALLY_REVERSED = value("partially_reversed", "A part of it is not.")
    REVERSED = value("reversed", "It is wrong.")
    OMITTED = value("omitted", "Nothing: it was taken back, or ended without an outcome.")


@publish(reporting.Dispute, kind="dispute", needs=Right.READ_CASES)
class Dispute(Node):
    """Somebody took a decision to a certified body out of court. What it finds does not bind."""

    id: strawberry.ID
    body: str = column(description="The certified body, at most 300 characters.")
    country: str = column(description="Where it was certified: two capitals, GR for Greece.")
    reference: str = column(description="The body's own; may be empty.")
    claimant: Appellant = column(description="Who took the decision there.")
    received_at: datetime = column(description="When the body had it.")
    due_at: datetime = column(description="When the body has to be done: 90 days, 180 where it is highly complex.")
    is_highly_complex: bool = column(description="Whether the body says that it is.")
    is_overdue: bool = sql(
        "{row}.closed_at is null and {row}.due_at < now()", description="Whether `dueAt` has passed without an outcome."
    )
    outcome: DisputeOutcome | None = column(description="What the body found; null until then.")
    closed_at: datetime | None = column(description="When it found that; null until then.")
    implemented_at: datetime | None = column(description="When the outcome was put into effect; null where it was not.")
    not_implemented_because: str = column(description="Why it was not put into effect; may be empty.")
    fees_cents: int | None = column(needs=Right.LEAD_QUEUE, description="What it cost, in euro cents; null if unknown.")
    note: str = column(description="For colleagues; may be empty.")
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    decision: Decision | None = one("decision_id", description="The decision that it is about.")
    appeal: Appeal | None = one("appeal_id", description="The appeal before; null where there was none.")
    entered_by: Staff | None = one("entered_by_id", description="Who wrote it down; null where you may not see staff.")


@strawberry.input(description="A dispute as it came.")
class RecordDisputeInput:
    decision_id: strawberry.ID = strawberry.field(description="The decision that it is about.")
    appeal_id: strawberry.ID | None = optional("The appeal that came before.")
    body: str = strawberry.field(description="The certified body, at most 300 characters.")
    country: str = strawberry.field(description="Where it was certified: two capitals, GR for Greece.")
    reference: str = strawberry.field(default="", description="The body's own, at most 300 characters.")
    claimant: Appellant = strawberry.field(description="Who took the decision there.")
    received_at: datetime = strawberry.field(description="When the body had it; not before the decision.")
    is_highly_complex: bool = strawberry.field(default=False, description="Whether the body says that it is.")


@strawberry.input(description="What became of a dispute; what is left out stays as it is.")
class SettleDisputeInput:
    dispute_id: strawberry.ID = strawberry.field(description="The dispute that was settled.")
    expected_version: int = strawberry.field(description="The version you read.")
    outcome: DisputeOutcome | None = optional("What the body found; together with `closedAt`, once.")
    closed_at: datetime | None = optional("When it found that.")
    implemented_at: datetime | None = optional("When the outcome was put into effect: decide the case anew for that.")
    not_implemented_because: str | None = optional("Why it is not put into effect, at most 5,000 characters.")
    fees_cents: int | None = optional("What it cost, in euro cents.")
    note: str | None = optional("For colleagues, at most 5,000 characters.")


@strawberry.type(description="The dispute as it is now.")
class DisputePayload:
    dispute: Dispute | None = strawberry.field(default=None, description="The dispute; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class RecordingDisputes:
    @verb(DisputePayload, "Write down that a decision was taken to a body out of court.", needs=Right.LEAD_QUEUE)
    async def record_dispute(self, info: Info, input: Input[RecordDisputeInput]) -> DisputePayload:
        dispute_id = await reporting.record_dispute(
            actor_of(info.context),
            uuid_of("decision", input.decision_id, field="decisionId"),
            body=input.body,
            country=input.country,
            reference=input.reference,
            claimant=input.claimant.value,
            received_at=input.received_at,
            is_highly_complex=input.is_highly_complex,
            appeal_id=optional_uuid_of("appeal", input.appeal_id, field="appealId"),
        )
        return DisputePayload(dispute=ref(Dispute, dispute_id))

    @verb(DisputePayload, "Write down what a body found, and what became of that.", needs=Right.LEAD_QUEUE)
    async def settle_dispute(self, info: Info, input: Input[SettleDisputeInput]) -> DisputePayload:
        dispute_id = await reporting.settle_dispute(
            actor_of(info.context),
            uuid_of("dispute", input.dispute_id, field="disputeId"),
            reporting.Settled(
                outcome=input.outcome.value if input.outcome else None,
                closed_at=input.closed_at or None,
                implemented_at=input.implemented_at or None,
                not_implemented_because=input.not_implemented_because or None,
                fees_cents=input.fees_cents if isinstance(input.fees_cents, int) else None,
                note=input.note or None,
            ),
            expected_version=input.expected_version,
        )
        return DisputePayload(dispute=ref(Dispute, dispute_id))
