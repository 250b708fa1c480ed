"""Verification: what leads, the client's systems and reviewers do; and how much of the content is verified."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from backend import verification
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published
from backend.kit.statistics import wilson
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.moderation_numbers import Share
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from graphql_schema.verification import (
    VerificationEvidence,
    VerificationTask,
)
from tenants.rights import Right


@strawberry.input(description="Whom to ask.")
class InviteToVerifyInput:
    programme_id: strawberry.ID = strawberry.field(description="What is claimed.")
    member_id: strawberry.ID = strawberry.field(description="A member of its community.")
    post_id: strawberry.ID | None = optional("A post of theirs that the claim is about; themselves when left out.")


@strawberry.type(description="What the member was asked, and the links.")
class InviteToVerifyPayload:
    verification: VerificationTask | None = strawberry.field(default=None, description="The task; null when refused.")
    address: str | None = strawberry.field(
        default=None, description="For the member alone: a page on which they show evidence, in their language."
    )
    badge_address: str | None = strawberry.field(
        default=None, description="For anybody: JSON that says whether it is verified now, without a name."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.enum(description="What somebody thinks of evidence.")
class EvidenceVerdict(Enum):
    ACCEPTED = value("accepted", "It shows what it is to show.")
    REFUSED = value("refused", "It does not; the member may show something else.")


@strawberry.input(description="What you think of a piece of evidence.")
class DecideEvidenceInput:
    evidence_id: strawberry.ID = strawberry.field(description="One in state WAITING.")
    verdict: EvidenceVerdict = strawberry.field(description="What you think of it.")
    note: str = strawberry.field(default="", description="For colleagues, at most 2,000 characters.")


@strawberry.type(description="The evidence, decided.")
class DecideEvidencePayload:
    evidence: VerificationEvidence | None = strawberry.field(
        default=None, description="As it is now; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Your word that the claim is true.")
class VouchForMemberInput:
    verification_id: strawberry.ID = strawberry.field(description="Of a programme that takes a moderator's word.")
    note: str = strawberry.field(description="How you know, at most 2,000 characters.")


@strawberry.enum(description="How a verification ends by somebody's hand.")
class VerificationOutcome(Enum):
    NOT_VERIFIED = value("not_verified", "The claim is not true; also of one that was verified.")
    UNVERIFIABLE = value("unverifiable", "It cannot be told.")


@strawberry.input(description="A verification that ends.")
class CloseVerificationInput:
    verification_id: strawberry.ID = strawberry.field(description="One that is open, or verified.")
    outcome: VerificationOutcome = strawberry.field(description="How it ends.")
    grounds: str = strawberry.field(description="Why, at most 2,000 characters.")


@strawberry.type(description="A verification that was changed.")
class VerificationPayload:
    verification: VerificationTask | None = strawberry.field(
        default=None, description="As it is now; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A receipt to look at.")
class OpenReceiptInput:
    evidence_id: strawberry.ID = strawberry.field(description="Of kind RECEIPT, while there is a file.")


@strawberry.type(description="Where the file is.")
class OpenReceiptPayload:
    path: str | None = strawberry.field(
        default=None, description="Below the address of this API, for ten minutes and for you alone; null when refused."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it opens; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="How much of a week's content is verified.")
class VerifiedWeek:
    begins_at: datetime = strawberry.field(description="Monday, 0:00 UTC.")
    verified: Share = strawberry.field(description="Of the posts written then, those verified, or by verified members.")


@strawberry.type
class SeeingVerification:
    @strawberry.field(
        description="How much of the content of a programme's community is verified, week by week, in a window of 731 "
        "days at most; null for a programme that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def verified_by_week(
        self,
        info: Info,
        programme_id: Annotated[strawberry.ID, strawberry.argument(description="The programme whose community it is.")],
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> list[VerifiedWeek] | None:
        parsed = parse_published(programme_id)
        if parsed is None or parsed[0] != "programme":
            return None
        try:
            weeks = await verification.verified_by_week(actor_of(info.context), parsed[1], since=since, until=until)
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return [VerifiedWeek(begins_at=week.begins_at, verified=_share(week.verified, week.posts)) for week in weeks]


@strawberry.type
class Verifying:
    @verb(InviteToVerifyPayload, "Ask a member to show that a claim is true.", needs=Right.REPORT)
    async def invite_to_verify(self, info: Info, input: Input[InviteToVerifyInput]) -> InviteToVerifyPayload:
        invited = await verification.invite(
            actor_of(info.context),
            _programme(input.programme_id),
            uuid_of("member", input.member_id, field="memberId"),
            post_id=optional_uuid_of("post", input.post_id, field="postId"),
        )
        return InviteToVerifyPayload(
            verification=ref(VerificationTask, invited.task.id),
            address=invited.address,
            badge_address=invited.badge_address,
        )

    @verb(DecideEvidencePayload, "Say whether evidence counts.", needs=Right.WORK_QUEUE)
    async def decide_evidence(self, info: Info, input: Input[DecideEvidenceInput]) -> DecideEvidencePayload:
        decided = await verification.decide_evidence(
            actor_of(info.context),
            uuid_of("evidence", input.evidence_id, field="evidenceId"),
            is_accepted=input.verdict is EvidenceVerdict.ACCEPTED,
            note=input.note,
        )
        return DecideEvidencePayload(evidence=ref(VerificationEvidence, decided.id))

    @verb(VerificationPayload, "Give your word that a claim is true.", needs=Right.WORK_QUEUE)
    async def vouch_for_member(self, info: Info, input: Input[VouchForMemberInput]) -> VerificationPayload:
        task = await verification.vouch(actor_of(info.context), _task(input.verification_id), note=input.note)
        return VerificationPayload(verification=ref(VerificationTask, task.id))

    @verb(VerificationPayload, "End a verification, or take it back.", needs=Right.WORK_QUEUE)
    async def close_verification(self, info: Info, input: Input[CloseVerificationInput]) -> VerificationPayload:
        task = await verification.close_task(
            actor_of(info.context), _task(input.verification_id), outcome=input.outcome.value, grounds=input.grounds
        )
        return VerificationPayload(verification=ref(VerificationTask, task.id))

    @verb(OpenReceiptPayload, "Get a link to a receipt.", needs=Right.WORK_QUEUE)
    async def open_receipt(self, info: Info, input: Input[OpenReceiptInput]) -> OpenReceiptPayload:
        link = await verification.link_to_receipt(
            actor_of(info.context), uuid_of("evidence", input.evidence_id, field="evidenceId")
        )
        return OpenReceiptPayload(path=link.path, expires_at=link.expires_at)


def _programme(text: str) -> UUID:
    return uuid_of("programme", text, field="programmeId")


def _task(text: str) -> UUID:
    return uuid_of("verification", text, field="verificationId")


def _share(some: int, of: int) -> Share:
    if not of:
        return Share(numerator=0, denominator=0, value=None, low=None, high=None)
    low, high = wilson(some, of)
    return Share(numerator=some, denominator=of, value=some / of, low=low, high=high)
