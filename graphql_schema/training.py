"""Who has learned what, and what a client asks of its responders."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from backend import education
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, value
from graphql_schema.projection import Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.staff import Staff


@strawberry.enum(description="How far a certificate is, by the clock.")
class CertificateState(Enum):
    ISSUED = value("issued", "It counts, from `validFrom` on.")
    EXPIRING = value("expiring", "It counts, and ends within 30 days: whoever holds it is reminded.")
    EXPIRED = value("expired", "Its time is over.")
    RENEWED = value("renewed", "Another one follows it; until its own end it counts all the same.")
    REVOKED = value("revoked", "It counts for nothing.")


@publish(education.Certificate, kind="certificate", needs=Right.READ_STAFF)
class Certificate(Node):
    """A colleague has learned something, for a while."""

    id: strawberry.ID
    kind: str = column(description="What they have learned: a word of the agency's own, such as crisis_response.")
    valid_from: datetime = column(description="From when it counts.")
    valid_until: datetime = column(description="Until when it counts; on that day it takes its holder off rotas.")
    proof: str | None = sql(
        "{row}.proof", needs=Right.MANAGE_PEOPLE, description="Where it can be looked up, at most 2,000 characters."
    )
    state: CertificateState = sql(education.STATE.format(table="certificates"), description="How far it is.")
    renews: Annotated["Certificate", strawberry.lazy("graphql_schema.training")] | None = one(
        "renews_id", description="Which one it follows; null for the first."
    )
    recorded_at: datetime = column(description="When somebody wrote it down.")
    revoked_at: datetime | None = column(description="Since when it counts for nothing; null for one that counts.")
    is_name_shown: bool = column(description="Whether its public page names them; they say so themselves.")
    staff: Annotated["Staff", strawberry.lazy("graphql_schema.staff")] | None = one(
        "membership_id", description="Whose it is."
    )


@publish(education.TrainingRequirement, kind="trainingrequirement", needs=Right.READ_STAFF)
class TrainingRequirement(Node):
    """What whoever answers for a client in danger must have learned."""

    id: strawberry.ID
    kinds: list[str] = column(description="Every certificate they must hold; none: no training is asked for.")
    updated_at: datetime = column(description="When it was last said.")


@strawberry.input(description="A certificate that a colleague has shown.")
class RecordCertificateInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose it is.")
    kind: str = strawberry.field(description="Small letters, digits and underscores, such as crisis_response.")
    valid_from: datetime = strawberry.field(description="From when it counts.")
    valid_until: datetime = strawberry.field(description="Until when, at most ten years later.")
    proof: str = strawberry.field(description="Where it can be looked up, at most 2,000 characters.")


@strawberry.input(description="A certificate that is not to count any more.")
class RevokeCertificateInput:
    certificate_id: strawberry.ID = strawberry.field(description="One that has not been revoked.")


@strawberry.input(description="A certificate that goes on.")
class RenewCertificateInput:
    certificate_id: strawberry.ID = strawberry.field(description="One that was neither revoked nor renewed.")
    valid_until: datetime = strawberry.field(description="Later than that one ends, within ten years.")
    proof: str = strawberry.field(description="Where it can be looked up, at most 2,000 characters.")


@strawberry.type(description="The certificate, as it counts now.")
class CertificatePayload:
    certificate: Certificate | None = strawberry.field(default=None, description="As it is now; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="What a client's responders must have learned.")
class SetTrainingRequirementInput:
    workspace_id: strawberry.ID = strawberry.field(description="The client it is about.")
    kinds: list[str] = strawberry.field(
        description="All certificates they must hold, 20 at most; none for no training."
    )


@strawberry.type(description="What is asked of responders, as it is now.")
class SetTrainingRequirementPayload:
    requirement: TrainingRequirement | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Training:
    @verb(CertificatePayload, "Write down that a colleague has learned something.", needs=Right.MANAGE_PEOPLE)
    async def record_certificate(self, info: Info, input: Input[RecordCertificateInput]) -> CertificatePayload:
        certificate = await education.record_certificate(
            actor_of(info.context),
            uuid_of("staff", input.staff_id, field="staffId"),
            kind=input.kind,
            valid_from=input.valid_from,
            valid_until=input.valid_until,
            proof=input.proof,
        )
        return CertificatePayload(certificate=ref(Certificate, certificate.id))

    @verb(CertificatePayload, "Say that a certificate counts for nothing from now on.", needs=Right.MANAGE_PEOPLE)
    async def revoke_certificate(self, info: Info, input: Input[RevokeCertificateInput]) -> CertificatePayload:
        certificate_id = uuid_of("certificate", input.certificate_id, field="certificateId")
        await education.revoke_certificate(actor_of(info.context), certificate_id)
        return CertificatePayload(certificate=ref(Certificate, certificate_id))

    @verb(
        CertificatePayload,
        "Renew a colleague's certificate: the new one counts from now on, and says which it renews.",
        needs=Right.MANAGE_PEOPLE,
    )
    async def renew_certificate(self, info: Info, input: Input[RenewCertificateInput]) -> CertificatePayload:
        certificate = await education.renew_certificate(
            actor_of(info.context),
            uuid_of("certificate", input.certificate_id, field="certificateId"),
            valid_until=input.valid_until,
            proof=input.proof,
        )
        return CertificatePayload(certificate=ref(Certificate, certificate.id))

    @verb(
        SetTrainingRequirementPayload,
        "Say what a client's responders must have learned. Who lacks it leaves its rotas and sees its escalations no more.",
        needs=Right.LEAD_QUEUE,
    )
    async def set_training_requirement(
        self, info: Info, input: Input[SetTrainingRequirementInput]
    ) -> SetTrainingRequirementPayload:
        requirement_id = await education.set_training_requirement(
            actor_of(info.context),
            uuid_of("workspace", input.workspace_id, field="workspaceId"),
            kinds=input.kinds,
        )
        return SetTrainingRequirementPayload(requirement=ref(TrainingRequirement, requirement_id))
