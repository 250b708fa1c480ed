from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, CASES_ABOUT_THEM, OUR_WORDS, THEIR_POSTS, THEIRS_OR_ABOUT_THEM, Keep, Put


class Case(WorkspaceModel):
    """What waits in a queue: all open reports about one post, merged; or an appeal, or a post whose answer is known.
    States: queued, in_review, pending_info, held, closed."""

    forgetting = {
        "kind": OUR_WORDS,
        "language": OUR_WORDS,
        "state": OUR_WORDS,
        "outcome": OUR_WORDS,
        "tier": OUR_WORDS,
        "severity": OUR_WORDS,
    }
    of_member = "t.member_id = $3"
    queue_id: UUID = fields.UUIDField()
    post_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10, default="moderation")
    only_for_id: UUID | None = fields.UUIDField(null=True)
    slot = fields.IntField(default=1)
    language = fields.CharField(max_length=3, null=True)
    is_at_risk = fields.BooleanField(default=False)
    routing_version: int | None = fields.IntField(null=True)
    state = fields.CharField(max_length=20, default="queued")
    outcome = fields.CharField(max_length=20, null=True)
    tier = fields.CharField(max_length=10)
    severity = fields.CharField(max_length=10)
    report_count = fields.IntField(default=0)
    risk = fields.FloatField(default=0)
    opened_at: datetime = fields.DatetimeField()
    due_at: datetime = fields.DatetimeField()
    virtual_deadline: datetime = fields.DatetimeField()
    first_touch_due_at: datetime | None = fields.DatetimeField(null=True)
    first_touched_at: datetime | None = fields.DatetimeField(null=True)
    pending_until: datetime | None = fields.DatetimeField(null=True)
    paused_at: datetime | None = fields.DatetimeField(null=True)
    paused_seconds = fields.IntField(default=0)
    decision_id: UUID | None = fields.UUIDField(null=True)
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
    pending_info = fields.IntField(default=0)
    held = fields.IntField(default=0)
    closed = fields.IntField()

    class Meta:
        table = "case_tallies"


class CaseMove(WorkspaceModel):
    """A case went from one state to another."""

    forgetting = dict.fromkeys(("from_state", "to_state", "because"), OUR_WORDS)
    of_member = f"t.case_id {CASES_ABOUT_THEM}"
    grants = APPEND_ONLY
    case_id: UUID = fields.UUIDField()
    from_state = fields.CharField(max_length=20, null=True)
    to_state = fields.CharField(max_length=20)
    because = fields.CharField(max_length=30)
    membership_id: UUID | None = fields.UUIDField(null=True)
    at: datetime = fields.DatetimeField()

    class Meta:
        table = "case_states"


class CaseQuestion(WorkspaceModel):
    """What a member was asked about a case, and what they answered."""

    forgetting = {
        "question": Put("''", THEIRS_OR_ABOUT_THEM),
        "answer": Put("''", f"t.answer is not null and {THEIRS_OR_ABOUT_THEM}"),
    }
    of_member = "t.member_id = $3"
    case_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    question = fields.TextField()
    asked_at: datetime = fields.DatetimeField(auto_now_add=True)
    answer: str | None = fields.TextField(null=True)
    answered_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "case_questions"


class Report(WorkspaceModel):
    """One complaint by one reporter about one post. One that is `set_aside` waits in no queue: `suspended`, because its
    reporter is, and in no case; `judged_fine`, in the closed case whose decision it was answered with. `least_tier`: by
    whose it is, whatever its policy says. `is_trusted`: of a trusted flagger, in one of their areas. `origin`: the network
    it came from."""

    forgetting = {
        "channel": OUR_WORDS,
        "reporter_key": Keep("a word of our own and an id, or a hash"),
        "reason": Put("''", f"{THEIRS_OR_ABOUT_THEM} or t.post_id {THEIR_POSTS}"),
        "least_tier": OUR_WORDS,
        "origin": A_HASH,
        "set_aside": OUR_WORDS,
    }
    inside = {"origin": "a hash"}
    of_member = "t.member_id = $3"  # what they reported; who reported them is not theirs to know
    case_id: UUID | None = fields.UUIDField(null=True)
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
    trusted_flagger_id: UUID | None = fields.UUIDField(null=True)
    is_trusted = fields.BooleanField(default=False)
    least_tier = fields.CharField(max_length=10, null=True)
    origin = fields.CharField(max_length=40, null=True)
    post_version: int | None = fields.IntField(null=True)
    set_aside = fields.CharField(max_length=20, null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "reports"


class ClaimRecord(WorkspaceModel):
    """A lease on a case. At most one per case is live; the token itself is kept nowhere."""

    forgetting = {
        "token_hash": A_HASH,
        "ended_by": OUR_WORDS,
        "severity": OUR_WORDS,
    }
    inside = {"token_hash": "a hash"}
    case_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    token_hash: bytes = fields.BinaryField()
    claimed_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=11, null=True)
    severity = fields.CharField(max_length=10, default="low")
    visible_seconds: int | None = fields.IntField(null=True)

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
