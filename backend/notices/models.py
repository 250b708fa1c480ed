from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.tables import AgencyModel, SealedField, WorkspaceOrAgencyModel
from tenants.treating import CASES_ABOUT_THEM, OF_THE_AGENCY, OUR_WORDS, Keep, Put, Remove


class Notice(WorkspaceOrAgencyModel):
    """To a member, or to somebody at the agency; never to both. Without a workspace: about the agency itself, to
    somebody who sees the whole of it. `facts` are words of Tend's own: what messages are made of."""

    forgetting = {
        "kind": OUR_WORDS,
        "subject_kind": OUR_WORDS,
        "occasion": Keep("numbers and ids"),
        "urgency": OUR_WORDS,
        "facts": OUR_WORDS,
        "text": (Remove("t.member_id = $3"), Put("''", f"t.subject_id {CASES_ABOUT_THEM}")),
    }
    of_member = "t.member_id = $3"
    kind = fields.CharField(max_length=50)
    subject_kind = fields.CharField(max_length=20)
    subject_id: UUID = fields.UUIDField()
    occasion = fields.CharField(max_length=50, default="")
    urgency = fields.CharField(max_length=10, default="normal")
    member_id: UUID | None = fields.UUIDField(null=True)
    membership_id: UUID | None = fields.UUIDField(null=True)
    text = fields.TextField()
    facts: dict[str, Any] = fields.JSONField(default=dict)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    delivered_at: datetime | None = fields.DatetimeField(null=True)
    read_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "notices"


class NoticeDelivery(WorkspaceOrAgencyModel):
    """One notice by one channel outside Tend. States: waiting, then sent, failed (`problem` says why; it can be
    replayed) or dropped (whom it was for does not get it any more). Those with one `message` go in one."""

    forgetting = {
        **dict.fromkeys(("kind", "channel", "how", "state"), OUR_WORDS),
        "problem": Keep("a sentence of our own"),
    }
    notice_id: UUID = fields.UUIDField()
    membership_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=50)
    channel = fields.CharField(max_length=10)
    how = fields.CharField(max_length=10)
    state = fields.CharField(max_length=10, default="waiting")
    due_at: datetime = fields.DatetimeField()
    message: UUID | None = fields.UUIDField(null=True)
    attempt = fields.IntField(default=0)
    problem = fields.TextField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "notice_deliveries"


class NoticePreference(AgencyModel):
    """How a membership wants one kind of notice by one channel; without a workspace: wherever nothing else is said."""

    forgetting = dict.fromkeys(("kind", "channel", "how"), OUR_WORDS)
    membership_id: UUID = fields.UUIDField()
    workspace_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=50)
    channel = fields.CharField(max_length=10)
    how = fields.CharField(max_length=10)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "notice_preferences"


class NoticeSettings(AgencyModel):
    """Of a membership: hours are local hours of its time zone. `chat_url`: where its chat takes messages."""

    forgetting = dict.fromkeys(("time_zone", "language", "chat_url"), OF_THE_AGENCY)
    inside = {"chat_url": "a secret: whoever has it writes into their chat"}
    membership_id: UUID = fields.UUIDField()
    time_zone = fields.CharField(max_length=64, default="UTC")
    language = fields.CharField(max_length=10, default="en")
    digest_hour = fields.IntField(default=8)
    quiet_from = fields.IntField(null=True)
    quiet_until = fields.IntField(null=True)
    chat_url: bytes | None = SealedField(null=True)
    has_chat = fields.BooleanField(default=False)

    class Meta:
        table = "notice_settings"
