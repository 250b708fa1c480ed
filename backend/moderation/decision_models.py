from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import A_HASH, CASES_ABOUT_THEM, OUR_WORDS, THEIRS_OR_ABOUT_THEM, Put

_DECISIONS_ABOUT_THEM: Final = (
    "= any(array(select d.id from decisions d where d.agency_id = $1 and d.workspace_id = $2 "
    f"and d.case_id {CASES_ABOUT_THEM}))"
)


class Review(WorkspaceModel):
    """One person's judgement of a case. Never changed; hidden from whoever is to judge it as well."""

    forgetting = {
        **dict.fromkeys(("purpose", "because", "outcome", "actions"), OUR_WORDS),
        "reason": Put("''", f"t.case_id {CASES_ABOUT_THEM}"),
    }
    of_member = f"t.case_id {CASES_ABOUT_THEM}"
    grants = APPEND_ONLY
    case_id: UUID = fields.UUIDField()
    claim_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    slot = fields.IntField()
    purpose = fields.CharField(max_length=10)
    because = fields.CharField(max_length=20, default="")
    outcome = fields.CharField(max_length=20)
    policy_version_id: UUID | None = fields.UUIDField(null=True)
    actions: list[str] = ArrayField("text", default=list)
    days: int | None = fields.IntField(null=True)
    reason = fields.TextField()
    submitted_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "reviews"


class Decision(WorkspaceModel):
    """The outcome of a case. Never changed: the application may only add and read. What became of it stands in its
    events; one that `is_held` does nothing before somebody else approves it."""

    forgetting = {
        "outcome": OUR_WORDS,
        "actions": OUR_WORDS,
        "evidence_end": A_HASH,
        "explanation": Put("''", f"t.case_id {CASES_ABOUT_THEM}"),
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
    actions: list[str] = ArrayField("text", default=list)
    days: int | None = fields.IntField(null=True)
    explanation = fields.TextField(default="")
    evidence_end = fields.CharField(max_length=64, null=True)
    is_held = fields.BooleanField(default=False)
    supersedes_id: UUID | None = fields.UUIDField(null=True)
    decided_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "decisions"


class DecisionEvent(WorkspaceModel):
    """What became of a decision: approved or denied while held; undone, superseded, overturned after."""

    forgetting = {
        "kind": OUR_WORDS,
        "reason": Put(
            "''",
            f"t.decision_id {_DECISIONS_ABOUT_THEM}",
        ),
    }
    of_member = f"t.decision_id {_DECISIONS_ABOUT_THEM}"
    grants = APPEND_ONLY
    decision_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    membership_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField(default="")
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "decision_events"


class Appeal(WorkspaceModel):
    """Somebody does not accept a decision: the author of what was restricted, or a member whose report led to nothing. `report_id`
    instead of a member: whoever reported by a public page."""

    forgetting = {
        **dict.fromkeys(("appellant", "state"), OUR_WORDS),
        "text": Put("''", THEIRS_OR_ABOUT_THEM),
        "answer": Put("''", f"t.answer is not null and {THEIRS_OR_ABOUT_THEM}"),
    }
    of_member = "t.member_id = $3"
    decision_id: UUID = fields.UUIDField()
    case_id: UUID = fields.UUIDField()
    appellant = fields.CharField(max_length=10)
    member_id: UUID | None = fields.UUIDField(null=True)
    report_id: UUID | None = fields.UUIDField(null=True)
    text = fields.TextField()
    state = fields.CharField(max_length=12, default="open")
    filed_at: datetime = fields.DatetimeField(auto_now_add=True)
    filed_by_id: UUID | None = fields.UUIDField(null=True)
    answer = fields.TextField(null=True)
    answered_at: datetime | None = fields.DatetimeField(null=True)
    answered_by_id: UUID | None = fields.UUIDField(null=True)
    new_decision_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "appeals"


class GoldenItem(WorkspaceModel):
    """A closed case whose answer is known to be right."""

    forgetting = {"note": Put("''", f"t.case_id {CASES_ABOUT_THEM}")}
    not_for_members = "what reviewers are measured by"
    case_id: UUID = fields.UUIDField()
    decision_id: UUID = fields.UUIDField()
    note = fields.TextField(default="")
    made_by_id: UUID | None = fields.UUIDField(null=True)
    made_at: datetime = fields.DatetimeField(auto_now_add=True)
    retired_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "golden_items"


class GoldenAnswer(WorkspaceModel):
    """A reviewer was offered a golden item, and what they said of it."""

    golden_item_id: UUID = fields.UUIDField()
    case_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    review_id: UUID | None = fields.UUIDField(null=True)
    is_right = fields.BooleanField(null=True)
    offered_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "golden_answers"


class StrikeEntry(WorkspaceModel):
    """What a violation counted, or took back what it had counted. Never changed."""

    of_member = "t.member_id = $3"
    grants = APPEND_ONLY
    member_id: UUID = fields.UUIDField()
    decision_id: UUID = fields.UUIDField()
    policy_id: UUID = fields.UUIDField()
    points = fields.IntField()
    needs_takedown = fields.BooleanField(default=False)
    threshold: int | None = fields.IntField(null=True)
    expires_at: datetime = fields.DatetimeField()
    is_reversal = fields.BooleanField(default=False)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "strike_entries"
