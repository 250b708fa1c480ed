from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, AgencyModel, WorkspaceModel
from tenants.treating import A_HASH, CASES_ABOUT_THEM, OF_THE_AGENCY, OUR_WORDS, THEIR_POSTS, Keep, Put

_THEIRS_OR_ABOUT_THEM = f"t.member_id = $3 or t.case_id {CASES_ABOUT_THEM}"

_DECISIONS_ABOUT_THEM: Final = (
    "= any(array(select d.id from decisions d where d.agency_id = $1 and d.workspace_id = $2 "
    f"and d.case_id {CASES_ABOUT_THEM}))"
)


class Queue(WorkspaceModel):
    """Where cases wait. Who works it has all of its `skills`."""

    forgetting = dict.fromkeys(("name", "description", "skills"), OF_THE_AGENCY)
    name = fields.CharField(max_length=200)
    description = fields.TextField(default="")
    skills: list[str] = ArrayField("text", default=list)
    is_for_leads = fields.BooleanField(default=False)
    archived_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "queues"


class RoutingRule(WorkspaceModel):
    """One of a client's ordered rules that send a case to a queue; the list with the highest `version` is in force."""

    forgetting = {
        **dict.fromkeys(("tiers", "severities", "channels", "languages"), OUR_WORDS),
    }
    grants = APPEND_ONLY
    version = fields.IntField()
    position = fields.IntField()
    queue_id: UUID = fields.UUIDField()
    tiers: list[str] = ArrayField("text", default=list)
    severities: list[str] = ArrayField("text", default=list)
    channels: list[str] = ArrayField("text", default=list)
    languages: list[str] = ArrayField("text", default=list)
    policy_id: UUID | None = fields.UUIDField(null=True)
    community_id: UUID | None = fields.UUIDField(null=True)
    is_at_risk = fields.BooleanField(null=True)
    is_appeal = fields.BooleanField(null=True)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "routing_rules"


class Reviewer(AgencyModel):
    """What a colleague can judge, and what they can bear. Who has no row reads everything that asks for no skill."""

    forgetting = dict.fromkeys(("skills", "languages"), OF_THE_AGENCY)
    membership_id: UUID = fields.UUIDField()
    skills: list[str] = ArrayField("text", default=list)
    languages: list[str] = ArrayField("text", default=list)
    avoids_severe = fields.BooleanField(default=False)
    soft_limit: int | None = fields.IntField(null=True)
    hard_limit: int | None = fields.IntField(null=True)
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "reviewers"


class ConflictOfInterest(WorkspaceModel):
    """A reviewer is too close to a member, to a community or to the whole client: such cases are never theirs."""

    forgetting = {
        "reason": Put("''", "t.member_id = $3"),
    }
    not_for_members = "about the moderator: whom they know"
    membership_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    community_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField(default="")
    declared_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "conflicts"


class ServiceLevel(WorkspaceModel):
    """How soon a client was promised a first look, a decision and an answer to an appeal, by tier."""

    forgetting = {"tier": OUR_WORDS}
    tier = fields.CharField(max_length=10)
    first_touch_minutes = fields.IntField()
    decision_minutes = fields.IntField()
    appeal_minutes = fields.IntField()

    class Meta:
        table = "service_levels"


class WorkingHours(WorkspaceModel):
    """When a client's clocks run, where the client is. No row: always."""

    weekday = fields.IntField()
    opens_minute = fields.IntField()
    closes_minute = fields.IntField()

    class Meta:
        table = "working_hours"


class DayOff(WorkspaceModel):
    """A day on which a client's clocks stand still."""

    forgetting = dict.fromkeys(("day", "name"), OF_THE_AGENCY)
    day = fields.CharField(max_length=10)
    name = fields.CharField(max_length=200, default="")

    class Meta:
        table = "days_off"


class QualityPlan(WorkspaceModel):
    """Which cases of a client are judged twice, blind, and which decisions wait for a second person. No row: none but
    suspensions without an end."""

    forgetting = dict.fromkeys(("second_review_severities", "held_actions"), OUR_WORDS)
    second_review_severities: list[str] = ArrayField("text", default=list)
    newcomer_reviews = fields.IntField(default=0)
    sampled_share = fields.FloatField(default=0)
    golden_share = fields.FloatField(default=0)
    held_actions: list[str] = ArrayField("text", default=list)
    held_from_days = fields.IntField(default=1)
    version = fields.IntField(default=1)
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "quality_plans"


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
        "question": Put("''", _THEIRS_OR_ABOUT_THEM),
        "answer": Put("''", f"t.answer is not null and ({_THEIRS_OR_ABOUT_THEM})"),
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
        "reason": Put("''", f"{_THEIRS_OR_ABOUT_THEM} or t.post_id {THEIR_POSTS}"),
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
        "text": Put("''", _THEIRS_OR_ABOUT_THEM),
        "answer": Put("''", f"t.answer is not null and ({_THEIRS_OR_ABOUT_THEM})"),
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


class StrikeThreshold(WorkspaceModel):
    forgetting = {"action": OUR_WORDS}
    points = fields.IntField()
    action = fields.CharField(max_length=20, null=True)
    days: int | None = fields.IntField(null=True)

    class Meta:
        table = "strike_thresholds"


class Macro(WorkspaceModel):
    """A saved answer."""

    forgetting = {
        **dict.fromkeys(("name", "text"), OF_THE_AGENCY),
        **dict.fromkeys(("outcome", "actions"), OUR_WORDS),
    }
    name = fields.CharField(max_length=200)
    outcome = fields.CharField(max_length=20)
    policy_id: UUID | None = fields.UUIDField(null=True)
    actions: list[str] = ArrayField("text", default=list)
    text = fields.TextField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "macros"
