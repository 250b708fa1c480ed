from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, OUR_WORDS, THEIR_POSTS, Put, Remove

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
    preserved_until: datetime | None = fields.DatetimeField(null=True)
    lifted_at: datetime | None = fields.DatetimeField(null=True)
    lifted_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "holds"


class EvidenceSnapshot(WorkspaceModel):
    """A post as it was when its case was decided, or one of those before it (`is_context`). Each names the hash of the one
    before it in the case. `content` is canonical JSON (capturing.py); without it, what is left proves that there was
    something, and says nothing of it: the content holds a salt."""

    forgetting = {
        "content": Put("null", "t.member_id = $3"),
        "hash": A_HASH,
        "previous_hash": A_HASH,
    }
    of_member = "t.member_id = $3"
    inside = {"previous_hash": "stands in the row before"}
    grants = APPEND_ONLY
    case_id: UUID = fields.UUIDField()
    position = fields.IntField()
    post_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    post_version = fields.IntField()
    is_context = fields.BooleanField()
    content: str | None = fields.TextField(null=True)
    hash = fields.CharField(max_length=64)
    previous_hash = fields.CharField(max_length=64, null=True)
    captured_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "evidence_snapshots"


class Attachment(WorkspaceModel):
    """A picture or file of a post. Found, until it was fetched: then stored, with its hashes, or refused (`problem` says
    why, and the hashes of bytes that were seen stand here too), and gone once its bytes are, there or here."""

    forgetting = {
        **dict.fromkeys(("url", "name", "sha256", "md5", "pdq"), Remove(f"t.post_id {THEIR_POSTS}")),
        "content_type": OUR_WORDS,
        "state": OUR_WORDS,
        "problem": OUR_WORDS,
    }
    of_member = f"t.post_id {THEIR_POSTS}"
    post_id: UUID = fields.UUIDField()
    url = fields.CharField(max_length=2_000)
    name = fields.CharField(max_length=200)
    content_type: str | None = fields.TextField(null=True)
    state = fields.CharField(max_length=10, default="found")
    problem = fields.CharField(max_length=20, null=True)
    byte_count: int | None = fields.BigIntField(null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    md5 = fields.CharField(max_length=32, null=True)
    pdq = fields.CharField(max_length=64, null=True)
    pdq_quality: int | None = fields.IntField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    stored_at: datetime | None = fields.DatetimeField(null=True)
    gone_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "attachments"
