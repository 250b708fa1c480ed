from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.erasing import CASES_ABOUT_THEM, OUR_WORDS, Put, Remove
from tenants.tables import ScopedManager, WorkspaceModel


class Notice(WorkspaceModel):
    """To a member, or to somebody at the agency; never to both."""

    forgetting = {
        "kind": OUR_WORDS,
        "text": (Remove("t.member_id = $3"), Put("''", f"t.subject_id {CASES_ABOUT_THEM}")),
    }
    of_member = "t.member_id = $3"
    kind = fields.CharField(max_length=50)
    subject_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    membership_id: UUID | None = fields.UUIDField(null=True)
    text = fields.TextField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    delivered_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "notices"
        manager = ScopedManager()
