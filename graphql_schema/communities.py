from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import communities, moderation
from graphql_schema.orders import MemberCaseOrder, MemberOrder, PostOrder, VersionOrder
from graphql_schema.projection import Connection, Either, Filters, Node, Words, count, many, one, publish, sql
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.cases import Case


@strawberry.enum(description="A bot is not a person.")
class MemberKind(Enum):
    PERSON = "person"
    BOT = "bot"


@strawberry.input(description="Which members.")
class MemberFilter:
    community_id: strawberry.ID | None = strawberry.UNSET
    kind: MemberKind | None = strawberry.UNSET
    handle: str | None = strawberry.UNSET


@strawberry.input(description="Which posts.")
class PostFilter:
    community_id: strawberry.ID | None = strawberry.UNSET
    member_id: strawberry.ID | None = strawberry.UNSET
    is_hidden: bool | None = strawberry.UNSET
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="Has all of these words in its newest version; case does not matter."
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
    slug: str
    name: str
    created_at: datetime
    members: Connection["Member"] = many("community_id", order=MemberOrder)
    posts: Connection["Post"] = many("community_id", order=PostOrder)
    member_count: int = count(communities.Member, "community_id")
    post_count: int = count(communities.Post, "community_id")


@publish(communities.Member, kind="member", needs=Right.READ_CONTENT)
class Member(Node):
    """Somebody in a community; not a user of Tend."""

    id: strawberry.ID
    handle: str
    kind: MemberKind
    first_seen_at: datetime
    community: Community | None = one("community_id")
    posts: Connection["Post"] = many("member_id", order=PostOrder)
    cases: Connection[Annotated["Case", strawberry.lazy("graphql_schema.cases")]] = many(
        "member_id", order=MemberCaseOrder
    )
    post_count: int = count(communities.Post, "member_id")
    violation_count: int | None = count(
        moderation.Case,
        "member_id",
        where="{row}.outcome = 'violation'",
        needs=Right.READ_CASES,
        description="Null for whoever may not read cases.",
    )


@publish(communities.PostVersion, needs=Right.READ_CONTENT)
class PostVersion:
    """The words of a post as they were at a time."""

    version: int
    text: str
    captured_at: datetime


@publish(communities.Post, kind="post", needs=Right.READ_CONTENT)
class Post(Node):
    """A piece of member content; `text` is that of its newest version."""

    id: strawberry.ID
    text: str
    version: int
    view_count: int
    posted_at: datetime
    hidden_at: datetime | None
    is_hidden: bool = sql("{row}.hidden_at is not null")
    member: Member | None = one("member_id")
    community: Community | None = one("community_id")
    reply_to: Annotated["Post", strawberry.lazy("graphql_schema.communities")] | None = one("reply_to_id")
    replies: Connection["Post"] = many("reply_to_id", order=PostOrder)
    versions: Connection[PostVersion] = many("post_id", order=VersionOrder)
