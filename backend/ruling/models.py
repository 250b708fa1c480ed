from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from backend.ruling.thresholds import LEAST_DECIDED, TARGET_PRECISION
from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, THEIR_POSTS, Keep, Remove

LOOKED_FOR = Keep("what staff looks for, in the posts of everybody")


class Rule(WorkspaceModel):
    """What Tend looks for by itself. States: draft, shadow (tried, without effect), live, paused, archived.

    `kind`, `words`, `pattern` and `policy_id` tell of the version that acts, of the newest where none does: what is more
    than words or a pattern is `conditions`. While a live version acts, a newer one may be tried in the shadow.
    """

    forgetting = {
        "name": OF_THE_AGENCY,
        "kind": OUR_WORDS,
        "words": LOOKED_FOR,
        "pattern": LOOKED_FOR,
        "state": OUR_WORDS,
        "alarm_state": OUR_WORDS,
    }
    name = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=10)
    words: list[str] = ArrayField("text", default=list)
    pattern: str | None = fields.TextField(null=True)
    policy_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=10, default="draft")
    version = fields.IntField(default=1)
    live_version: int | None = fields.IntField(null=True)
    shadow_version: int | None = fields.IntField(null=True)
    live_since: datetime | None = fields.DatetimeField(null=True)
    counts_reports = fields.BooleanField(default=False)
    alarm_state = fields.CharField(max_length=20, default="insufficient_data")
    alarm_rate: float | None = fields.FloatField(null=True)
    usual_rate: float | None = fields.FloatField(null=True)
    alarm_p: float | None = fields.FloatField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "rules"


class Ruleset(WorkspaceModel):
    """What is one for all rules of a client (compiling.py)."""

    version = fields.IntField(default=1)
    target_precision = fields.FloatField(default=TARGET_PRECISION)
    least_decided = fields.IntField(default=LEAST_DECIDED)

    class Meta:
        table = "rulesets"


class RuleVersion(WorkspaceModel):
    """What a rule looked for, and did, at a time. Never changed."""

    forgetting = {
        "conditions": LOOKED_FOR,
        "actions": Keep("words of Tend's own, ids, and tags of the agency"),
    }
    grants = APPEND_ONLY
    rule_id: UUID = fields.UUIDField()
    version = fields.IntField()
    conditions: dict[str, Any] = fields.JSONField()
    actions: dict[str, Any] = fields.JSONField()
    policy_id: UUID = fields.UUIDField()
    made_by_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "rule_versions"


class RuleFiring(WorkspaceModel):
    """A version found a post. Modes: live, shadow, and old for what was there before the rule."""

    forgetting = {
        "mode": OUR_WORDS,
    }
    rule_id: UUID = fields.UUIDField()
    version = fields.IntField()
    post_id: UUID = fields.UUIDField()
    mode = fields.CharField(max_length=10)
    is_held_back = fields.BooleanField(default=False)
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "rule_firings"


class RuleRuns(WorkspaceModel):
    """A share of how many posts the live rules of a client have looked at in an hour (counting.py)."""

    stays_inside = "Tend's own work"
    hour: datetime = fields.DatetimeField()
    runs = fields.BigIntField()

    class Meta:
        table = "rule_runs"


class PostTag(WorkspaceModel):
    """A word that a rule put on a post."""

    forgetting = {
        "tag": OF_THE_AGENCY,
    }
    post_id: UUID = fields.UUIDField()
    tag = fields.CharField(max_length=40)
    rule_id: UUID = fields.UUIDField()
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "post_tags"


class BackTest(WorkspaceModel):
    """What conditions would have found among stored posts. States: running, done, failed, cancelled.

    `overlap` is by rule how many posts both would find, and how many the other one.
    """

    forgetting = {
        "conditions": LOOKED_FOR,
        "state": OUR_WORDS,
        "problem": OUR_WORDS,
        "overlap": Keep("ids and numbers"),
        "examples": Keep("ids"),
    }
    rule_id: UUID | None = fields.UUIDField(null=True)
    rule_version: int | None = fields.IntField(null=True)
    conditions: dict[str, Any] = fields.JSONField()
    since: datetime | None = fields.DatetimeField(null=True)
    until: datetime | None = fields.DatetimeField(null=True)
    state = fields.CharField(max_length=10, default="running")
    problem: str | None = fields.TextField(null=True)
    asked_by_id: UUID | None = fields.UUIDField(null=True)
    asked_at: datetime = fields.DatetimeField(auto_now_add=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    next_post_id: UUID | None = fields.UUIDField(null=True)
    post_count = fields.BigIntField()
    looked_at = fields.BigIntField(default=0)
    fired = fields.BigIntField(default=0)
    failed = fields.BigIntField(default=0)
    decided = fields.BigIntField(default=0)
    upheld = fields.BigIntField(default=0)
    overlap: dict[str, list[int]] = fields.JSONField(default=dict)
    examples: list[str] = ArrayField("text", default=list)

    class Meta:
        table = "back_tests"


class PostLikeness(WorkspaceModel):
    """A sketch of a post's text (likening.py). Tortoise's key is the post."""

    stays_inside = "made from the posts"
    grants = ("select", "insert", "delete")
    id: UUID = fields.UUIDField(primary_key=True, source_field="post_id")
    band = fields.IntField()
    value = fields.BigIntField()
    posted_at: datetime = fields.DatetimeField()

    class Meta:
        table = "post_likenesses"


class Media(WorkspaceModel):
    """A picture or film of a post, known by its hashes alone: in hexadecimal, SHA-256 of its bytes and PDQ of what is seen."""

    forgetting = {
        "sha256": Remove(f"t.post_id {THEIR_POSTS}"),
        "pdq": Remove(f"t.post_id {THEIR_POSTS}"),
    }
    of_member = f"t.post_id {THEIR_POSTS}"
    post_id: UUID = fields.UUIDField()
    sha256 = fields.CharField(max_length=64)
    pdq = fields.CharField(max_length=64, null=True)
    pdq_quality: int | None = fields.IntField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "media"


class HashBank(WorkspaceModel):
    """Hashes of media that staff knows."""

    forgetting = {
        "name": OF_THE_AGENCY,
    }
    name = fields.CharField(max_length=200)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "hash_banks"


class BankedHash(WorkspaceModel):
    """Opinions: negative (not accepted), investigation_seed (worth a look), positive (known to be fine)."""

    forgetting = {
        "kind": OUR_WORDS,
        "hash": LOOKED_FOR,
        "opinion": OUR_WORDS,
    }
    bank_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    hash = fields.CharField(max_length=64)
    opinion = fields.CharField(max_length=20)
    is_enabled = fields.BooleanField(default=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "banked_hashes"
