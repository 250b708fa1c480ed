from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import AgencyModel, WorkspaceModel
from tenants.treating import OF_THE_AGENCY


class Certificate(AgencyModel):
    """A colleague has learned something, for a while. What it is called is the agency's own word."""

    forgetting = dict.fromkeys(("kind", "proof"), OF_THE_AGENCY)
    membership_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    valid_from: datetime = fields.DatetimeField()
    valid_until: datetime = fields.DatetimeField()
    proof = fields.TextField()
    recorded_by_id: UUID | None = fields.UUIDField(null=True)
    recorded_at: datetime = fields.DatetimeField(auto_now_add=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    revoked_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "certificates"


class TrainingRequirement(WorkspaceModel):
    """Every certificate that whoever answers for a client in danger must hold. No row: none is asked for."""

    forgetting = {"kinds": OF_THE_AGENCY}
    kinds: list[str] = ArrayField("text")
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "training_requirements"
