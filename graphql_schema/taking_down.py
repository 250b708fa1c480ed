"""Requests that something be taken down within two days: received, completed, settled."""

from datetime import datetime

import strawberry

from backend import safety
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.safety_filings import Takedown
from tenants.rights import Right


@strawberry.input(description="What a request says, as it came; what is left out is missing.")
class TakedownWordsInput:
    signature: str = strawberry.field(default="", description="Of whoever is shown, or of who speaks for them.")
    identification: str = strawberry.field(default="", description="Which picture or video it is.")
    location: str = strawberry.field(default="", description="Where it can be found.")
    good_faith: str = strawberry.field(default="", description="That, in good faith, nobody consented; and why.")
    contact: str = strawberry.field(default="", description="How whoever asks can be reached.")
    authority: str = strawberry.field(default="", description="By which a representative speaks for whoever is shown.")
    email: str | None = optional("Where they are answered at once; nobody is where it is left out.")

    def requested(self) -> safety.Requested:
        return safety.Requested(
            signature=self.signature,
            identification=self.identification,
            location=self.location,
            good_faith=self.good_faith,
            contact=self.contact,
            authority=self.authority,
            email=self.email or None,
        )


@strawberry.input(description="A request that came.")
class ReceiveTakedownInput:
    escalation_id: strawberry.ID = strawberry.field(description="An open one, raised about the picture.")
    received_at: datetime = strawberry.field(description="When it came: the 48 hours run from here.")
    request: TakedownWordsInput = strawberry.field(description="What it says.")


@strawberry.input(description="What was missing in a request, and has come.")
class CompleteTakedownInput:
    takedown_id: strawberry.ID = strawberry.field(description="The request it belongs to.")
    expected_version: int = strawberry.field(description="The version you read.")
    request: TakedownWordsInput = strawberry.field(description="Only what was missing.")


@strawberry.input(description="What became of a request: either `removedAt` or `refusal`.")
class SettleTakedownInput:
    takedown_id: strawberry.ID = strawberry.field(description="The request it is about.")
    expected_version: int = strawberry.field(description="The version you read.")
    removed_at: datetime | None = optional("When it was removed.")
    copies: list[str] = strawberry.field(
        default_factory=list, description="Identical copies that were found and removed, 500 at most."
    )
    hash_types: list[str] = strawberry.field(
        default_factory=list, description="By which they were looked for: pdq, md5, sha1, sha256, vpdq, tmk."
    )
    refusal: str | None = optional("Why it is refused, at most 5,000 characters.")


@strawberry.type(description="The request as it is now.")
class TakedownPayload:
    takedown: Takedown | None = strawberry.field(default=None, description="The request; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TakingDown:
    @verb(
        TakedownPayload,
        "Write down a request under 47 U.S.C. 223a. Whoever asks is answered at once, and law's clock runs.",
        needs=Right.WORK_QUEUE,
    )
    async def receive_takedown(self, info: Info, input: Input[ReceiveTakedownInput]) -> TakedownPayload:
        takedown_id = await safety.receive_takedown(
            actor_of(info.context),
            uuid_of("escalation", input.escalation_id, field="escalationId"),
            input.request.requested(),
            received_at=input.received_at,
        )
        return TakedownPayload(takedown=ref(Takedown, takedown_id))

    @verb(TakedownPayload, "Add to a request what was missing. Its deadline stays.", needs=Right.WORK_QUEUE)
    async def complete_takedown(self, info: Info, input: Input[CompleteTakedownInput]) -> TakedownPayload:
        takedown_id = uuid_of("takedown", input.takedown_id, field="takedownId")
        await safety.complete_takedown(
            actor_of(info.context), takedown_id, input.request.requested(), expected_version=input.expected_version
        )
        return TakedownPayload(takedown=ref(Takedown, takedown_id))

    @verb(TakedownPayload, "Say that it is gone, with its copies, or why it is refused.", needs=Right.WORK_QUEUE)
    async def settle_takedown(self, info: Info, input: Input[SettleTakedownInput]) -> TakedownPayload:
        takedown_id = uuid_of("takedown", input.takedown_id, field="takedownId")
        await safety.settle_takedown(
            actor_of(info.context),
            takedown_id,
            removed_at=input.removed_at or None,
            copies=input.copies,
            hash_types=input.hash_types,
            refusal=input.refusal or None,
            expected_version=input.expected_version,
        )
        return TakedownPayload(takedown=ref(Takedown, takedown_id))
