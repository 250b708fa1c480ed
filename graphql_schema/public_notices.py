"""What people without an account, machines and letters report: notices of Article 16 of the Digital Services Act, and
breaches of the community's rules."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry

from backend import reporting
from graphql_schema.answering import UserError, optional_uuid_of, user_errors, uuid_of, verb
from graphql_schema.cases import Report
from graphql_schema.communities import Community, Language, Post
from graphql_schema.context import Info
from graphql_schema.decisions import Decision, Outcome
from graphql_schema.describing import Input, optional, value
from graphql_schema.on_call import DangerKind
from graphql_schema.policies import Policy
from graphql_schema.projection import Filters, Node, column, one, publish, ref, sql
from graphql_schema.projection.serving import actor_of
from graphql_schema.report_pages import ReportPage
from graphql_schema.staff import Staff
from graphql_schema.trusted_flaggers import TrustedFlagger
from tenants.rights import Right


@strawberry.enum(description="What a notice is about.")
class PublicNoticeKind(Enum):
    RULES = value("rules", "The rules of the community.")
    ILLEGAL = value("illegal", "The law: Article 16 of the Digital Services Act says what has to be in it.")


@strawberry.enum(description="How a notice came.")
class PublicNoticeChannel(Enum):
    FORM = value("form", "By a page for reports.")
    API = value("api", "By a machine's API key.")
    MAIL = value("mail", "By letter, mail or telephone; somebody at the agency wrote it down.")


@strawberry.enum(description="Where a notice is.")
class PublicNoticeState(Enum):
    RECEIVED = value("received", "Nobody has found yet what it is about: attach or reject it.")
    ATTACHED = value("attached", "It is about `post`, and was heard as a report.")
    REJECTED = value("rejected", "It is out of scope; `rejection` says why.")


@strawberry.enum(description="On what a measure rests that followed a notice.")
class NoticeGround(Enum):
    LAW = value("law", "A law forbids it.")
    TERMS = value("terms", "It does not go with the rules of the community.")


@strawberry.input(description="Which notices; a field that is left out or null asks for nothing.")
class PublicNoticeFilter:
    state: PublicNoticeState | None = optional("Only those that are there.")
    kind: PublicNoticeKind | None = optional("Only those about the law, or about the rules.")


PUBLIC_NOTICE_FILTERS: Final = Filters(
    PublicNoticeFilter, {"state": "{row}.state = {value}::text", "kind": "{row}.kind = {value}::text"}
)


@publish(reporting.PublicNotice, kind="publicnotice", needs=Right.READ_CASES)
class PublicNotice(Node):
    """What somebody handed in who has no account. Whatever they know of it becomes a report."""

    id: strawberry.ID
    kind: PublicNoticeKind = column(description="Whether it is about the law or the rules.")
    channel: PublicNoticeChannel = column(description="By which way it came.")
    state: PublicNoticeState = column(description="Where it is on its way.")
    location: str = column(description="Where it is, in their words, at most 2,000 characters.")
    items: list[str] = column(description="The addresses in `location`, 20 at most.")
    reason: str = column(description="What is wrong, in their words, at most 2,000 characters.")
    taxonomy_code: str | None = column(description="The kind of harm they chose: a code, or the group of some.")
    category: str = sql(
        "'STATEMENT_CATEGORY_' || {row}.category", description="The kind of harm as the transparency report counts it."
    )
    name: str | None = column(
        needs=Right.WORK_QUEUE, description="Who they say they are; null where they do not, and half a year later."
    )
    email: str | None = column(
        needs=Right.WORK_QUEUE, description="Where they are written to; null for nowhere, and half a year later."
    )
    language: Language = column(description="In which they are written to.")
    is_in_good_faith: bool = column(description="Whether they state that it is true as far as they know.")
    danger: DangerKind | None = column(
        description="Which one somebody is in, as they say; it was raised as an escalation. Null for none."
    )
    is_about_child_abuse: bool = column(description="Whether it is about what nobody has to give a name for.")
    rejection: str | None = column(description="What they were told, where it was rejected.")
    outcome: Outcome | None = column(description="Of the decision in force; null until there is one.")
    ground: NoticeGround | None = column(description="On what a measure rests; null where there is none.")
    received_at: datetime = column(description="When it was handed in.")
    acknowledged_at: datetime | None = column(description="When they had the receipt; null until then.")
    actual_knowledge_at: datetime | None = column(
        description="From when on the client can be said to know of what is illegal; null until then, and for rules."
    )
    attached_at: datetime | None = column(description="When it was known what it is about; null until then.")
    rejected_at: datetime | None = column(description="When it was rejected; null unless REJECTED.")
    decided_at: datetime | None = column(description="When it was decided first; null until then.")
    implemented_at: datetime | None = column(
        description="When all that was decided had been seen on the platform; null until then, and where nothing was to do."
    )
    notified_at: datetime | None = column(description="When they were sent what came of it; null until then.")
    community: Community | None = one("community_id", description="The community where it happened.")
    page: ReportPage | None = one("page_id", description="Where it was handed in; null for other channels.")
    policy: Policy | None = one("policy_id", description="The policy they named; null for none.")
    post: Post | None = one("post_id", description="What it is about; null until that is known.")
    report: Report | None = one(
        "id", description="What it became; null until then, and where the same person had reported the post before."
    )
    decision: Decision | None = one("decision_id", description="The one in force; null until there is one.")
    trusted_flagger: TrustedFlagger | None = one(
        "trusted_flagger_id", description="Whose notice it is; null for others."
    )
    entered_by: Staff | None = one(
        "entered_by_id", description="Who wrote it down; null for other channels, and where you may not see staff."
    )


@strawberry.input(description="A notice that is passed on: by a machine, or by staff who had it by letter or mail.")
class FileNoticeInput:
    community_id: strawberry.ID = strawberry.field(description="The community where it happened.")
    kind: PublicNoticeKind = strawberry.field(description="Whether it is about the law or the rules.")
    location: str = strawberry.field(
        description="Where it is: addresses, the platform's own id, or words; at most 2,000 characters."
    )
    reason: str = strawberry.field(description="What is wrong, in their words, at most 2,000 characters.")
    policy_id: strawberry.ID | None = optional("A policy of the client that it breaks.")
    taxonomy_code: str | None = optional("The kind of harm: a `code` of `taxonomy`, or a group such as HA.")
    name: str | None = optional("Who they are; required for ILLEGAL unless it is about child abuse.")
    email: str | None = optional("Where they are written to; required for ILLEGAL unless it is about child abuse.")
    is_in_good_faith: bool = strawberry.field(
        default=False, description="That they state that it is true as far as they know; required for ILLEGAL."
    )
    is_about_child_abuse: bool = strawberry.field(
        default=False, description="That it is about an offence of Articles 3 to 7 of Directive 2011/93/EU."
    )
    danger: DangerKind | None = optional(
        "That somebody is in danger, and which: whoever is on call is paged at once, and nothing else is required."
    )
    language: Language = strawberry.field(default=Language.EN, description="In which they are written to.")
    trusted_flagger_id: strawberry.ID | None = optional(
        "Whose notice it is, where staff passes it on; a trusted flagger's own API key says so by itself."
    )


@strawberry.input(description="What a notice is about.")
class AttachNoticeInput:
    notice_id: strawberry.ID = strawberry.field(description="A notice in RECEIVED; CONFLICT for others.")
    post_id: strawberry.ID = strawberry.field(description="A post of the notice's community.")


@strawberry.input(description="A notice that nothing can come of.")
class RejectNoticeInput:
    notice_id: strawberry.ID = strawberry.field(description="A notice in RECEIVED; CONFLICT for others.")
    reason: str = strawberry.field(description="Why, for whoever handed it in, at most 5,000 characters.")


@strawberry.type(description="The notice as it is now.")
class PublicNoticePayload:
    public_notice: PublicNotice | None = strawberry.field(default=None, description="The notice; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class HearingNotices:
    @verb(
        PublicNoticePayload,
        "Pass on a notice. Where it names a post that Tend knows, it is a report at once.",
        needs=Right.REPORT,
    )
    async def file_notice(self, info: Info, input: Input[FileNoticeInput]) -> PublicNoticePayload:
        notice_id = await reporting.file_notice(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            reporting.Said(
                kind=input.kind.value,
                location=input.location,
                reason=input.reason,
                policy_id=optional_uuid_of("policy", input.policy_id, field="policyId"),
                taxonomy_code=input.taxonomy_code or None,
                name=input.name or "",
                email=input.email or "",
                is_in_good_faith=input.is_in_good_faith,
                is_about_child_abuse=input.is_about_child_abuse,
                danger=input.danger.value if input.danger else None,
                language=input.language.value,
            ),
            trusted_flagger_id=optional_uuid_of("trustedflagger", input.trusted_flagger_id, field="trustedFlaggerId"),
        )
        return PublicNoticePayload(public_notice=ref(PublicNotice, notice_id))

    @verb(PublicNoticePayload, "Say which post a notice is about: it becomes a report.", needs=Right.WORK_QUEUE)
    async def attach_notice(self, info: Info, input: Input[AttachNoticeInput]) -> PublicNoticePayload:
        notice_id = uuid_of("publicnotice", input.notice_id, field="noticeId")
        await reporting.attach_notice(
            actor_of(info.context), notice_id, post_id=uuid_of("post", input.post_id, field="postId")
        )
        return PublicNoticePayload(public_notice=ref(PublicNotice, notice_id))

    @verb(PublicNoticePayload, "Close a notice as out of scope, and say why.", needs=Right.WORK_QUEUE)
    async def reject_notice(self, info: Info, input: Input[RejectNoticeInput]) -> PublicNoticePayload:
        notice_id = uuid_of("publicnotice", input.notice_id, field="noticeId")
        await reporting.reject_notice(actor_of(info.context), notice_id, reason=input.reason)
        return PublicNoticePayload(public_notice=ref(PublicNotice, notice_id))
