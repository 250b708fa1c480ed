from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import (
    A_HASH,
    CASES_ABOUT_THEM,
    OF_THE_AGENCY,
    OUR_WORDS,
    THEIR_POSTS,
    Keep,
    Put,
    any_names_them,
    names_them,
    without_them,
)

_ABOUT_THEM: Final = f"t.post_id {THEIR_POSTS}"
# Of what is about no post that Tend knows: where it names them.
_NAMES_THEM: Final = f"t.post_id is null and {names_them('t.{}')}"
# Of a report or an appeal by them, or about what they wrote.
_ABOUT_THEIRS: Final = (
    "t.reporter_key = 'member:' || $3::uuid::text or t.report_id in (select r.id from reports r "
    f"where r.agency_id = $1 and r.workspace_id = $2 and r.post_id {THEIR_POSTS}) "
    "or t.appeal_id in (select a.id from appeals a where a.agency_id = $1 and a.workspace_id = $2 "
    f"and (a.member_id = $3 or a.case_id {CASES_ABOUT_THEM}))"
)
_OF_REPORTERS: Final = Keep("of somebody who is no member; cleared when the time for an appeal is over")
_OFFICIAL: Final = Keep("a word of the transparency database, or a country's")
_OF_AUTHORITIES: Final = Keep("what an authority or a body of the law wrote to the client")


class ReportPage(WorkspaceModel):
    """Where anybody reports what happens in a community, without an account. One is open per community, and one more for
    each trusted flagger. `origins`: sites that may show it inside their own pages, such as https://forum.example."""

    forgetting = dict.fromkeys(("url", "origins"), OF_THE_AGENCY)
    community_id: UUID = fields.UUIDField()
    url = fields.TextField()
    trusted_flagger_id: UUID | None = fields.UUIDField(null=True)
    allows_anonymous = fields.BooleanField(default=True)
    origins: list[str] = ArrayField("text", default=list)
    opened_at: datetime = fields.DatetimeField(auto_now_add=True)
    opened_by_id: UUID | None = fields.UUIDField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "report_pages"


