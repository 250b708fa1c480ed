"""Orders of authorities: Articles 9 and 10 of the Digital Services Act, and terrorist content."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Case
from graphql_schema.communities import Community, Post
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional, value
from graphql_schema.escalations import Escalation
from graphql_schema.projection import Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What an authority orders.")
class LegalOrderKind(Enum):
    ACT = value("act", "To act against illegal content: Article 9.")
    INFORMATION = value("information", "To give information about somebody: Article 10.")
    TERRORIST_CONTENT = value("terrorist_content", "To remove terrorist content within an hour: Regulation 2021/784.")


@strawberry.enum(description="What effect an order was given.")
class LegalOrderEffect(Enum):
    REMOVED = value("removed", "The content is gone.")
    DISABLED = value("disabled", "Nobody can reach it any more.")
    RESTRICTED = value("restricted", "It is restricted in another way, or in some countries.")
    INFORMED = value("informed", "The information was given.")
    NONE = value("none", "None: it was impossible, unclear or contested; `effectNote` says why.")


@publish(reporting.LegalOrder, kind="legalorder", needs=Right.READ_CASES)
class LegalOrder(Node):
    """What an authority ordered, and when it was followed."""

    id: strawberry.ID
    kind: LegalOrderKind = column(description="What kind of order it is.")
    authority: str = column(description="Which authority ordered it.")
    authority_contact: str = column(description="Whom to inform there; may be empty.")
    member_state: str = column(description="The authority's: two capitals, GR for Greece.")
    reference: str = column(description="The authority's own; may be empty.")
    legal_basis: str = column(description="The law it rests on.")
    reasons: str = column(description="Why the content is illegal, or what the information is for; may be empty.")
    redress: str = column(description="What can be done against it; may be empty.")
    taxonomy_code: str | None = column(description="The kind of harm; null where the authority named none.")
    category: str = sql(
        "'STATEMENT_CATEGORY_' || {row}.category", description="The kind of harm as the transparency report counts it."
    )
    urls: list[str] = column(description="The specific items it is about.")
    account_identifiers: list[str] = column(description="Whose information it asks for.")
    territorial_scope: list[str] = column(description="Where it applies; empty where it does not say.")
    language: str = column(description="Its language: two capitals.")
    received_at: datetime = column(description="When it came.")
    due_at: datetime | None = column(
        description="An hour after it came for TERRORIST_CONTENT; else when the order says; null: without undue delay."
    )
    is_overdue: bool = sql(
        "{row}.effect_at is null and coalesce({row}.due_at < now(), false)",
        description="Whether `dueAt` has passed without an effect.",
    )
    acknowledged_at: datetime | None = column(description="When the authority was told that it came; null until then.")
    effect: LegalOrderEffect | None = column(description="What effect it was given; null until then.")
    effect_at: datetime | None = column(description="When it was given effect; null until then.")
    effect_note: str = column(description="What there is to say of that; may be empty.")
    authority_told_at: datetime | None = column(description="When the authority was told the effect; null until then.")
    recipient_informed_at: datetime | None = column(
        description="When whoever wrote it, or is asked about, was informed; null until then."
    )
    preserved_until: datetime | None = column(
        description="Until when removed terrorist content has to be preserved: six months; null for others."
    )
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    community: Community | None = one("community_id", description="What it is about lies there.")
    post: Post | None = one("post_id", description="The post it is about; null where Tend knows none.")
    case: Case | None = one("case_id", description="Where moderators carry it out; null without a post.")
    escalation: Escalation | None = one(
        "escalation_id",
        description="What was raised for TERRORIST_CONTENT; its `filings` are what authorities are told. Null for others.",
    )
    entered_by: Staff | None = one("entered_by_id", description="Who wrote it down; null where you may not see staff.")


@strawberry.input(description="An order as it came.")
class RecordOrderInput:
    community_id: strawberry.ID = strawberry.field(description="What it is about lies there.")
    kind: LegalOrderKind = strawberry.field(description="What kind of order it is.")
    authority: str = strawberry.field(description="Who ordered it, at most 5,000 characters.")
    member_state: str = strawberry.field(description="The authority's: two capitals, GR for Greece.")
    legal_basis: str = strawberry.field(description="The law it rests on, at most 5,000 characters.")
    language: str = strawberry.field(description="Its language: two capitals, such as DE.")
    received_at: datetime = strawberry.field(description="When it came: clocks run from here.")
    authority_contact: str = strawberry.field(default="", description="Whom to inform at the authority.")
    reference: str = strawberry.field(default="", description="The authority's own reference.")
    reasons: str = strawberry.field(default="", description="Why it is illegal, or what the information is for.")
    redress: str = strawberry.field(default="", description="What can be done against it.")
    taxonomy_code: str | None = optional("The kind of harm: a `code` of `taxonomy`, or a group such as HA.")
    urls: list[str] = strawberry.field(
        default_factory=list, description="The specific items, 500 at most; one at least, but for INFORMATION."
    )
    account_identifiers: list[str] = strawberry.field(
        default_factory=list, description="Whose information it asks for, 500 at most."
    )
    territorial_scope: list[str] = strawberry.field(
        default_factory=list, description="Where it applies: two capitals each."
    )
    due_at: datetime | None = optional("When the order says; not heeded for TERRORIST_CONTENT.")
    post_id: strawberry.ID | None = optional("The post it is about: a case is opened, or the open one joined.")


@strawberry.input(description="What was done about an order; each moment is written down once.")
class FollowOrderInput:
    order_id: strawberry.ID = strawberry.field(description="The order that was followed.")
    expected_version: int = strawberry.field(description="The version you read.")
    acknowledged_at: datetime | None = optional("When the authority was told that it came.")
    effect: LegalOrderEffect | None = optional("What effect it was given; together with `effectAt`.")
    effect_at: datetime | None = optional("When it was given effect.")
    effect_note: str | None = optional("What there is to say of that; required for NONE.")
    authority_told_at: datetime | None = optional("When the authority was told the effect.")
    recipient_informed_at: datetime | None = optional("When whoever wrote it, or is asked about, was informed.")


@strawberry.type(description="The order as it is now.")
class LegalOrderPayload:
    order: LegalOrder | None = strawberry.field(default=None, description="The order; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class RecordingOrders:
    @verb(LegalOrderPayload, "Write down what an authority orders.", needs=Right.WORK_QUEUE)
    async def record_order(self, info: Info, input: Input[RecordOrderInput]) -> LegalOrderPayload:
        order_id = await reporting.record_order(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            reporting.Ordered(
                kind=input.kind.value,
                authority=input.authority,
                member_state=input.member_state,
                legal_basis=input.legal_basis,
                language=input.language,
                received_at=input.received_at,
                authority_contact=input.authority_contact,
                reference=input.reference,
                reasons=input.reasons,
                redress=input.redress,
                taxonomy_code=input.taxonomy_code or None,
                urls=input.urls,
                account_identifiers=input.account_identifiers,
                territorial_scope=input.territorial_scope,
                due_at=input.due_at or None,
            ),
            post_id=optional_uuid_of("post", input.post_id, field="postId"),
        )
        return LegalOrderPayload(order=ref(LegalOrder, order_id))

    @verb(LegalOrderPayload, "Write down what was done about an order, and when.", needs=Right.WORK_QUEUE)
    async def follow_order(self, info: Info, input: Input[FollowOrderInput]) -> LegalOrderPayload:
        order_id = await reporting.follow_order(
            actor_of(info.context),
            uuid_of("legalorder", input.order_id, field="orderId"),
            reporting.Followed(
                acknowledged_at=input.acknowledged_at or None,
                effect=input.effect.value if input.effect else None,
                effect_at=input.effect_at or None,
                effect_note=input.effect_note or None,
                authority_told_at=input.authority_told_at or None,
                recipient_informed_at=input.recipient_informed_at or None,
            ),
            expected_version=input.expected_version,
        )
        return LegalOrderPayload(order=ref(LegalOrder, order_id))
