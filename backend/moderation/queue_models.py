from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, AgencyModel, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Put


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
