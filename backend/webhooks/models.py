from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import AgencyModel, SealedField
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep


class WebhookEndpoint(AgencyModel):
    """A server of somebody else that hears of what happens. The wall shows it to the whole agency, as it does API clients:
    whoever does something must find who wants to know. It reads with `scopes`, as far as the membership `made_by_id` (who
    last changed it; None is Tend itself) may do so by then. `conditions` is `{"workspaces": [uuid], "by": [actor kind]}`."""

    forgetting = {
        "url": OF_THE_AGENCY,
        "description": OF_THE_AGENCY,
        "kinds": OUR_WORDS,
        "conditions": Keep("ids of clients and words of our own"),
        "selection": Keep("names of fields that staff asked for"),
        "scopes": OUR_WORDS,
        **dict.fromkeys(("secret", "previous_secret"), Keep("a secret of the agency")),
        "disabled_because": OUR_WORDS,
    }
    inside = dict.fromkeys(("secret", "previous_secret"), "whoever has it can sign in Tend's name")
    workspace_id: UUID | None = fields.UUIDField(null=True)
    made_by_id: UUID | None = fields.UUIDField(null=True)
    url = fields.TextField()
    description = fields.TextField()
    kinds: list[str] = ArrayField("text")
    conditions: dict[str, Any] = fields.JSONField(default=dict)
    selection = fields.TextField(null=True)
    scopes: list[str] = ArrayField("text")
    secret: bytes = SealedField()
    previous_secret: bytes | None = SealedField(null=True)
    previous_until: datetime | None = fields.DatetimeField(null=True)
    disabled_at: datetime | None = fields.DatetimeField(null=True)
    disabled_because = fields.CharField(max_length=20, null=True)
    failing_since: datetime | None = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)
    rests_until: datetime | None = fields.DatetimeField(null=True)
    is_slow = fields.BooleanField(default=False)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "webhook_endpoints"


class WebhookEvent(AgencyModel):
    """Something happened that at least one endpoint wants to hear of. `sequence` grows with each event of the subject."""

    forgetting = {
        "kind": OUR_WORDS,
        "subject_kind": OUR_WORDS,
    }
    stays_inside = "kept for thirty days, and in the journal for good"
    workspace_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=50)
    subject_kind = fields.CharField(max_length=50)
    subject_id: UUID = fields.UUIDField()
    sequence = fields.BigIntField()
    occurred_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "webhook_events"


class WebhookDelivery(AgencyModel):
    """An event on its way to an endpoint: waiting -> delivered, or failed; a replay makes it wait again."""

    forgetting = {
        "state": OUR_WORDS,
    }
    stays_inside = "kept for thirty days"
    event_id: UUID = fields.UUIDField()
    endpoint_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=10, default="waiting")
    attempt = fields.IntField(default=0)
    next_at: datetime = fields.DatetimeField(auto_now_add=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_deliveries"


class WebhookAttempt(AgencyModel):
    """One try. Nothing of the answer's body is in it."""

    forgetting = {
        "problem": Keep("a sentence of ours"),
    }
    stays_inside = "kept for thirty days"
    delivery_id: UUID = fields.UUIDField()
    status = fields.IntField(null=True)
    milliseconds = fields.IntField()
    problem = fields.TextField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "webhook_attempts"
