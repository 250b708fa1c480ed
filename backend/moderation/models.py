from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, CASES_ABOUT_THEM, OF_THE_AGENCY, OUR_WORDS, Keep, Put


class Queue(WorkspaceModel):
    forgetting = {
        "name": OF_THE_AGENCY,
    }
    name = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "queues"


class Case(WorkspaceModel):
    """What waits in a queue: all open reports about one post, merged. States: queued, in_review, closed."""

    forgetting = {
        "state": OUR_WORDS,
        "outcome": OUR_WORDS,
        "tier": OUR_WORDS,
        "severity": OUR_WORDS,
    }
    of_member = "t.member_id = $3"
    queue_id: UUID = fields.UUIDField()
    post_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=20, default="queued")
    outcome = fields.CharField(max_length=20, null=True)
    tier = fields.CharField(max_length=10)
    severity = fields.CharField(max_length=10)
    report_count = fields.IntField(default=0)
    risk = fields.FloatField(default=0)
    opened_at: datetime = fields.DatetimeField()
    due_at: datetime = fields.DatetimeField()
    virtual_deadline: datetime = fields.DatetimeField()
    claimed_by_id: UUID | None = fields.UUIDField(null=True)
    claimed_until: datetime | None = fields.DatetimeField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "cases"


class CaseTally(WorkspaceModel):
    """A share of how many cases of each state a client has: the sum over its rows counts (tallying.py)."""

    queued = fields.IntField()
    in_review = fields.IntField()
    closed = fields.IntField()

    class Meta:
        table = "case_tallies"


class Report(WorkspaceModel):
    """One complaint by one reporter about one post."""

    forgetting = {
        "channel": OUR_WORDS,
        "reporter_key": Keep("a word of our own and an id"),
        "reason": Put("''", f"t.member_id = $3 or t.case_id {CASES_ABOUT_THEM}"),
    }
    of_member = "t.member_id = $3"  # what they reported; who reported them is not theirs to know
    case_id: UUID = fields.UUIDField()
    post_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=10)
    reporter_key = fields.CharField(max_length=60)
    member_id: UUID | None = fields.UUIDField(null=True)
    membership_id: UUID | None = fields.UUIDField(null=True)
    rule_id: UUID | None = fields.UUIDField(null=True)
    api_client_id: UUID | None = fields.UUIDField(null=True)
    policy_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField()
    credibility = fields.FloatField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "reports"


class ClaimRecord(WorkspaceModel):
    """A lease on a case. At most one per case is live; the token itself is kept nowhere."""

    forgetting = {
        "token_hash": A_HASH,
        "ended_by": OUR_WORDS,
    }
    inside = {"token_hash": "a hash"}
    case_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    token_hash: bytes = fields.BinaryField()
    claimed_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=10, null=True)

    class Meta:
        table = "claims"


class Skip(WorkspaceModel):
    """This moderator is not offered this case again; others are."""

    forgetting = {
        "reason": OUR_WORDS,
        "note": Put("''", f"t.case_id {CASES_ABOUT_THEM}"),
    }
    not_for_members = "about the moderator: whom they know, what they can read, what they can bear"
    case_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    reason = fields.CharField(max_length=30)
    note = fields.TextField(default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "skips"


class Decision(WorkspaceModel):
    """The outcome of a case. Never changed: the application may only add and read."""

    forgetting = {
        "outcome": OUR_WORDS,
        "reason": Put("''", f"t.case_id {CASES_ABOUT_THEM}"),
    }
    of_member = f"t.case_id {CASES_ABOUT_THEM}"
    grants = APPEND_ONLY
    case_id: UUID = fields.UUIDField()
    claim_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    outcome = fields.CharField(max_length=20)
    policy_version_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField()
    decided_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "decisions"


class Action(WorkspaceModel):
    """What a decision does in the community. Done only when read back from the platform: queued, then confirmed."""

    forgetting = {
        "kind": OUR_WORDS,
        "state": OUR_WORDS,
    }
    of_member = f"t.case_id {CASES_ABOUT_THEM}"
    decision_id: UUID = fields.UUIDField()
    case_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10, default="queued")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    confirmed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "actions"
