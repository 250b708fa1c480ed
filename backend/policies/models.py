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
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "policies"


class PolicyVersion(WorkspaceModel):
    """Never changed: a decision points at the words that were in force. What it says beyond them is in detailing.py."""

    forgetting = {
        "text": OF_THE_AGENCY,
        "severity": OUR_WORDS,
        "tier": OUR_WORDS,
        "taxonomy_code": OUR_WORDS,
        "ground": OUR_WORDS,
        "legal_reference": OF_THE_AGENCY,
    }
    grants = APPEND_ONLY
    policy_id: UUID = fields.UUIDField()
    version = fields.IntField()
    text = fields.TextField()
    severity = fields.CharField(max_length=10)
    tier = fields.CharField(max_length=10)
    needs_second_review = fields.BooleanField(default=False)
    effective_at: datetime = fields.DatetimeField(auto_now_add=True)
    taxonomy_code = fields.CharField(max_length=20, null=True)
    ground = fields.CharField(max_length=20, default="incompatible")
    legal_reference = fields.CharField(max_length=500, null=True)
    strike_count = fields.IntField(default=0)
    strike_on_occurrence = fields.IntField(default=1)
    first_occurrence_count: int | None = fields.IntField(null=True)
    needs_takedown = fields.BooleanField(default=False)
    strike_days = fields.IntField(default=90)

    class Meta:
        table = "policy_versions"


class PolicyExample(WorkspaceModel):
    """What breaks a policy, or just does not: for whoever decides."""

    forgetting = {
        "text": OF_THE_AGENCY,
        "note": OF_THE_AGENCY,
    }
    grants = APPEND_ONLY
    policy_version_id: UUID = fields.UUIDField()
    text = fields.TextField()
    is_violation = fields.BooleanField()
    note = fields.TextField(default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "policy_examples"
