from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, SealedField, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, THEIR_POSTS, Keep, Put, Remove


class Community(WorkspaceModel):
    """One place where a client's members meet."""

    forgetting = {
        "slug": OF_THE_AGENCY,
        "name": OF_THE_AGENCY,
        "language": OUR_WORDS,
    }
    slug = fields.CharField(max_length=63)
    name = fields.CharField(max_length=200)
    language = fields.CharField(max_length=2, default="en")  # its members are written to in it
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "communities"


class Connection(WorkspaceModel):
    """How Tend and the community's platform reach each other. `built_in`: the community lives in Tend itself. What the
    platform tells is signed with `secret`, for a while also with the one before; without a secret nothing is believed."""

    forgetting = {
        "platform": OUR_WORDS,
        "address": OF_THE_AGENCY,
        **dict.fromkeys(("secret", "previous_secret"), Keep("a secret of the client's site")),
    }
    inside = dict.fromkeys(("secret", "previous_secret"), "whoever has it can speak in the platform's name")
    community_id: UUID = fields.UUIDField()
    platform = fields.CharField(max_length=20)
    address: str | None = fields.TextField(null=True)
    secret: bytes | None = SealedField(null=True)
    previous_secret: bytes | None = SealedField(null=True)
    previous_until: datetime | None = fields.DatetimeField(null=True)
    is_ready = fields.BooleanField(default=False)
    connected_at: datetime | None = fields.DatetimeField(null=True)
    disconnected_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "connections"


class Member(WorkspaceModel):
    """Somebody in a community: a person, or a bot. `identity_key` joins the same person across the communities of one
    workspace, and never beyond it."""

    forgetting = {
        "external_id": Put("'erased-' || t.id", "t.id = $3"),
        "handle": Put("'erased'", "t.id = $3"),
        "kind": OUR_WORDS,
        "identity_key": Put("null", "t.id = $3"),
    }
    of_member = "t.id = $3"
    forgotten_in_round = 2
    community_id: UUID = fields.UUIDField()
    external_id = fields.CharField(max_length=200)
    handle = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=10, default="person")
    identity_key = fields.CharField(max_length=200, null=True)
    is_at_risk = fields.BooleanField(default=False)
    trust_level: int | None = fields.IntField(null=True)  # 0 to 4 as Discourse counts, 5 for its staff
    first_seen_at: datetime = fields.DatetimeField()
    erased_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "members"


class Post(WorkspaceModel):
    """A piece of member content; `text` is that of its newest version. By its platform's clock, `revised_at` is when the
    text became what it is, and `removed_at` and `recovered_at` when the post went and came back last: what is told late
    changes nothing. Null where no platform has told. `thread` is what it is part of there; `thread_removed_at`: it went with
    all of that, and comes back with it."""

    forgetting = {
        "external_id": Put("'erased-' || t.id", "t.member_id = $3"),
        "text": Put("''", "t.member_id = $3"),
        "thread": Keep("the platform's number of a thread, which is others' as well"),
    }
    of_member = "t.member_id = $3"
    community_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    external_id = fields.CharField(max_length=200)
    reply_to_id: UUID | None = fields.UUIDField(null=True)
    text = fields.TextField()
    version = fields.IntField(default=1)
    view_count = fields.IntField(default=0)
    posted_at: datetime = fields.DatetimeField()
    hidden_at: datetime | None = fields.DatetimeField(null=True)
    revised_at: datetime | None = fields.DatetimeField(null=True)
    removed_at: datetime | None = fields.DatetimeField(null=True)
    recovered_at: datetime | None = fields.DatetimeField(null=True)
    thread: str | None = fields.TextField(null=True)
    thread_removed_at: datetime | None = fields.DatetimeField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "posts"


class PostVersion(WorkspaceModel):
    forgetting = {
        "text": Remove(f"t.post_id {THEIR_POSTS}"),
    }
    of_member = f"t.post_id {THEIR_POSTS}"
    grants = APPEND_ONLY
    post_id: UUID = fields.UUIDField()
    version = fields.IntField()
    text = fields.TextField()
    captured_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "post_versions"


class PostWord(WorkspaceModel):
    """A word that stands in the newest version of a post: what text search reads. Tortoise's key is the post."""

    forgetting = {
        "word": Remove(f"t.post_id {THEIR_POSTS}"),
    }
    stays_inside = "made from the posts"
    grants = ("select", "insert", "delete")
    id: UUID = fields.UUIDField(primary_key=True, source_field="post_id")
    word = fields.TextField()
    posted_at: datetime = fields.DatetimeField()

    class Meta:
        table = "post_words"


class MemberWarning(WorkspaceModel):
    """What a member of a built-in community was told about a decision on their post."""

    forgetting = {
        "text": Remove("t.member_id = $3"),
    }
    of_member = "t.member_id = $3"
    grants = APPEND_ONLY
    member_id: UUID = fields.UUIDField()
    action_id: UUID = fields.UUIDField()
    text = fields.TextField()
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "warnings"
