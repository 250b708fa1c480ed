from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, AgencyModel, SealedField, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, THEIR_POSTS, Keep, Put, names_them

# Of one about nobody that Tend knew: where its words name them, or are a notice's that turned out to be about a post of theirs.
_IS_ABOUT_THEM: Final = (
    f"{{row}}.member_id = $3 or {{row}}.member_id is null and ({names_them('{row}.summary')} "
    "or {row}.escalation_id in (select n.escalation_id from public_notices n where n.agency_id = $1 "
    f"and n.workspace_id = $2 and n.post_id {THEIR_POSTS}))"
)
ABOUT_THEM: Final = (
    "= any(array(select b.escalation_id from escalation_briefs b where b.agency_id = $1 and b.workspace_id = $2 "
    f"and ({_IS_ABOUT_THEM.format(row='b')})))"
)


class EscalationPolicy(AgencyModel):
    """Who is paged in which order. One of a list in versions, of which the highest is in force and the first that fits
    decides; copied into each escalation. Walled as rotas are (rota_models.py)."""

    forgetting = {
        **dict.fromkeys(("kinds", "on_exhausted"), OUR_WORDS),
        "levels": Keep("our words, numbers and ids of staff"),
    }
    grants = APPEND_ONLY
    workspace_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField()
    position = fields.IntField()
    max_severity = fields.IntField()
    kinds: list[str] = ArrayField("text", default=list)
    levels: list[dict[str, Any]] = fields.JSONField()
    repeats = fields.IntField()
    repeat_after_minutes = fields.IntField(default=0)
    on_exhausted = fields.CharField(max_length=20)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "escalation_policies"


class SafetyContact(WorkspaceModel):
    """Where the client's own people are told, and what calls people by telephone."""

    forgetting = {
        **dict.fromkeys(("email", "telephony_url", "no_authorities"), OF_THE_AGENCY),
        "telephony_secret": Keep("a secret of the agency's telephony"),
    }
    inside = {"telephony_secret": "whoever has it can have people called"}
    email: str | None = fields.TextField(null=True)
    telephony_url: str | None = fields.TextField(null=True)
    no_authorities: str | None = fields.TextField(null=True)
    telephony_secret: bytes | None = SealedField(null=True)
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "safety_contacts"


class Escalation(WorkspaceModel):
    """Somebody may come to harm, and a trained human must know now. No words and no subject: those are for its readers
    (EscalationBrief). States and what leads from one to the next: climbing.py."""

    forgetting = {
        **dict.fromkeys(("kind", "legal_basis", "state", "outcome"), OUR_WORDS),
        "policy": Keep("our words, numbers and ids of staff"),
        **dict.fromkeys(("protocol", "client_instruction"), OF_THE_AGENCY),
    }
    kind = fields.CharField(max_length=20)
    impact: int | None = fields.IntField(null=True)
    urgency: int | None = fields.IntField(null=True)
    legal_basis = fields.CharField(max_length=20, null=True)
    severity = fields.IntField()
    is_at_risk = fields.BooleanField(default=False)
    is_drill = fields.BooleanField(default=False)
    state = fields.CharField(max_length=20)
    level = fields.IntField(default=1)
    loop = fields.IntField(default=0)
    began_loop = fields.IntField(default=0)
    policy: dict[str, Any] = fields.JSONField()
    protocol: dict[str, Any] = fields.JSONField(default=lambda: {"version": 0, "items": []})
    owner_id: UUID | None = fields.UUIDField(null=True)
    joined_to_id: UUID | None = fields.UUIDField(null=True)
    raised_by_id: UUID | None = fields.UUIDField(null=True)
    raised_by_client_id: UUID | None = fields.UUIDField(null=True)
    promised_seconds = fields.IntField()
    client_instruction: str | None = fields.TextField(null=True)
    raised_at: datetime = fields.DatetimeField()
    first_paged_at: datetime | None = fields.DatetimeField(null=True)
    acknowledged_at: datetime | None = fields.DatetimeField(null=True)
    acted_at: datetime | None = fields.DatetimeField(null=True)
    next_at: datetime | None = fields.DatetimeField(null=True)
    ack_expires_at: datetime | None = fields.DatetimeField(null=True)
    silenced_until: datetime | None = fields.DatetimeField(null=True)
    resolved_at: datetime | None = fields.DatetimeField(null=True)
    clock_from: datetime | None = fields.DatetimeField(null=True)
    review_due_at: datetime | None = fields.DatetimeField(null=True)
    reviewed_at: datetime | None = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=20, null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "escalations"


class EscalationBrief(WorkspaceModel):
    """What an escalation is about, in the words of whoever raised it."""

    forgetting = {"summary": Put("''", _IS_ABOUT_THEM.format(row="t"))}
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    forgotten_in_round = 1
    escalation_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    post_id: UUID | None = fields.UUIDField(null=True)
    case_id: UUID | None = fields.UUIDField(null=True)
    summary = fields.TextField()
    by_id: UUID | None = fields.UUIDField(null=True)
    is_drill = fields.BooleanField()
    is_open = fields.BooleanField(default=True)

    class Meta:
        table = "escalation_briefs"


