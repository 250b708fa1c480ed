from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, SealedField, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep, Put

_STATED_ABOUT_THEM: Final = (
    "t.statement_id = any(array(select s.id from statements_of_reasons s where s.agency_id = $1 and s.workspace_id = $2 "
    "and s.member_id = $3))"
)
A_DAY: Final = Keep("a day of the calendar")


class ProviderEntity(WorkspaceModel):
    """Whose a service is, by law (DSA, Article 3): the client, or the platform where its community meets. Days are
    YYYY-MM-DD. `size_class_lost_on`: when it ceased to be micro or small."""

    forgetting = {
        **dict.fromkeys(
            ("statutory_name", "establishment_country", "coordinator_country", "legal_representative",
             "authority_contact", "recipient_contact"),
            OF_THE_AGENCY,
        ),
        "size_class": OUR_WORDS,
        **dict.fromkeys(("size_class_since", "size_class_lost_on"), A_DAY),
    }  # fmt: skip
    statutory_name = fields.CharField(max_length=300)
    is_client = fields.BooleanField()
    establishment_country = fields.CharField(max_length=2)
    size_class = fields.CharField(max_length=10)
    size_class_since = fields.CharField(max_length=10)
    size_class_lost_on = fields.CharField(max_length=10, null=True)
    coordinator_country = fields.CharField(max_length=2, null=True)
    legal_representative = fields.TextField(default="")
    authority_contact = fields.TextField(default="")
    recipient_contact = fields.TextField(default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "providers"


class Service(WorkspaceModel):
    """What a provider offers, and who moderates it for whom. `database_address` and `token`: where statements are sent,
    and as whom. `public_path`: where the published reports stand."""

    forgetting = {
        **dict.fromkeys(("kind", "agency_role"), OUR_WORDS),
        **dict.fromkeys(
            ("name", "sor_platform_name", "terms_url", "complaints_url", "misuse_url", "database_address"),
            OF_THE_AGENCY,
        ),
        "token": Keep("a secret of the client's"),
        "public_path": Keep("an address that is there for everybody"),
    }
    inside = {"token": "whoever has it files in the client's name"}
    provider_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=20)
    is_public = fields.BooleanField()
    agency_role = fields.CharField(max_length=10, default="processor")
    sor_platform_name = fields.CharField(max_length=200, null=True)
    can_restrict_money = fields.BooleanField(default=False)
    spam_is_commercial = fields.BooleanField(default=True)
    terms_url = fields.CharField(max_length=500, null=True)
    complaints_url = fields.CharField(max_length=500, null=True)
    misuse_url = fields.CharField(max_length=500, null=True)
    database_address = fields.CharField(max_length=500, null=True)
    token: bytes | None = SealedField(null=True)
    files_itself = fields.BooleanField(default=False)
    public_path = fields.CharField(max_length=100, null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "services"


class ServiceCommunity(WorkspaceModel):
    """A community is of one service. What is not `is_public` is a closed space of it."""

    service_id: UUID = fields.UUIDField()
    community_id: UUID = fields.UUIDField()
    is_public = fields.BooleanField(default=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "service_communities"


class FilingBatch(WorkspaceModel):
    """A file of at most a hundred statements. States: ready, then accepted or refused."""

    forgetting = {
        "state": OUR_WORDS,
        "path": Keep("ids"),
        "problem": Keep("a sentence of our own"),
    }
    inside = {"path": "where our files are"}
    service_id: UUID = fields.UUIDField()
    statement_count = fields.IntField()
    state = fields.CharField(max_length=10, default="ready")
    path = fields.CharField(max_length=200)
    byte_count = fields.IntField()
    problem: str | None = fields.TextField(null=True)
    made_at: datetime = fields.DatetimeField(auto_now_add=True)
    settled_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "filing_batches"


class Filing(WorkspaceModel):
    """What became of a statement: waiting, exempt `because`, blocked by `problems` ([{field, message}]), ready in a batch,
    then accepted or refused."""

    forgetting = {
        **dict.fromkeys(("state", "because"), OUR_WORDS),
        "problems": Keep("names of fields and sentences that quote nobody"),
        "explanation": Put("null", f"t.explanation is not null and {_STATED_ABOUT_THEM}"),
        "permalink": Keep("an address of the database"),
    }
    of_member = _STATED_ABOUT_THEM
    service_id: UUID = fields.UUIDField()
    statement_id: UUID = fields.UUIDField()
    batch_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10)
    because = fields.CharField(max_length=30, null=True)
    problems: list[dict[str, Any]] = fields.JSONField(default=list)
    explanation = fields.TextField(null=True)
    permalink = fields.TextField(null=True)
    settled_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "filings"


class ReportEntry(WorkspaceModel):
    """What people say in a transparency report: a cell that Tend does not count."""

    forgetting = {
        **dict.fromkeys(("period_start", "period_end"), A_DAY),
        **dict.fromkeys(("line", "field"), Keep("words of the template")),
        "value": OF_THE_AGENCY,
    }
    service_id: UUID = fields.UUIDField()
    period_start = fields.CharField(max_length=10)
    period_end = fields.CharField(max_length=10)
    part = fields.IntField()
    line = fields.TextField()
    field = fields.TextField()
    value = fields.TextField()
    entered_by_id: UUID | None = fields.UUIDField(null=True)
    entered_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "report_entries"


class TransparencyReport(WorkspaceModel):
    """A version of the report of a service about a period; its parts never change. `checks`: what does not add up
    ([{part, line, message}]); `changes`: cells that differ from the version published before."""

    forgetting = {
        **dict.fromkeys(("period_start", "period_end"), A_DAY),
        "state": OUR_WORDS,
        "problem": Keep("a sentence of our own"),
        "checks": Keep("sentences of our own"),
        "changes": OF_THE_AGENCY,
        "reason": OF_THE_AGENCY,
    }
    service_id: UUID = fields.UUIDField()
    period_start = fields.CharField(max_length=10)
    period_end = fields.CharField(max_length=10)
    version = fields.IntField()
    state = fields.CharField(max_length=10, default="queued")
    problem: str | None = fields.TextField(null=True)
    checks: list[dict[str, Any]] = fields.JSONField(default=list)
    changes: list[dict[str, Any]] = fields.JSONField(default=list)
    reason = fields.TextField(default="")
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    asked_at: datetime = fields.DatetimeField(auto_now_add=True)
    finished_at: datetime | None = fields.DatetimeField(null=True)
    published_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "transparency_reports"


class TransparencyPart(WorkspaceModel):
    """One of the eleven files of a report; the first comes when it is published."""

    forgetting = {"name": OUR_WORDS, "content": OF_THE_AGENCY}
    grants = APPEND_ONLY
    report_id: UUID = fields.UUIDField()
    part = fields.IntField()
    name = fields.CharField(max_length=100)
    row_count = fields.IntField()
    content = fields.TextField()

    class Meta:
        table = "transparency_parts"
