from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import SealedField, WorkspaceModel
from tenants.treating import CASES_ABOUT_THEM, OF_THE_AGENCY, OUR_WORDS, THEIRS_OR_ABOUT_THEM, Keep, Put


class Action(WorkspaceModel):
    """Something that is done in a community: queued, sent once the platform has taken it, confirmed once it was seen
    there (or somebody says that they did it by hand: `done_by_id`), failed until a human sees to it, cancelled.

    Without a decision it is a precaution. `reverses_id` is the action that it takes back; one that was taken back has no
    such action where another decision asks for the same."""

    forgetting = {
        "kind": OUR_WORDS,
        "state": OUR_WORDS,
        "message": Put("''", f"t.message is not null and {THEIRS_OR_ABOUT_THEM}"),
        "problem": Put("''", f"t.problem is not null and {THEIRS_OR_ABOUT_THEM}"),
        "done_note": Put("''", f"t.done_note is not null and {THEIRS_OR_ABOUT_THEM}"),
    }
    # What a reporter was told about a case is the reporter's.
    of_member = f"(t.member_id = $3 or (t.member_id is null and t.case_id {CASES_ABOUT_THEM}))"
    decision_id: UUID | None = fields.UUIDField(null=True)
    case_id: UUID = fields.UUIDField()
    connection_id: UUID | None = fields.UUIDField(null=True)
    post_id: UUID | None = fields.UUIDField(null=True)
    member_id: UUID | None = fields.UUIDField(null=True)
    reverses_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=20)
    until_at: datetime | None = fields.DatetimeField(null=True)
    message: str | None = fields.TextField(null=True)
    state = fields.CharField(max_length=10, default="queued")
    problem: str | None = fields.TextField(null=True)
    tries = fields.IntField(default=0)
    next_at: datetime = fields.DatetimeField(auto_now_add=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    sent_at: datetime | None = fields.DatetimeField(null=True)
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    failed_at: datetime | None = fields.DatetimeField(null=True)
    taken_back_at: datetime | None = fields.DatetimeField(null=True)
    ordered_by_id: UUID | None = fields.UUIDField(null=True)
    done_by_id: UUID | None = fields.UUIDField(null=True)
    done_note: str | None = fields.TextField(null=True)

    class Meta:
        table = "actions"


class ActingKey(WorkspaceModel):
    """With what Tend acts on a platform, as whom and at what pace. `paced_until` is when the calls so far are paid for;
    `rests_until`: the platform asked to be left alone."""

    forgetting = {
        "platform": OUR_WORDS,
        "address": OF_THE_AGENCY,
        "username": OF_THE_AGENCY,
        "api_key": Keep("a secret of the client's site"),
    }
    inside = {"api_key": "whoever has it can act in the community as Tend does"}
    connection_id: UUID = fields.UUIDField()
    platform = fields.CharField(max_length=20)
    address: str | None = fields.TextField(null=True)
    username: str | None = fields.TextField(null=True)
    api_key: bytes = SealedField()
    paced_until: datetime = fields.DatetimeField(auto_now_add=True)
    rests_until: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "acting_keys"