class EscalationReader(WorkspaceModel):
    """Somebody may read an escalation; whether also what it restricts, the wall tells by `because` and by training."""

    forgetting = {"because": OUR_WORDS}
    restricted_to = "everybody"
    escalation_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    because = fields.CharField(max_length=12)
    until: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "escalation_readers"


class EscalationStep(WorkspaceModel):
    """Something happened to an escalation. Never changed; of a page, one for each person, channel, level and loop."""

    forgetting = {
        **dict.fromkeys(("kind", "channel"), OUR_WORDS),
        "target": Keep("our words and ids of staff"),
        "note": Put("''", f"t.escalation_id {ABOUT_THEM}"),
    }
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    grants = APPEND_ONLY
    escalation_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    level: int | None = fields.IntField(null=True)
    loop: int | None = fields.IntField(null=True)
    target = fields.CharField(max_length=60, default="")
    channel = fields.CharField(max_length=10, null=True)
    membership_id: UUID | None = fields.UUIDField(null=True)
    by_id: UUID | None = fields.UUIDField(null=True)
    note = fields.TextField(default="")
    at: datetime = fields.DatetimeField()

    class Meta:
        table = "escalation_steps"


class Restriction(WorkspaceModel):
    """A post, and all that hangs on it, is there for the readers of an escalation alone."""

    restricted_to = "everybody"
    post_id: UUID = fields.UUIDField()
    escalation_id: UUID = fields.UUIDField()
    lifted_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "restrictions"


class SafetyFiling(WorkspaceModel):
    """What is told to an authority: written by one, approved by another, then filed with a reference and a proof."""

    forgetting = {
        **dict.fromkeys(("kind", "state"), OUR_WORDS),
        "content": Put("'{}'", f"t.escalation_id {ABOUT_THEM}"),
        "documents": Put("'[]'", f"t.escalation_id {ABOUT_THEM}"),
        "reference": OF_THE_AGENCY,
        "proof": OF_THE_AGENCY,
    }
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    escalation_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10, default="drafted")
    content: dict[str, Any] = fields.JSONField()
    documents: list[dict[str, str]] = fields.JSONField()
    by_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField()
    due_at: datetime = fields.DatetimeField()
    approved_by_id: UUID | None = fields.UUIDField(null=True)
    approved_at: datetime | None = fields.DatetimeField(null=True)
    filed_by_id: UUID | None = fields.UUIDField(null=True)
    filed_at: datetime | None = fields.DatetimeField(null=True)
    reference: str | None = fields.TextField(null=True)
    proof: str | None = fields.TextField(null=True)
    preserved_until: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "safety_filings"


class Takedown(WorkspaceModel):
    """A request under 47 U.S.C. 223a. Valid since everything was there; its 48 hours run since it came. Settled: removed,
    or refused with a reason."""

    forgetting = {
        **dict.fromkeys(
            ("signature", "identification", "location", "good_faith", "contact", "authority"),
            Put("''", f"t.escalation_id {ABOUT_THEM}"),
        ),
        "email": Put("null", f"t.escalation_id {ABOUT_THEM}"),
        "copies": Put("'{}'", f"t.escalation_id {ABOUT_THEM}"),
        "hash_types": OUR_WORDS,
        "refusal": Put("''", f"t.refusal is not null and t.escalation_id {ABOUT_THEM}"),
    }
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    escalation_id: UUID = fields.UUIDField()
    by_id: UUID | None = fields.UUIDField(null=True)
    signature = fields.TextField()
    identification = fields.TextField()
    location = fields.TextField()
    good_faith = fields.TextField()
    contact = fields.TextField()
    email: str | None = fields.TextField(null=True)
    authority = fields.TextField(default="")
    received_at: datetime = fields.DatetimeField()
    valid_at: datetime | None = fields.DatetimeField(null=True)
    deadline_at: datetime = fields.DatetimeField()
    created_at: datetime = fields.DatetimeField()
    answered_at: datetime | None = fields.DatetimeField(null=True)
    removed_at: datetime | None = fields.DatetimeField(null=True)
    copies: list[str] = ArrayField("text", default=list)
    hash_types: list[str] = ArrayField("text", default=list)
    refusal: str | None = fields.TextField(null=True)
    settled_by_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "takedowns"


class CrisisResource(AgencyModel):
    """Who helps in a country, looked up by somebody at a known moment. Not shown after `verify_before`."""

    forgetting = {
        **dict.fromkeys(
            ("country", "region", "name", "phone", "sms", "chat_url", "hours", "languages", "source_url"), OF_THE_AGENCY
        ),
        "kind": OUR_WORDS,
    }
    country = fields.CharField(max_length=2)
    region = fields.CharField(max_length=200, default="")
    kind = fields.CharField(max_length=10)
    name = fields.CharField(max_length=200)
    phone = fields.CharField(max_length=200, default="")
    sms = fields.CharField(max_length=200, default="")
    chat_url = fields.CharField(max_length=2_000, default="")
    hours = fields.TextField()
    languages: list[str] = ArrayField("text")
    is_free = fields.BooleanField()
    is_confidential = fields.BooleanField()
    source_url = fields.CharField(max_length=2_000)
    verified_at: datetime = fields.DatetimeField()
    verify_before: datetime = fields.DatetimeField()
    verified_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "crisis_resources"
