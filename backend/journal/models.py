from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, AgencyModel, WorkspaceOrAgencyModel
from tenants.treating import A_HASH, OUR_WORDS, Keep


class JournalEntry(WorkspaceOrAgencyModel):
    """Without a workspace: about the whole agency, and visible only to who sees the whole agency. `changes` is
    `{"field": [before, after]}`."""

    forgetting = {
        "actor_kind": OUR_WORDS,
        "request_id": Keep("names a request or a job"),
        "action": OUR_WORDS,
        "subject_kind": OUR_WORDS,
        "grounds": Keep("why staff did it; an entry in the chain cannot change"),
        **dict.fromkeys(("changes", "detail"), Keep("ids, codes and counts: what record() promises")),
    }
    outlives_workspace = "the chain would have holes"
    stays_today = "what was done has been done, and the chain would not reach its anchors"
    grants = APPEND_ONLY
    takes_from_all = True  # who leaves, or hires for two clients, does something to the agency
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


class JournalLink(AgencyModel):
    """The place of an entry in the agency's chain: `hash` is over the entry and the hash of the place before."""

    forgetting = {
        "hash": A_HASH,
    }
    stays_inside = "proves something together with the anchors only"
    stays_today = "the chain would not reach its anchors"
    grants = APPEND_ONLY
    entry_id: UUID = fields.UUIDField()
    seq = fields.BigIntField()
    hash: bytes = fields.BinaryField()
    chained_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "journal_links"
