from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, AgencyModel, SealedField, WorkspaceModel, WorkspaceOrAgencyModel
from tenants.treating import A_HASH, OUR_WORDS, Keep


class Export(WorkspaceOrAgencyModel):
    """Everything of an agency, a client, a member or a journal, in one file. States: queued, running, then done or
    failed; expired when the file is gone."""

    forgetting = {
        **dict.fromkeys(("what", "format", "state"), OUR_WORDS),
        "counts": Keep("names of tables and numbers"),
        "path": Keep("ids; the file itself is deleted"),
        "problem": Keep("a sentence of our own"),
    }
    inside = {"path": "where our files are"}
    stays_today = "so do the files"
    what = fields.CharField(max_length=10)
    format = fields.CharField(max_length=10)
    subject_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=10, default="queued")
    requested_by_id: UUID = fields.UUIDField()
    requested_at: datetime = fields.DatetimeField(auto_now_add=True)
    row_count = fields.BigIntField(default=0)
    counts: dict[str, Any] = fields.JSONField(default=dict)
    path = fields.CharField(max_length=200, null=True)
    byte_count = fields.BigIntField(null=True)
    problem = fields.TextField(null=True)
    finished_at: datetime | None = fields.DatetimeField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "exports"


class Erasure(WorkspaceModel):
    """The proof that somebody was forgotten, or that a client was deleted: when, why, how much, and a hash of whom."""

    grants = APPEND_ONLY
    outlives_workspace = "it is the proof"
    stays_today = "it is the proof, and says what has to be erased again"
    forgetting = {
        "subject_kind": OUR_WORDS,
        "subject_hash": A_HASH,
        "counts": Keep("names of tables and numbers"),
        "grounds": Keep("why it was done: the proof needs it"),
    }
    inside = {"subject_hash": "a hash"}
    subject_kind = fields.CharField(max_length=10)
    subject_hash: bytes = fields.BinaryField()
    counts: dict[str, Any] = fields.JSONField()
    grounds = fields.TextField()
    requested_by_id: UUID | None = fields.UUIDField(null=True)
    erased_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "erasures"


class ErasedIdentity(WorkspaceModel):
    """Somebody of this community who must not come back with the next import."""

    grants = APPEND_ONLY
    forgetting = {"identity_hash": A_HASH}
    stays_inside = "hashes"
    community_id: UUID = fields.UUIDField()
    identity_hash: bytes = fields.BinaryField()

    class Meta:
        table = "erased_identities"


class ErasureKey(AgencyModel):
    """What the agency's hashes of erased people are made with: names can be guessed, so a bare hash hides nobody."""

    forgetting = {"secret": Keep("a key")}
    stays_inside = "a key"
    stays_today = "the proofs were made with it"
    secret: bytes = SealedField()

    class Meta:
        table = "erasure_keys"
