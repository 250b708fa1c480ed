from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, OF_THE_AGENCY, OUR_WORDS, Keep


class RetentionStudy(WorkspaceModel):
    """Draft, frozen, running, then done or insufficient_data. From frozen on its definition and cut-off never change, and
    `definition_hash` says so; `input_hash` is of the rows that were compared, which lie in a file."""

    forgetting = {
        "name": OF_THE_AGENCY,
        "definition": Keep("words of Tend's own, and reasons that the agency lists"),
        "state": OUR_WORDS,
        "problem": Keep("a sentence of our own"),
        **dict.fromkeys(("definition_hash", "input_hash"), A_HASH),
    }
    inside = {
        "definition_hash": "of the definition, which is exported",
        "input_hash": "of a file that stays here",
    }
    name = fields.CharField(max_length=200)
    definition: dict[str, Any] = fields.JSONField()
    definition_hash: str | None = fields.TextField(null=True)
    state = fields.CharField(max_length=20, default="draft")
    problem: str | None = fields.TextField(null=True)
    cut_off_at: datetime | None = fields.DatetimeField(null=True)
    input_hash: str | None = fields.TextField(null=True)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    frozen_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "retention_studies"


class StudyResult(WorkspaceModel):
    """What a study found: numbers of accounts, none of any one of them. Never changes."""

    forgetting = {
        "evidence_grade": OUR_WORDS,
        **dict.fromkeys(("sentence", "caveats"), Keep("sentences of our own")),
        **dict.fromkeys(("result", "csv", "charts"), Keep("numbers of accounts, and names of plans")),
        "result_hash": A_HASH,
    }
    inside = {"result_hash": "of the result, which is exported"}
    grants = APPEND_ONLY
    study_id: UUID = fields.UUIDField()
    evidence_grade = fields.CharField(max_length=20)
    sentence = fields.TextField()
    caveats: list[str] = ArrayField("text")
    result: dict[str, Any] = fields.JSONField()
    result_hash = fields.CharField(max_length=64)
    csv = fields.TextField()
    charts: list[dict[str, Any]] = fields.JSONField()
    made_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "study_results"
