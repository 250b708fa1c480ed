from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import communities, moderation
from graphql_schema.attachments import Attachment
from graphql_schema.describing import optional, value
from graphql_schema.orders import (
    CertificateOrder,
    CreationOrder,
    EnrolmentOrder,
    MemberCaseOrder,
    MemberOrder,
    PageOrder,
    PostOrder,
    VersionOrder,
)
from graphql_schema.projection import (
    Connection,
    Either,
    Filters,
    Node,
    Words,
    column,
    count,
    many,
    one,
    publish,
    same_row,
    sql,
)
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.cases import Case
    from graphql_schema.courses import Enrolment, MemberCertificate
    from graphql_schema.platforms import PlatformLink
    from graphql_schema.report_pages import ReportPage
    from graphql_schema.services import ServiceCommunity
    from graphql_schema.strikes import MemberStrikes
    from graphql_schema.verification import VerificationTask


@strawberry.enum(description="In which language members are written to.")
class Language(Enum):
    EN = value("en", "English, of either side of the ocean.")
    DE = value("de", "German, with the formal Sie.")


@strawberry.enum(description="Whether somebody in a community is human.")
class MemberKind(Enum):
    PERSON = value("person", "A human, as far as the community tells.")
    BOT = value("bot", "A program that posts.")


@strawberry.input(description="Which members; a field that is left out or null asks for nothing.")
class MemberFilter:
    community_id: strawberry.ID | None = optional("Of this community; an id that is not there matches nothing.")
    kind: MemberKind | None = optional("Only persons, or only bots.")
    handle: str | None = optional("With exactly this handle, upper and lower case told apart.")


@strawberry.input(description="Which posts; a field that is left out or null asks for nothing.")
class PostFilter:
    community_id: strawberry.ID | None = optional("Of this community; an id that is not there matches nothing.")
    member_id: strawberry.ID | None = optional("By this member; an id that is not there matches nothing.")
    is_hidden: bool | None = optional("True: hidden from members. False: still visible to them.")
    text: str | None = optional(
        "With all of these words in its newest version, in any case and order; the longest 16 count."
    )


MEMBER_FILTERS: Final = Filters(
    MemberFilter,
    {
        "community_id": "{row}.community_id = {value}::uuid",
        "kind": "{row}.kind = {value}::text",
        "handle": "{row}.handle = {value}::text",
    },
)
POST_FILTERS: Final = Filters(
    PostFilter,
    {
        "community_id": "{row}.community_id = {value}::uuid",
        "member_id": "{row}.member_id = {value}::uuid",
        "is_hidden": Either("{row}.hidden_at is not null", "{row}.hidden_at is null"),
        "text": Words(communities.PostWord, "post_id", communities.searched_words),
    },
)


@publish(communities.Community, kind="community", needs=Right.READ_WORKSPACE)
class Community(Node):
    """One place where a client's members meet."""

    id: strawberry.ID
    slug: str = column(
        description="Short name, unique within the client: 2 to 63 lower-case letters, digits and hyphens."
    )
    name: str = column(description="What people call the community, at most 200 characters.")
    language: Language = column(description="In which its members are told about decisions.")
    created_at: datetime = column(description="When it was set up in Tend, not where it lives.")
    connection: Annotated["PlatformLink", strawberry.lazy("graphql_schema.platforms")] | None = one(
        "community_id", reverse=True, description="How Tend hears of what happens in it."
    )
    service_link: Annotated["ServiceCommunity", strawberry.lazy("graphql_schema.services")] | None = one(
        "community_id", reverse=True, description="Of which service it is, for what has to be filed; null for none."
    )
    report_pages: Connection[Annotated["ReportPage", strawberry.lazy("graphql_schema.report_pages")]] = many(
        "community_id",
        order=PageOrder,
        description="Where anybody reports what happens in it, those of trusted flaggers and those that are closed among "
        "them.",
    )
    members: Connection["Member"] = many(
        "community_id", order=MemberOrder, description="Everybody who was seen in it, bots included."
    )
    posts: Connection["Post"] = many(
        "community_id", order=PostOrder, description="What was written in it, hidden posts included."
    )
    member_count: int = count(
        communities.Member, "community_id", description="How many were seen in it, bots included."
    )
    post_count: int = count(
        communities.Post, "community_id", description="How much was written in it, hidden posts included."
    )