class PublicNotice(WorkspaceModel):
    """What somebody without an account, a machine or a letter handed in. `kind`: `rules`, a breach of the community's
    rules; `illegal`, a notice of Article 16 of the DSA (Part 4 of the transparency report counts these alone).

    State: received -> attached (it became a report of the same id, about `post_id`) or rejected (`rejection` says why).

    For the transparency report, per notice:
    `channel` form, api, mail: how it came. `items`: exact addresses given; none counts as one item.
    `trusted_flagger_id`: not null for a notice of a trusted flagger, within or outside their areas.
    `category`, `keyword`: of the transparency database without STATEMENT_CATEGORY_ and KEYWORD_, as the notifier says;
    NOT_SPECIFIED_NOTICE where they say nothing. `taxonomy_code`: the code or group of codes that they chose.
    `received_at`; `acknowledged_at` (receipt given, Article 16(4)); `actual_knowledge_at` (Article 16(3): from when it was
    attached to what it is about); `decided_at`, `decision_id` and `outcome` of the decision in force; `ground` law or
    terms, null without a violation; `implemented_at`: when the last action of the decision was confirmed by the platform,
    null while none is, and for a decision without actions; `notified_at` (Article 16(5): the notifier was told);
    `is_solely_automated`: whether no human looked (never so today: every decision is a person's).
    Several decisions after each other leave the stamps of the first; only outcome, ground and decision_id follow.
    """

    forgetting = {
        **dict.fromkeys(
            ("channel", "kind", "danger", "state", "outcome", "ground", "language", "taxonomy_code"), OUR_WORDS
        ),
        **dict.fromkeys(("category", "keyword"), _OFFICIAL),
        "items": (
            Put("array_fill(''::text, array[cardinality(t.items)])", f"cardinality(t.items) > 0 and {_ABOUT_THEM}"),
            Put(without_them("t.items"), f"t.post_id is null and {any_names_them('t.items')}"),
        ),
        **{column: Put("''", f"{_ABOUT_THEM} or {_NAMES_THEM.format(column)}") for column in ("location", "reason")},
        "rejection": Put("''", f"t.rejection is not null and {_ABOUT_THEM}"),
        **dict.fromkeys(("name", "email"), _OF_REPORTERS),
        **dict.fromkeys(("reporter_key", "origin"), A_HASH),
    }
    not_for_members = "who complained about them is not theirs to know"
    inside = {"origin": "a hash"}
    community_id: UUID = fields.UUIDField()
    page_id: UUID | None = fields.UUIDField(null=True)
    channel = fields.CharField(max_length=10)
    kind = fields.CharField(max_length=10)
    location = fields.TextField()
    items: list[str] = ArrayField("text", default=list)
    post_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField()
    policy_id: UUID | None = fields.UUIDField(null=True)
    taxonomy_code = fields.CharField(max_length=20, null=True)
    category = fields.CharField(max_length=100)
    keyword = fields.CharField(max_length=100, null=True)
    name = fields.CharField(max_length=200, null=True)
    email = fields.CharField(max_length=320, null=True)
    language = fields.CharField(max_length=2)
    is_in_good_faith = fields.BooleanField()
    is_about_child_abuse = fields.BooleanField(default=False)
    danger = fields.CharField(max_length=20, null=True)
    escalation_id: UUID | None = fields.UUIDField(null=True)
    reporter_key = fields.CharField(max_length=60)
    origin = fields.CharField(max_length=40, null=True)
    trusted_flagger_id: UUID | None = fields.UUIDField(null=True)
    entered_by_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10, default="received")
    rejection: str | None = fields.TextField(null=True)
    closed_by_id: UUID | None = fields.UUIDField(null=True)
    received_at: datetime = fields.DatetimeField(auto_now_add=True)
    acknowledged_at: datetime | None = fields.DatetimeField(null=True)
    actual_knowledge_at: datetime | None = fields.DatetimeField(null=True)
    attached_at: datetime | None = fields.DatetimeField(null=True)
    rejected_at: datetime | None = fields.DatetimeField(null=True)
    decision_id: UUID | None = fields.UUIDField(null=True)
    outcome = fields.CharField(max_length=20, null=True)
    ground = fields.CharField(max_length=10, null=True)
    decided_at: datetime | None = fields.DatetimeField(null=True)
    implemented_at: datetime | None = fields.DatetimeField(null=True)
    notified_at: datetime | None = fields.DatetimeField(null=True)
    is_solely_automated = fields.BooleanField(default=False)
    contact_cleared_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "public_notices"


class TrustedFlagger(WorkspaceModel):
    """An entity of Article 22 of the DSA. `coordinator` of `country` awarded the status for `areas`: groups of the taxonomy,
    the letters before the hyphen of a code, such as CS or HA. Its notices come first where they are about these."""

    forgetting = {
        **dict.fromkeys(("entity", "coordinator", "email"), Keep("about an entity, not about a member")),
        "country": _OFFICIAL,
        **dict.fromkeys(("areas", "state"), OUR_WORDS),
    }
    entity = fields.CharField(max_length=300)
    coordinator = fields.CharField(max_length=300)
    country = fields.CharField(max_length=2)
    areas: list[str] = ArrayField("text")
    email = fields.CharField(max_length=320, null=True)
    api_client_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10, default="active")
    since_at: datetime = fields.DatetimeField()
    until: datetime | None = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "trusted_flaggers"


class TrustedFlaggerState(WorkspaceModel):
    """The status of a trusted flagger went to `state`. Never changed: their history."""

    forgetting = {"state": OUR_WORDS, "reason": OF_THE_AGENCY}
    grants = APPEND_ONLY
    trusted_flagger_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=10)
    reason = fields.TextField(default="")
    membership_id: UUID | None = fields.UUIDField(null=True)
    at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "trusted_flagger_states"


