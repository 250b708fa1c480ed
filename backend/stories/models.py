from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep, Put

_WRITERS: Final = Keep("ids of staff and machines")
_THEIR_STORIES: Final = (
    "in (select s.id from success_stories s where s.agency_id = $1 and s.workspace_id = $2 and s.member_id = $3)"
)
_QUOTE_THEM: Final = f"""t.id in (select e.version_id from practice_evidence e where e.agency_id = $1 and e.workspace_id = $2
    and e.is_quoting and e.story_id {_THEIR_STORIES})"""
_THEIR_INTRODUCTIONS: Final = """t.id in (select i.introduction_id from introduction_sides i
    where i.agency_id = $1 and i.workspace_id = $2 and i.member_id = $3)"""


class SuccessStory(WorkspaceModel):
    """What a customer achieved, in their own words. States: telling.py; whether it may be told: `app.is_told`."""

    forgetting = {
        **dict.fromkeys(("why", "notes"), Put("''", "t.member_id = $3")),
        **dict.fromkeys(("language", "state", "asked_channels"), OUR_WORDS),
    }
    of_member = "t.member_id = $3"
    inside = dict.fromkeys(("why", "notes"), "what somebody said before they consented to anything")
    member_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID | None = fields.UUIDField(null=True)
    language = fields.CharField(max_length=2)
    state = fields.CharField(max_length=20, default="nominated")
    why = fields.TextField()
    notes = fields.TextField(default="")
    current_version_id: UUID | None = fields.UUIDField(null=True)
    asked_channels: list[str] = ArrayField("text", default=list)
    asked_until: datetime | None = fields.DatetimeField(null=True)
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    published_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "success_stories"


class StoryVersion(WorkspaceModel):
    """What a story says; never changed, so that a consent stays a consent to these words."""

    forgetting = {
        **dict.fromkeys(("title", "text", "html"), Put("''", f"t.story_id {_THEIR_STORIES}")),
        "uses": OUR_WORDS,
        "writers": _WRITERS,
    }
    of_member = f"t.story_id {_THEIR_STORIES}"
    grants = APPEND_ONLY
    leaves_if = "app.is_told(t.story_id, t.id, null)"
    story_id: UUID = fields.UUIDField()
    version = fields.IntField()
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    html = fields.TextField()
    uses: list[str] = ArrayField("text")
    writers: list[str] = ArrayField("text")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "story_versions"


class StoryConsent(WorkspaceModel):
    """That one version may be told: what of them may be in it, where, until when. One at a time of a story is in force."""

    forgetting = {
        **dict.fromkeys(("uses", "channels", "given_by", "ended_because"), OUR_WORDS),
        "recorder": _WRITERS,
        "proof": Put("'-'", f"t.story_id {_THEIR_STORIES}"),
    }
    of_member = f"t.story_id {_THEIR_STORIES}"
    story_id: UUID = fields.UUIDField()
    version_id: UUID = fields.UUIDField()
    uses: list[str] = ArrayField("text")
    channels: list[str] = ArrayField("text")
    given_by = fields.CharField(max_length=10)
    recorder = fields.TextField(default="")
    proof = fields.TextField(default="")
    given_at: datetime = fields.DatetimeField(auto_now_add=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_because: str | None = fields.TextField(null=True)

    class Meta:
        table = "story_consents"


class StoryWithdrawal(WorkspaceModel):
    """Whoever tells the story (`subject_id`) has taken it back, or said no: nobody reads a word of it since."""

    grants = APPEND_ONLY
    stays_today = "what somebody has taken back is not told again because an agency was taken back"
    subject_id: UUID = fields.UUIDField()
    withdrawn_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "story_withdrawals"


class BestPractice(WorkspaceModel):
    """What to do, distilled from stories; with `of_id`, the same in another language. Whether readers have it:
    `app.is_practised`."""

    forgetting = {"slug": OF_THE_AGENCY, **dict.fromkeys(("language", "draft_state"), OUR_WORDS)}
    of_id: UUID | None = fields.UUIDField(null=True)
    slug = fields.CharField(max_length=63)
    language = fields.CharField(max_length=2)
    draft_version_id: UUID | None = fields.UUIDField(null=True)
    draft_state: str | None = fields.TextField(null=True)
    current_version_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "best_practices"


class PracticeVersion(WorkspaceModel):
    """What a best practice says, or said; never changed."""

    forgetting = {
        **dict.fromkeys(("title", "summary", "text", "html"), Put("''", _QUOTE_THEM)),
        "words": Put("'{}'", _QUOTE_THEM),
        "writers": _WRITERS,
    }
    not_for_members = "what they said in it is in their story, which they are given"
    grants = APPEND_ONLY
    leaves_if = "app.is_practised(t.practice_id, t.id)"
    practice_id: UUID = fields.UUIDField()
    version = fields.IntField()
    title = fields.CharField(max_length=200)
    summary = fields.TextField()
    text = fields.TextField()
    html = fields.TextField()
    reading_seconds = fields.IntField()
    words: list[str] = ArrayField("text", default=list)
    source_version: int | None = fields.IntField(null=True)
    writers: list[str] = ArrayField("text")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "practice_versions"


class PracticeFeedback(WorkspaceModel):
    """What a reader says about a version: one word of each member, which they may change."""

    forgetting = {"words": Put("''", "t.member_id = $3")}
    of_member = "t.member_id = $3"
    version_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    is_helpful = fields.BooleanField()
    has_solved = fields.BooleanField(null=True)
    words = fields.TextField(default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "practice_feedback"


class PracticeEvidence(WorkspaceModel):
    """A story that a version of a best practice was distilled from."""

    grants = APPEND_ONLY
    version_id: UUID = fields.UUIDField()
    story_id: UUID = fields.UUIDField()
    story_version_id: UUID = fields.UUIDField()
    is_quoting = fields.BooleanField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "practice_evidence"


class Introduction(WorkspaceModel):
    """Two members are made known to each other, if both want it. States: introducing.py."""

    forgetting = {
        **dict.fromkeys(("reason", "outcome"), Put("''", _THEIR_INTRODUCTIONS)),
        "state": OUR_WORDS,
    }
    of_member = _THEIR_INTRODUCTIONS
    reason = fields.TextField()
    state = fields.CharField(max_length=20, default="proposed")
    outcome = fields.TextField(default="")
    proposed_at: datetime = fields.DatetimeField(auto_now_add=True)
    open_until: datetime = fields.DatetimeField()
    made_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "introductions"


class IntroductionSide(WorkspaceModel):
    """One of the two, and what they say to it."""

    forgetting = {"answer": OUR_WORDS, "contact": Put("''", "t.member_id = $3")}
    of_member = "t.member_id = $3"
    inside = {"contact": "one member gave it to one other"}
    introduction_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    answer: str | None = fields.TextField(null=True)
    contact = fields.TextField(default="")
    answered_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "introduction_sides"
