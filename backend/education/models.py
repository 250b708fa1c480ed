from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, AgencyModel, SealedField, WorkspaceModel
from tenants.treating import A_HASH, OF_THE_AGENCY, OUR_WORDS, Keep, Put

_PICTURES: Final = Keep("ids of pictures")


class Certificate(AgencyModel):
    """A colleague has learned something, for a while. What it is called is the agency's own word."""

    forgetting = dict.fromkeys(("kind", "proof"), OF_THE_AGENCY)
    membership_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    valid_from: datetime = fields.DatetimeField()
    valid_until: datetime = fields.DatetimeField()
    proof = fields.TextField()
    recorded_by_id: UUID | None = fields.UUIDField(null=True)
    recorded_at: datetime = fields.DatetimeField(auto_now_add=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    revoked_by_id: UUID | None = fields.UUIDField(null=True)
    is_name_shown = fields.BooleanField(default=False)
    renews_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "certificates"


class BadgeKey(AgencyModel):
    """What an agency signs its badges with. One signs; those before it are kept, so that what they signed can be checked."""

    forgetting = dict.fromkeys(("public_key", "private_key"), Keep("a key of the agency's"))
    inside = {"private_key": "whoever has it signs as the agency"}
    stays_today = "what was signed since is checked with a key of today, and a retired one signs no more"
    public_key: dict[str, Any] = fields.JSONField()
    private_key: bytes | None = SealedField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    retired_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "badge_keys"


class TrainingRequirement(WorkspaceModel):
    """Every certificate that whoever answers for a client in danger must hold. No row: none is asked for."""

    forgetting = {"kinds": OF_THE_AGENCY}
    kinds: list[str] = ArrayField("text")
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "training_requirements"


class ContentItem(WorkspaceModel):
    """An article, or a lesson of a course. What readers have are its versions; what is written next are its drafts."""

    forgetting = {"kind": OUR_WORDS, "slug": OF_THE_AGENCY, "language": OUR_WORDS}
    kind = fields.CharField(max_length=10)
    slug = fields.CharField(max_length=63)
    language = fields.CharField(max_length=2)
    current_version_id: UUID | None = fields.UUIDField(null=True)
    follows_id: UUID | None = fields.UUIDField(null=True)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "content_items"


class ContentDraft(WorkspaceModel):
    """What an item will say next, in one language; gone once it is published. States: reviewing.py."""

    forgetting = {
        **dict.fromkeys(("title", "summary", "text"), OF_THE_AGENCY),
        **dict.fromkeys(("language", "state"), OUR_WORDS),
        "writers": Keep("ids of staff and machines"),
        "pictures": _PICTURES,
    }
    item_id: UUID = fields.UUIDField()
    language = fields.CharField(max_length=2)
    state = fields.CharField(max_length=10, default="draft")
    title = fields.CharField(max_length=200)
    summary = fields.TextField()
    text = fields.TextField()
    source_version: int | None = fields.IntField(null=True)
    writers: list[str] = ArrayField("text")
    pictures: list[str] = ArrayField("text", default=list)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "content_drafts"


class ContentVersion(WorkspaceModel):
    """What readers have or had; never changed."""

    forgetting = {
        **dict.fromkeys(("title", "summary", "text", "html", "contents", "words"), OF_THE_AGENCY),
        "language": OUR_WORDS,
        "writers": Keep("ids of staff and machines"),
        "pictures": _PICTURES,
    }
    grants = APPEND_ONLY
    item_id: UUID = fields.UUIDField()
    language = fields.CharField(max_length=2)
    version = fields.IntField()
    title = fields.CharField(max_length=200)
    summary = fields.TextField()
    text = fields.TextField()
    html = fields.TextField()
    contents: list[dict[str, Any]] = fields.JSONField()
    words: list[str] = ArrayField("text")
    word_count = fields.IntField()
    reading_seconds = fields.IntField()
    source_version: int | None = fields.IntField(null=True)
    writers: list[str] = ArrayField("text")
    pictures: list[str] = ArrayField("text", default=list)
    published_by_id: UUID | None = fields.UUIDField(null=True)
    published_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "content_versions"


class ContentPicture(WorkspaceModel):
    """A picture that texts name by its id. Its file has come once it has a size; readers find it by `code`."""

    forgetting = {
        "code": Keep("letters by chance"),
        "content_type": OUR_WORDS,
        "sha256": A_HASH,
    }
    inside = {"code": "whoever has it sees what readers see"}
    stays_today = "so do the files"
    code = fields.TextField()
    content_type: str | None = fields.TextField(null=True)
    width: int | None = fields.IntField(null=True)
    height: int | None = fields.IntField(null=True)
    byte_count: int | None = fields.IntField(null=True)
    sha256: str | None = fields.TextField(null=True)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)
    uploaded_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "content_pictures"


class ContentAuthor(WorkspaceModel):
    """Whose knowledge an item is: a colleague's or a member's."""

    of_member = "t.member_id = $3"
    item_id: UUID = fields.UUIDField()
    membership_id: UUID | None = fields.UUIDField(null=True)
    member_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "content_authors"


class ContentFeedback(WorkspaceModel):
    """What somebody says about a version: one word of each member, which they may change."""

    forgetting = {"words": Put("''", "t.member_id = $3")}
    of_member = "t.member_id = $3"
    version_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    is_helpful = fields.BooleanField()
    has_solved = fields.BooleanField(null=True)
    words = fields.TextField(default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "content_feedback"


class ContentSearch(WorkspaceModel):
    """Words that were looked for, and how often: by nobody in particular."""

    forgetting = {"words": Keep("words and how often, without who looked for them")}
    words = fields.TextField()
    times = fields.IntField(default=0)
    empty_count = fields.IntField(default=0)
    last_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "content_searches"


class GlossaryTerm(WorkspaceModel):
    forgetting = {"language": OUR_WORDS, **dict.fromkeys(("term", "definition"), OF_THE_AGENCY)}
    language = fields.CharField(max_length=2)
    term = fields.CharField(max_length=100)
    definition = fields.TextField()
    updated_at: datetime = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "glossary_terms"