class UnfoundedMark(WorkspaceModel):
    """Somebody found a report, a notice that never became one, or an appeal (`complaint`) manifestly unfounded."""

    forgetting = {
        "kind": OUR_WORDS,
        "reporter_key": A_HASH,
        "reason": Put("''", _ABOUT_THEIRS),
    }
    not_for_members = "what staff says among themselves of who complained"
    kind = fields.CharField(max_length=10)
    reporter_key = fields.CharField(max_length=60)
    report_id: UUID | None = fields.UUIDField(null=True)
    appeal_id: UUID | None = fields.UUIDField(null=True)
    notice_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField()
    marked_by_id: UUID | None = fields.UUIDField(null=True)
    marked_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "unfounded_marks"


class MisuseMeasure(WorkspaceModel):
    """Article 23 of the DSA. A suspension of `because` unfounded_notices or unfounded_complaints follows a warning of the
    same; `illegal_content` is recorded when a decision on illegal content suspends a member. Part 7 of the transparency
    report counts rows of kind suspension by `because` and `starts_at`.

    `filed_count` and `unfounded_count` since `counted_since`: the absolute numbers, and the relative one of the two.
    `proof`: ids of the marks counted. In force from `starts_at` until `until` (null: without end, for illegal content
    alone), or `lifted_at` if somebody ended it before.
    """

    forgetting = {
        **dict.fromkeys(("kind", "because"), OUR_WORDS),
        "reporter_key": A_HASH,
        "proof": Keep("ids"),
        "reason": Put("''", "t.member_id = $3"),
    }
    of_member = "t.member_id = $3"
    kind = fields.CharField(max_length=10)
    because = fields.CharField(max_length=30)
    reporter_key = fields.CharField(max_length=60, null=True)
    member_id: UUID | None = fields.UUIDField(null=True)
    decision_id: UUID | None = fields.UUIDField(null=True)
    filed_count = fields.IntField()
    unfounded_count = fields.IntField()
    counted_since: datetime = fields.DatetimeField()
    proof: list[str] = ArrayField("text")
    reason = fields.TextField()
    warning_id: UUID | None = fields.UUIDField(null=True)
    starts_at: datetime = fields.DatetimeField(auto_now_add=True)
    until: datetime | None = fields.DatetimeField(null=True)
    imposed_by_id: UUID | None = fields.UUIDField(null=True)
    told_at: datetime | None = fields.DatetimeField(null=True)
    lifted_at: datetime | None = fields.DatetimeField(null=True)
    lifted_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "misuse_measures"


