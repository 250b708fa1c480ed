from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, OF_THE_AGENCY, OUR_WORDS, Keep

_COUNTED = Keep("numbers of Tend's own, about nobody in particular")
_WORDS = Keep("the lead's words, which name no member (naming.py)")


class ClientReportDefinition(WorkspaceModel):
    """Which report a client gets. `goals`: [{metric, of, direction, target, since}]; `logo`: a PNG that Tend has written
    anew, in base64."""

    forgetting = {
        "name": OF_THE_AGENCY,
        "sections": OUR_WORDS,
        "period": OUR_WORDS,
        "comparison": OUR_WORDS,
        "goals": OF_THE_AGENCY,
        "language": OUR_WORDS,
        "logo": OF_THE_AGENCY,
    }
    name = fields.CharField(max_length=200)
    sections: list[str] = ArrayField("text")
    period = fields.CharField(max_length=20)
    comparison = fields.CharField(max_length=20)
    goals: list[dict[str, Any]] = fields.JSONField()
    language = fields.CharField(max_length=2)
    shows_staff = fields.BooleanField()
    is_scheduled = fields.BooleanField()
    logo: str | None = fields.TextField(null=True)
    version = fields.IntField(default=1)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "client_report_definitions"


class ClientReport(WorkspaceModel):
    """One version of one report about one period; its states stand in moving.py. `definition` is as it was when this was
    asked for; `words`: {section: {text, by, at, version}}, which nobody changes once it is published."""

    forgetting = {
        **dict.fromkeys(("period_start", "period_end"), Keep("a date")),
        "state": OUR_WORDS,
        "definition": OF_THE_AGENCY,
        "words": _WORDS,
        "problem": Keep("a sentence of our own"),
        "correction": _WORDS,
    }
    definition_id: UUID = fields.UUIDField()
    period_start = fields.CharField(max_length=10)
    period_end = fields.CharField(max_length=10)
    version = fields.IntField()
    state = fields.CharField(max_length=20, default="making")
    definition: dict[str, Any] = fields.JSONField()
    words: dict[str, Any] = fields.JSONField(default=dict)
    problem: str | None = fields.TextField(null=True)
    corrects_id: UUID | None = fields.UUIDField(null=True)
    correction: str | None = fields.TextField(null=True)
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    submitted_by_id: UUID | None = fields.UUIDField(null=True)
    published_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    made_at: datetime | None = fields.DatetimeField(null=True)
    submitted_at: datetime | None = fields.DatetimeField(null=True)
    published_at: datetime | None = fields.DatetimeField(null=True)
    superseded_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "client_reports"


class ClientReportSection(WorkspaceModel):
    """What was counted for a section of a report: values, those they are compared with, series, charts. Never changes."""

    forgetting = {"section": OUR_WORDS, "content": _COUNTED}
    grants = APPEND_ONLY
    report_id: UUID = fields.UUIDField()
    section = fields.CharField(max_length=40)
    content: dict[str, Any] = fields.JSONField()
    made_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "client_report_sections"


class ClientReportSnapshot(WorkspaceModel):
    """All that is shown of a published report, whatever form it is shown in. Never changes."""

    forgetting = {"document": _WORDS, **dict.fromkeys(("input_hash", "document_hash"), A_HASH)}
    inside = {
        "input_hash": "of what was counted, which is exported",
        "document_hash": "of the document, which is exported",
    }
    grants = APPEND_ONLY
    report_id: UUID = fields.UUIDField()
    document: dict[str, Any] = fields.JSONField()
    input_hash = fields.CharField(max_length=64)
    document_hash = fields.CharField(max_length=64)
    made_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "client_report_snapshots"


class ClientReportLink(WorkspaceModel):
    """Opens one published report to whoever has its address. What it hides, it hides in every form."""

    forgetting = {"label": OF_THE_AGENCY, "password_hash": A_HASH, "hidden_sections": OUR_WORDS}
    inside = {"password_hash": "of a secret"}
    report_id: UUID = fields.UUIDField()
    label = fields.CharField(max_length=200)
    password_hash: str | None = fields.TextField(null=True)
    tries = fields.IntField(default=0)
    tries_since: datetime | None = fields.DatetimeField(null=True)
    shows_staff = fields.BooleanField()
    shows_words = fields.BooleanField()
    hidden_sections: list[str] = ArrayField("text")
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    wrong_password_count = fields.IntField(default=0)
    late_visit_count = fields.IntField(default=0)  # once it had ended or was taken back
    last_refused_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "client_report_links"


class ClientReportView(WorkspaceModel):
    """Somebody has read a published report: by a link, or signed in. Where they came from is not kept."""

    forgetting = {"form": OUR_WORDS}
    grants = APPEND_ONLY
    report_id: UUID = fields.UUIDField()
    link_id: UUID | None = fields.UUIDField(null=True)
    membership_id: UUID | None = fields.UUIDField(null=True)
    form = fields.CharField(max_length=10)
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "client_report_views"
