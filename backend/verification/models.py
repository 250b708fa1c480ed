from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, OF_THE_AGENCY, OUR_WORDS, Put

THEIRS = "t.member_id = $3"


class VerificationProgramme(WorkspaceModel):
    """What is made sure of in a community; `version` is that of the design (below) that new tasks get."""

    forgetting = {"name": OF_THE_AGENCY}
    community_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=200)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "verification_programmes"


class VerificationDesign(WorkspaceModel):
    """What a programme claimed, and what it took for proof, at a time. Never changed. Of `hosts` are the mail addresses and
    sites that count; any, where there are none."""

    forgetting = {
        "claim": OF_THE_AGENCY,
        "strong": OUR_WORDS,
        "weak": OUR_WORDS,
        "hosts": OF_THE_AGENCY,
    }
    grants = APPEND_ONLY
    programme_id: UUID = fields.UUIDField()
    version = fields.IntField()
    claim = fields.CharField(max_length=500)
    strong: list[str] = ArrayField("text")
    weak: list[str] = ArrayField("text")
    hosts: list[str] = ArrayField("text")
    valid_days: int | None = fields.IntField(null=True)
    made_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "verification_designs"


class VerificationReference(WorkspaceModel):
    """A booking that the client told of, or a code that is printed on its site: nothing but hashes, so that nobody learns
    from here who was where."""

    forgetting = {
        "kind": OUR_WORDS,
        "reference_hash": A_HASH,
        "contact_hash": A_HASH,
    }
    inside = dict.fromkeys(("reference_hash", "contact_hash"), "hashes, of use to nobody who has not the words")
    programme_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    reference_hash = fields.CharField(max_length=64)
    contact_hash = fields.CharField(max_length=64, null=True)
    good_from: datetime | None = fields.DatetimeField(null=True)
    good_until: datetime | None = fields.DatetimeField(null=True)
    noted_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "verification_references"


class VerificationTask(WorkspaceModel):
    """A member is asked to show that a claim is true, of themselves or of a post of theirs. States and what leads from one to
    another: settling.py."""

    forgetting = {
        "state": OUR_WORDS,
        "grounds": Put("''", THEIRS),
    }
    of_member = THEIRS
    programme_id: UUID = fields.UUIDField()
    programme_version = fields.IntField()
    member_id: UUID = fields.UUIDField()
    post_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=20, default="invited")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    open_until: datetime = fields.DatetimeField()
    verified_at: datetime | None = fields.DatetimeField(null=True)
    valid_until: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    grounds = fields.TextField(default="")

    class Meta:
        table = "verification_tasks"


class VerificationEvidence(WorkspaceModel):
    """What a member showed: asked (a code was mailed and is waited for), checked (Tend looks by itself), waiting (for somebody
    to look), accepted or refused. The file of a receipt goes some days after that; its hash and the verdict stay."""

    forgetting = {
        **dict.fromkeys(("kind", "state", "problem", "content_type"), OUR_WORDS),
        **dict.fromkeys(("fingerprint", "code_hash", "sha256"), A_HASH),
        "url": Put("null", THEIRS),
        "note": Put("''", THEIRS),
    }
    of_member = THEIRS
    inside = {
        "fingerprint": "of use to nobody who has not the words",
        "code_hash": "whoever guesses it proves a mailbox",
    }
    task_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    is_strong = fields.BooleanField()
    state = fields.CharField(max_length=10)
    problem = fields.CharField(max_length=20, null=True)
    fingerprint = fields.CharField(max_length=64, null=True)
    first_use_id: UUID | None = fields.UUIDField(null=True)
    url = fields.CharField(max_length=2_000, null=True)
    code_hash = fields.CharField(max_length=64, null=True)
    tries = fields.IntField(default=0)
    content_type = fields.CharField(max_length=100, null=True)
    byte_count: int | None = fields.IntField(null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    note = fields.TextField(default="")
    given_by_id: UUID | None = fields.UUIDField(null=True)
    decided_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    decided_at: datetime | None = fields.DatetimeField(null=True)
    purged_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "verification_evidence"


class VerificationUse(WorkspaceModel):
    """Whose a booking, a code, a receipt or a mailbox is. Stays when they are forgotten: nobody else may use it then either."""

    forgetting = {"fingerprint": A_HASH}
    not_for_members = "a hash of what they showed, and who showed it first"
    grants = APPEND_ONLY
    fingerprint = fields.CharField(max_length=64)
    member_id: UUID = fields.UUIDField()
    evidence_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "verification_uses"
