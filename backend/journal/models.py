from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, AgencyModel, Reach, ScopedManager


class JournalEntry(AgencyModel):
    """Without a workspace: about the whole agency, and visible only to who sees the whole agency. `changes` is
    `{"field": [before, after]}`."""

    reach = Reach.WORKSPACE
    workspace_column = "workspace_id"
    grants = APPEND_ONLY
    takes_from_all = True  # who leaves, or hires for two clients, does something to the agency
    workspace_id: UUID | None = fields.UUIDField(null=True)
    at: datetime = fields.DatetimeField(auto_now_add=True)
    actor_kind = fields.CharField(max_length=20)
    membership_id: UUID | None = fields.UUIDField(null=True)
    api_client_id: UUID | None = fields.UUIDField(null=True)
    on_behalf_of_id: UUID | None = fields.UUIDField(null=True)
    request_id = fields.CharField(max_length=200, null=True)
    action = fields.CharField(max_length=100)
    subject_kind = fields.CharField(max_length=50)
    subject_id: UUID = fields.UUIDField()
    grounds = fields.TextField(null=True)
    changes: dict[str, Any] = fields.JSONField(default=dict)
    detail: dict[str, Any] = fields.JSONField(default=dict)

    class Meta:
        table = "journal"
        manager = ScopedManager()


class JournalLink(AgencyModel):
    """The place of an entry in the agency's chain: `hash` is over the entry and the hash of the place before."""

    grants = APPEND_ONLY
    entry_id: UUID = fields.UUIDField()
    seq = fields.BigIntField()
    hash: bytes = fields.BinaryField()
    chained_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "journal_links"
        manager = ScopedManager()