@publish(communities.Member, kind="member", needs=Right.READ_CONTENT)
class Member(Node):
    """Somebody in a community; not a user of Tend."""

    id: strawberry.ID
    handle: str = column(
        description="The name shown in the community, as last seen; it may change, and others may have the same."
    )
    kind: MemberKind = column(description="Whether it is a person or a bot.")
    trust_level: int | None = column(
        description="How far their platform trusts them: 0 to 4 as Discourse counts, 5 for its staff; null where it has no such thing."
    )
    first_seen_at: datetime = column(description="When the earliest post that Tend knows was written.")
    erased_at: datetime | None = column(
        description="When they were forgotten: what is left is that somebody was here; null for everybody else."
    )
    community: Community | None = one(
        "community_id", description="Where they are a member: one person has a member in each community."
    )
    posts: Connection["Post"] = many(
        "member_id", order=PostOrder, description="What they wrote, hidden posts included."
    )
    cases: Connection[Annotated["Case", strawberry.lazy("graphql_schema.cases")]] = many(
        "member_id", order=MemberCaseOrder, description="Cases about their posts, closed ones included."
    )
    verifications: Connection[Annotated["VerificationTask", strawberry.lazy("graphql_schema.verification")]] = many(
        "member_id", order=CreationOrder, description="What they were asked to show; of their posts as well."
    )
    enrolments: Connection[Annotated["Enrolment", strawberry.lazy("graphql_schema.courses")]] = many(
        "member_id", order=EnrolmentOrder, description="Courses they take or took."
    )
    certificates: Connection[Annotated["MemberCertificate", strawberry.lazy("graphql_schema.courses")]] = many(
        "member_id",
        order=CertificateOrder,
        description="What they were certified for, revoked and ended ones included.",
    )
    strikes: Annotated["MemberStrikes", strawberry.lazy("graphql_schema.strikes")] | None = same_row(
        description="What their violations count; null for whoever may not read cases."
    )
    post_count: int = count(communities.Post, "member_id", description="How much they wrote, hidden posts included.")
    violation_count: int | None = count(
        moderation.Case,
        "member_id",
        where="{row}.outcome = 'violation'",
        needs=Right.READ_CASES,
        description="How many of those cases ended as a violation; null for whoever may not read cases.",
    )


@publish(communities.PostVersion, needs=Right.READ_CONTENT)
class PostVersion:
    """The words of a post as they were at a time."""

    version: int = column(description="1 for the first words, one more with every edit.")
    text: str = column(description="The words of this version, never changed.")
    captured_at: datetime = column(description="When Tend took these words in; the edit itself was earlier.")


@publish(communities.Post, kind="post", needs=Right.READ_CONTENT)
class Post(Node):
    """A piece of member content; `text` is that of its newest version."""

    id: strawberry.ID
    text: str = column(description="The newest words; earlier ones are in `versions`.")
    version: int = column(description="Of the newest words: 1 until the post is edited.")
    view_count: int = column(description="How often it was seen; 0 where the community does not tell.")
    posted_at: datetime = column(description="When it was written, as the community tells.")
    hidden_at: datetime | None = column(
        description="When a decision hid it, or a rule until somebody decides; null while members see it."
    )
    removed_at: datetime | None = column(
        description="When it went from its platform; null while it is there, and again once it is recovered."
    )
    thread: str | None = column(
        description="What it is part of on its platform, by the name there; null where the platform has no such thing."
    )
    is_hidden: bool = sql("{row}.hidden_at is not null", description="Whether it is hidden from members.")
    tags: list[str] = sql(
        "array(select t.tag from post_tags t where t.agency_id = {agency} and t.workspace_id = {row}.workspace_id "
        "and t.post_id = {row}.id order by t.tag)",
        description="Words that rules have put on it, a to z.",
    )
    member: Member | None = one("member_id", description="Who wrote it, person or bot.")
    community: Community | None = one("community_id", description="Where it was written.")
    reply_to: Annotated["Post", strawberry.lazy("graphql_schema.communities")] | None = one(
        "reply_to_id", description="What it answers; null for the start of a thread, and where Tend does not know."
    )
    replies: Connection["Post"] = many(
        "reply_to_id", order=PostOrder, description="Direct answers to it, hidden ones included."
    )
    verifications: Connection[Annotated["VerificationTask", strawberry.lazy("graphql_schema.verification")]] = many(
        "post_id", order=CreationOrder, description="What its author was asked to show about it."
    )
    attachments: Connection[Attachment] = many(
        "post_id", order=CreationOrder, description="Pictures and files that it names, or once named."
    )
    versions: Connection[PostVersion] = many(
        "post_id", order=VersionOrder, description="Its words over time, the newest included."
    )
