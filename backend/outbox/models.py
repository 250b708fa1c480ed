from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import AgencyModel, WorkspaceModel
from tenants.treating import OUR_WORDS, Keep, Put


class Job(AgencyModel):
    """A unit of background work. States: ready -> sent -> running -> done, back to ready with each failed try, dead.
    `cancelled` by somebody while it waited."""

    forgetting = {
        "kind": OUR_WORDS,
        "payload": Keep("ids and grounds of staff: content is read when the job runs"),
        "state": OUR_WORDS,
        "dedupe_key": Keep("ids and words of our own"),
        "last_error": Put("null", "$3::uuid is not null"),
        "progress": Keep("numbers"),
        "traceparent": Keep("numbers by which traces are found"),
    }
    stays_inside = "Tend's own work"
    workspace_id: UUID | None = fields.UUIDField(null=True)
    on_behalf_of_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=100)
    payload: dict[str, Any] = fields.JSONField(default=dict)
    state = fields.CharField(max_length=10, default="ready")
    run_at: datetime = fields.DatetimeField(auto_now_add=True)
    priority = fields.IntField(default=1)
    attempt = fields.IntField(default=0)
    lease_until: datetime | None = fields.DatetimeField(null=True)
    lease_token: UUID | None = fields.UUIDField(null=True)
    dedupe_key = fields.CharField(max_length=200, null=True)
    last_error = fields.TextField(null=True)
    progress: dict[str, Any] | None = fields.JSONField(null=True)
    traceparent = fields.CharField(max_length=55, null=True)  # W3C's: where the trace of whoever asked goes on
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "jobs"


class Slot(AgencyModel):
    """One turn of scheduled work: its row is why no turn is missed unseen and none runs twice."""

    forgetting = {
        "name": OUR_WORDS,
    }
    stays_inside = "Tend's own work"
    name = fields.CharField(max_length=100)
    slot_at: datetime = fields.DatetimeField()

    class Meta:
        table = "slots"


class WorkspaceSlot(WorkspaceModel):
    """The same of one client."""

    forgetting = {
        "name": OUR_WORDS,
    }
    stays_inside = "Tend's own work"
    name = fields.CharField(max_length=100)
    slot_at: datetime = fields.DatetimeField()

    class Meta:
        table = "workspace_slots"
