from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from backend.safety.models import ABOUT_THEM
from tenants.tables import APPEND_ONLY, AgencyModel, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep, Put


class Protocol(AgencyModel):
    """What is to be done about a kind of danger. Of several the highest version is in force; copied into each escalation."""

    forgetting = {"kind": OUR_WORDS, "items": OF_THE_AGENCY}
    grants = APPEND_ONLY
    kind = fields.CharField(max_length=20)
    version = fields.IntField()
    items: list[dict[str, str]] = fields.JSONField()
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "protocols"


class EscalationReview(WorkspaceModel):
    """What was learned from an escalation, once it is over."""

    forgetting = dict.fromkeys(("what_happened", "went_well", "to_change"), Put("''", f"t.escalation_id {ABOUT_THEM}"))
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    escalation_id: UUID = fields.UUIDField()
    what_happened = fields.TextField()
    went_well = fields.TextField()
    to_change = fields.TextField()
    by_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        table = "escalation_reviews"


class FollowUp(WorkspaceModel):
    """What is to change after an escalation. `by_id` is by whom: the wall shows it to them, and to readers."""

    forgetting = dict.fromkeys(("what", "done_note"), Put("''", f"t.escalation_id {ABOUT_THEM}"))
    not_for_members = "about a danger: telling who is in it, or makes it, that somebody knows may add to it"
    restricted_to = "reader"
    escalation_id: UUID = fields.UUIDField()
    what = fields.TextField()
    by_id: UUID = fields.UUIDField()
    due_at: datetime = fields.DatetimeField()
    asked_by_id: UUID = fields.UUIDField()
    created_at: datetime = fields.DatetimeField()
    done_at: datetime | None = fields.DatetimeField(null=True)
    done_note = fields.TextField(default="")

    class Meta:
        table = "follow_ups"


class SafetySettings(AgencyModel):
    """One for the agency. `acknowledge_within`: seconds by severity, the gravest first. What is grave: exposing.py."""

    forgetting = {"acknowledge_within": Keep("numbers")}
    has_monthly_drills = fields.BooleanField(default=False)
    acknowledge_within: list[int] | None = ArrayField("int", null=True)
    most_grave_a_day: int | None = fields.IntField(null=True)
    most_grave_a_week: int | None = fields.IntField(null=True)
    most_grave_hours_a_day: int | None = fields.IntField(null=True)
    most_grave_hours_a_week: int | None = fields.IntField(null=True)
    version = fields.IntField(default=1)
    updated_at: datetime = fields.DatetimeField()

    class Meta:
        table = "safety_settings"


class ResponderExposure(AgencyModel):
    """Somebody had an escalation from when until when. Everybody at the agency asks who rests, so the wall lets all of it read
    them; what the API shows is narrowed there."""

    workspace_id: UUID = fields.UUIDField()
    escalation_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    severity = fields.IntField()
    began_at: datetime = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "responder_exposures"


class OptOut(AgencyModel):
    """Which kinds of danger somebody does not take, unless nobody else is there. Walled as exposures are, and shown to
    themselves alone; what nobody takes is shown to leads as a number."""

    forgetting = {"kinds": OUR_WORDS}
    stays_inside = "for whoever said it alone"
    membership_id: UUID = fields.UUIDField()
    kinds: list[str] = ArrayField("text")
    updated_at: datetime = fields.DatetimeField()

    class Meta:
        table = "opt_outs"
