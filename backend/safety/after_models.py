from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, AgencyModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS


class Protocol(AgencyModel):
    """What is to be done about a kind of danger. Of several the highest version is in force; copied into each escalation."""

    forgetting = {"kind": OUR_WORDS, "items": OF_THE_AGENCY}
    grants = APPEND_ONLY
    kind = fields.CharField(max_length=20)
    version = fields.IntField()
    items: list[dict[str, str]] = fields.JSONField()
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "protocols"
