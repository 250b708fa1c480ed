from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, AgencyModel, Reach, ScopedManager


class JournalEntry(AgencyModel):
    """Without a workspace: about the whole agency, and visible only to who sees the whole agency."""

    reach = Reach.WORKSPACE
    workspace_column = "workspace_id"
    grants = APPEND_ONLY
    workspace_id: UUID | None = fields.UUIDField(null=True)  # type: ignore[assignment]
    at: datetime = fields.DatetimeField(auto_now_add=True)  # type: ignore[assignment]
    actor_kind = fields.CharField(max_length=20)
    membership_id: UUID | None = fields.UUIDField(null=True)  # type: ignore[assignment]
    action = fields.CharField(max_length=100)
    subject_kind = fields.CharField(max_length=50)
    subject_id: UUID = fields.UUIDField()  # type: ignore[assignment]
    detail: dict[str, Any] = fields.JSONField(default=dict)  # type: ignore[assignment]

    class Meta:
        table = "journal"
        manager = ScopedManager()