class LegalOrder(WorkspaceModel):
    """An order of an authority: to `act` (Article 9 of the DSA), for `information` (Article 10), or the removal order of
    Regulation 2021/784 (`terrorist_content`, due within an hour).

    For Part 3 of the transparency report, per order:
    `member_state` of the authority: two capitals, GR for Greece (the report's CSV writes EL). `category`, `keyword` as in
    PublicNotice; NOT_SPECIFIED_ORDER where the authority named none. `urls`: specific items; none counts as one.
    `received_at` to `acknowledged_at`: time to inform the authority of the receipt; `received_at` to `effect_at`: time to
    give effect. `effect` removed, disabled, restricted, informed (information was given), none (refused or impossible,
    `effect_note` says why). `recipient_informed_at`: Article 9(5) and 10(5). `territorial_scope`: two capitals each.
    `case_id`: where moderators carry it out.
    """

    restricted_to = "everybody"  # the authority's words, and whoever entered them goes on

    forgetting = {
        **dict.fromkeys(("kind", "effect"), OUR_WORDS),
        **dict.fromkeys(("member_state", "category", "keyword", "language", "territorial_scope"), _OFFICIAL),
        "taxonomy_code": OUR_WORDS,
        **dict.fromkeys(("authority", "authority_contact", "reference", "legal_basis", "redress"), _OF_AUTHORITIES),
        **{
            column: Put("''", f"{_ABOUT_THEM} or {_NAMES_THEM.format(column)}") for column in ("reasons", "effect_note")
        },
        **{
            # An order may be about several: what is about others stays.
            column: (
                Put(
                    f"array_fill(''::text, array[cardinality(t.{column})])",
                    f"cardinality(t.{column}) > 0 and {_ABOUT_THEM}",
                ),
                Put(without_them(f"t.{column}"), f"t.post_id is null and {any_names_them(f't.{column}')}"),
            )
            for column in ("urls", "account_identifiers")
        },
    }
    not_for_members = "when a member may be told of an order is for the authority to say; they are informed by hand"
    kind = fields.CharField(max_length=20)
    community_id: UUID = fields.UUIDField()
    post_id: UUID | None = fields.UUIDField(null=True)
    case_id: UUID | None = fields.UUIDField(null=True)
    escalation_id: UUID | None = fields.UUIDField(null=True)
    authority = fields.TextField()
    authority_contact = fields.TextField(default="")
    member_state = fields.CharField(max_length=2)
    reference = fields.TextField(default="")
    legal_basis = fields.TextField()
    reasons = fields.TextField(default="")
    redress = fields.TextField(default="")
    taxonomy_code = fields.CharField(max_length=20, null=True)
    category = fields.CharField(max_length=100)
    keyword = fields.CharField(max_length=100, null=True)
    urls: list[str] = ArrayField("text", default=list)
    account_identifiers: list[str] = ArrayField("text", default=list)
    territorial_scope: list[str] = ArrayField("text", default=list)
    language = fields.CharField(max_length=2)
    received_at: datetime = fields.DatetimeField()
    due_at: datetime | None = fields.DatetimeField(null=True)
    acknowledged_at: datetime | None = fields.DatetimeField(null=True)
    effect = fields.CharField(max_length=10, null=True)
    effect_at: datetime | None = fields.DatetimeField(null=True)
    effect_note = fields.TextField(default="")
    authority_told_at: datetime | None = fields.DatetimeField(null=True)
    recipient_informed_at: datetime | None = fields.DatetimeField(null=True)
    preserved_until: datetime | None = fields.DatetimeField(null=True)
    entered_by_id: UUID | None = fields.UUIDField(null=True)
    entered_at: datetime = fields.DatetimeField(auto_now_add=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "legal_orders"


class Dispute(WorkspaceModel):
    """A dispute before a body of Article 21 of the DSA about `decision_id`, in Part 7 of the transparency report: outcome
    upheld, partially_reversed, reversed or omitted; time from `received_at` to `closed_at`; `implemented_at` where the
    outcome was put into effect (it does not bind: `not_implemented_because` otherwise). `due_at`: 90 days, 180 where the
    body says that it is highly complex."""

    forgetting = {
        **dict.fromkeys(("claimant", "outcome"), OUR_WORDS),
        "country": _OFFICIAL,
        **dict.fromkeys(("body", "reference", "not_implemented_because", "note"), _OF_AUTHORITIES),
    }
    decision_id: UUID = fields.UUIDField()
    appeal_id: UUID | None = fields.UUIDField(null=True)
    body = fields.TextField()
    country = fields.CharField(max_length=2)
    reference = fields.TextField(default="")
    claimant = fields.CharField(max_length=10)
    received_at: datetime = fields.DatetimeField()
    due_at: datetime = fields.DatetimeField()
    is_highly_complex = fields.BooleanField(default=False)
    outcome = fields.CharField(max_length=20, null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    implemented_at: datetime | None = fields.DatetimeField(null=True)
    not_implemented_because = fields.TextField(default="")
    fees_cents: int | None = fields.BigIntField(null=True)
    note = fields.TextField(default="")
    entered_by_id: UUID | None = fields.UUIDField(null=True)
    entered_at: datetime = fields.DatetimeField(auto_now_add=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "disputes"
