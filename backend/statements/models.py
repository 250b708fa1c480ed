from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep, Put

THEIRS = "t.member_id = $3"
OFFICIAL = Keep("a word of the transparency database")


class Statement(WorkspaceModel):
    """Why something was done about a member's post: Article 17 of the DSA. `text` is for the member; `facts` and
    `explanation` are for the transparency database and hold no personal data. The names of what was done, of category and
    keywords are those of the database."""

    forgetting = {
        "puid": Keep("random"),
        "language": OUR_WORDS,
        "text": Put("''", THEIRS),
        "facts": Keep("Tend's own sentences, without personal data"),
        "explanation": Put("''", THEIRS),
        **dict.fromkeys(("decision_visibility", "decision_provision", "decision_account"), OFFICIAL),
        "ground": OUR_WORDS,
        "reference": OF_THE_AGENCY,
        "source": OUR_WORDS,
        **dict.fromkeys(("territorial_scope", "category", "keywords", "content_types", "content_language"), OFFICIAL),
        "automation": OUR_WORDS,
        **dict.fromkeys(("taxonomy_code", "taxonomy_version"), OUR_WORDS),
        "other_keyword": OF_THE_AGENCY,
    }
    of_member = THEIRS
    grants = APPEND_ONLY
    decision_id: UUID = fields.UUIDField()
    case_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    post_id: UUID = fields.UUIDField()
    policy_version_id: UUID = fields.UUIDField()
    puid = fields.CharField(max_length=500)
    language = fields.CharField(max_length=2)
    text = fields.TextField()
    facts = fields.TextField()
    explanation = fields.TextField()
    decision_visibility: list[str] = ArrayField("text")
    decision_provision = fields.CharField(max_length=100, null=True)
    decision_account = fields.CharField(max_length=100, null=True)
    provision_until: datetime | None = fields.DatetimeField(null=True)
    account_until: datetime | None = fields.DatetimeField(null=True)
    ground = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=500)
    source = fields.CharField(max_length=20)
    is_detected_automatically = fields.BooleanField()
    automation = fields.CharField(max_length=20, default="not_automated")
    content_types: list[str] = ArrayField("text", default=lambda: ["CONTENT_TYPE_TEXT"])
    content_language = fields.CharField(max_length=3, null=True)
    territorial_scope: list[str] = ArrayField("text")
    taxonomy_code = fields.CharField(max_length=20)
    taxonomy_version = fields.CharField(max_length=20)
    category = fields.CharField(max_length=100)
    keywords: list[str] = ArrayField("text")
    other_keyword = fields.CharField(max_length=500, null=True)
    content_at: datetime = fields.DatetimeField()
    appeal_until: datetime = fields.DatetimeField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "statements_of_reasons"
