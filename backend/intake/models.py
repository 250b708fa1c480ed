from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import WorkspaceModel
from tenants.treating import OUR_WORDS, Keep, Put


class PlatformDelivery(WorkspaceModel):
    """What a platform told in one go: waiting -> done, failed or ignored; a replay makes it wait again. Its body goes with
    the end of the work, or when whoever is in it might be forgotten: nobody reads one that failed."""

    forgetting = {
        "key": Keep("what a platform calls an event: names of events, numbers and times"),
        "kind": Keep("the name of an event"),
        "body": Put("null", "t.state = 'failed' and $3::uuid is not null"),
        "state": OUR_WORDS,
        "problem": Keep("a sentence of ours"),
    }
    stays_inside = "what came of it are posts and reports"
    connection_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=100)
    body: bytes | None = fields.BinaryField(null=True)
    state = fields.CharField(max_length=10, default="waiting")
    problem: str | None = fields.TextField(null=True)
    received_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "platform_deliveries"
