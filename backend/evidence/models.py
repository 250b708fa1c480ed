from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields

from tenants.tables import WorkspaceModel
from tenants.treating import OUR_WORDS, Put

THEIR_HOLDS: Final = "t.subject_kind = 'member' and t.subject_id = $3"


class Hold(WorkspaceModel):
    """Somebody may need it as evidence: until it is lifted, nothing of the member or of the client is erased."""

    forgetting = {
        "subject_kind": OUR_WORDS,
        "reason": Put("''", THEIR_HOLDS),
    }
    of_member = THEIR_HOLDS
    stays_today = "what somebody may need as evidence is kept, whenever that was said"
    subject_kind = fields.CharField(max_length=10)
    subject_id: UUID = fields.UUIDField()
    reason = fields.TextField()
    placed_by_id: UUID | None = fields.UUIDField(null=True)
    placed_at: datetime = fields.DatetimeField(auto_now_add=True)
    lifted_at: datetime | None = fields.DatetimeField(null=True)
    lifted_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "holds"
