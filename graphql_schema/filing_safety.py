"""Telling authorities: drafted by one, approved by another, filed."""

from typing import Protocol

import strawberry

from backend import safety
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.safety_filings import SafetyFiling
from graphql_schema.telling_authorities import (
    ApproveFilingInput,
    DraftCybertipInput,
    DraftNotificationInput,
    RecordFiledInput,
)
from tenants.rights import Right


@strawberry.type(description="What an authority is told, as it is now.")
class SafetyFilingPayload:
    filing: SafetyFiling | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


class _Draft(Protocol):
    escalation_id: strawberry.ID
    filing_id: strawberry.ID | None
    expected_version: int | None


@strawberry.type
class FilingSafety:
    @verb(
        SafetyFilingPayload,
        "Write what the police are told of a threat to life or safety, or write it anew: article 18 of (EU) 2022/2065.",
        needs=Right.WORK_QUEUE,
    )
    async def draft_notification(self, info: Info, input: Input[DraftNotificationInput]) -> SafetyFilingPayload:
        return await _draft(info, input, input.said())

    @verb(
        SafetyFilingPayload,
        "Write a report to NCMEC's CyberTipline, or write it anew: data alone, never a picture.",
        needs=Right.WORK_QUEUE,
    )
    async def draft_cybertip(self, info: Info, input: Input[DraftCybertipInput]) -> SafetyFilingPayload:
        return await _draft(info, input, input.said())

    @verb(SafetyFilingPayload, "Approve what somebody else wrote, as you have read it.", needs=Right.WORK_QUEUE)
    async def approve_filing(self, info: Info, input: Input[ApproveFilingInput]) -> SafetyFilingPayload:
        filing_id = uuid_of("safetyfiling", input.filing_id, field="filingId")
        await safety.approve_filing(actor_of(info.context), filing_id, expected_version=input.expected_version)
        return SafetyFilingPayload(filing=ref(SafetyFiling, filing_id))

    @verb(
        SafetyFilingPayload,
        "Say that it was sent, and what proves it. What it is about is kept for as long as law asks.",
        needs=Right.WORK_QUEUE,
    )
    async def record_filed(self, info: Info, input: Input[RecordFiledInput]) -> SafetyFilingPayload:
        filing_id = uuid_of("safetyfiling", input.filing_id, field="filingId")
        await safety.record_filed(
            actor_of(info.context),
            filing_id,
            filed_at=input.filed_at,
            reference=input.reference,
            proof=input.proof,
            expected_version=input.expected_version,
        )
        return SafetyFilingPayload(filing=ref(SafetyFiling, filing_id))


async def _draft(info: Info, input: _Draft, said: safety.Notification | safety.CyberTip) -> SafetyFilingPayload:
    version = input.expected_version
    filing_id = await safety.draft_filing(
        actor_of(info.context),
        uuid_of("escalation", input.escalation_id, field="escalationId"),
        said,
        filing_id=optional_uuid_of("safetyfiling", input.filing_id, field="filingId"),
        expected_version=version if isinstance(version, int) else None,
    )
    return SafetyFilingPayload(filing=ref(SafetyFiling, filing_id))
