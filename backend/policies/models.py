from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS


class Policy(WorkspaceModel):
    forgetting = {
        "slug": OF_THE_AGENCY,
        "title": OF_THE_AGENCY,
    }
    slug = fields.CharField(max_length=63)
    title = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "policies"


class PolicyVersion(WorkspaceModel):
    """Never changed: a decision points at the words that were in force."""

    forgetting = {
        "text": OF_THE_AGENCY,
        "severity": OUR_WORDS,
        "tier": OUR_WORDS,
    }
    grants = APPEND_ONLY
    policy_id: UUID = fields.UUIDField()
    version = fields.IntField()
    text = fields.TextField()
    severity = fields.CharField(max_length=10)
    tier = fields.CharField(max_length=10)
    needs_second_review = fields.BooleanField(default=False)
    effective_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "policy_versions"
