from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from backend import integrity, moderation, notices
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published, split_published
from graphql_schema.agencies import Agency, Workspace
from graphql_schema.cases import CASE_FILTERS, Case
from graphql_schema.choosing import Choosing
from graphql_schema.client_reports import ClientReport
from graphql_schema.communities import Member, Post
from graphql_schema.context import Info
from graphql_schema.holidays import Holidays
from graphql_schema.integrity_report import IntegrityReport, integrity_told
from graphql_schema.investigating import TimelineEvent, happened
from graphql_schema.learning import WatchingLearners
from graphql_schema.looking_after_customers import LookingAfterCustomers
from graphql_schema.looking_back import LookingBack
from graphql_schema.moderation_numbers import ModerationNumbers, told
from graphql_schema.needing_attention import SeeingAttention
from graphql_schema.notices import NOTICE_FILTERS, Notice, NoticePreference, NoticeSettings
from graphql_schema.orders import CaseOrder, CreationOrder, WorkspaceOrder
from graphql_schema.owing import Owing
from graphql_schema.projection import Connection, Node, Ref, many, published_kinds, ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from graphql_schema.reading_content import ReadingContent
from graphql_schema.reading_metrics import ReadingMetrics
from graphql_schema.reading_reports import ReadingReports
from graphql_schema.reading_stories import ReadingStories
from graphql_schema.safety_protocols import ReadingProtocols
from graphql_schema.verifying import SeeingVerification
from graphql_schema.viewing import Viewer
from graphql_schema.watching_safety import WatchingSafety
from graphql_schema.weighing import Weighing
from tenants.entering import workspace_called
from tenants.rights import Right


def _id(kind: str, text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


@strawberry.type(
    description="Everything that can be read. What you may not see is missing from lists and null as a reference."
)
class Query(
    Choosing,
    Weighing,
    Owing,
    SeeingVerification,
    WatchingSafety,
    Holidays,
    ReadingProtocols,
    LookingBack,
    ReadingContent,
    WatchingLearners,
    ReadingStories,
    LookingAfterCustomers,
    ReadingReports,
    ReadingMetrics,
    SeeingAttention,
):
    workspaces: Connection[Workspace] = many(None, order=WorkspaceOrder, description="The clients you see.")
    cases: Connection[Case] = many(
        None, order=CaseOrder, filters=CASE_FILTERS, by_workspace=True, description="The cases of all clients you see."
    )
    client_reports: Connection[ClientReport] = many(
        None, order=CreationOrder, by_workspace=True, description="The reports of all clients you see."
    )
    notices: Connection[Notice] = many(
        None,
        order=CreationOrder,
        filters=NOTICE_FILTERS,
        description="What you were told, in all clients you see; nothing for an API key.",
    )
    notice_preferences: Connection[NoticePreference] = many(
        None,
        order=CreationOrder,
        description="How you want to be told, where you have said so; nothing for an API key.",
    )

    @strawberry.field(
        description="You, and the agencies and clients you may work for. Needs no scope.", metadata={NEEDS: None}
    )
    def viewer(self) -> Viewer:
        return Viewer()

    @strawberry.field(description="The agency this request names, or the only one of yours.")
    def agency(self, info: Info) -> Agency:
        found: Agency = ref(Agency, actor_of(info.context).agency_id)
        return found

    @strawberry.field(
        description="When, where and in which language you are told, at this agency; null until you have said so."
    )
    async def notice_settings(self, info: Info) -> NoticeSettings | None:
        found = await notices.settings_of(actor_of(info.context))
        return None if found is None else ref(NoticeSettings, found)

    @strawberry.field(description="One client: give either `id` or `slug`. Null for one you do not see.")
    async def workspace(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Opaque, as in `Workspace.id`.")
        ] = strawberry.UNSET,
        slug: Annotated[str | None, strawberry.argument(description="The short name of a client.")] = strawberry.UNSET,
    ) -> Workspace | None:
        actor_of(info.context)
        if bool(id) == bool(slug):
            raise bad_input("Give either `id` or `slug`.")
        if slug:
            found = await workspace_called(slug)
        else:
            found = _id("workspace", id or "")
        return None if found is None else ref(Workspace, found)

    @strawberry.field(
        description="How the cases of a client do, in a window of 366 days at most; null for whoever does not lead its "
        "queues.",
        metadata={NEEDS: Right.LEAD_QUEUE},
    )
    async def moderation_numbers(
        self,
        info: Info,
        workspace_id: Annotated[
            strawberry.ID, strawberry.argument(description="The client whose cases they are about.")
        ],
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> ModerationNumbers | None:
        found = _id("workspace", workspace_id)
        if found is None:
            return None
        try:
            return told(await moderation.numbers_of(actor_of(info.context), found, since=since, until=until))
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None

    @strawberry.field(
        description="What was reported, found and done at a client, in a window of 366 days at most, without anybody's name; "
        "null for one that is not there for you.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def integrity_report(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")],
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> IntegrityReport | None:
        found = _id("workspace", workspace_id)
        if found is None:
            return None
        try:
            report = await integrity.integrity_report(actor_of(info.context), found, since=since, until=until)
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return integrity_told(report)

    @strawberry.field(
        description="What happened to everything an investigation is about, the earliest first, the latest 500 at most; empty "
        "for one that is not there for you.",
        metadata={NEEDS: Right.READ_CASES},
    )
    async def investigation_timeline(
        self,
        info: Info,
        investigation_id: Annotated[
            strawberry.ID, strawberry.argument(description="Opaque, as in `Investigation.id`.")
        ],
    ) -> list[TimelineEvent]:
        found = _id("investigation", investigation_id)
        if found is None:
            return []
        try:
            return [happened(event) for event in await integrity.timeline_of(actor_of(info.context), found)]
        except NotAllowed:
            return []

    @strawberry.field(description="One case; null for one that is not there for you.")
    def case(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Case.id`.")]
    ) -> Case | None:
        found = _id("case", id)
        return None if found is None else ref(Case, found)

    @strawberry.field(description="One post; null for one that is not there for you.")
    def post(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Post.id`.")]
    ) -> Post | None:
        found = _id("post", id)
        return None if found is None else ref(Post, found)

    @strawberry.field(description="One member of a community; null for one that is not there for you.")
    def member(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Member.id`.")]
    ) -> Member | None:
        found = _id("member", id)
        return None if found is None else ref(Member, found)

    @strawberry.field(description="Anything by its id; null for whatever is not there for you.")
    def node(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="Any `id` of a type that is a Node.")]
    ) -> Node | None:
        found: Node | None = _ref_to(id)  # type: ignore[assignment]
        return found

    @strawberry.field(description="Up to 100 things by their ids, in that order, null for whatever is not there.")
    def nodes(
        self, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Any ids of Nodes, 100 at most.")]
    ) -> list[Node | None]:
        if len(ids) > 100:
            raise bad_input("At most 100 ids at once.")
        found: list[Node | None] = [_ref_to(id) for id in ids]  # type: ignore[misc]
        return found


def _ref_to(id: str) -> Ref | None:
    found = split_published(id)
    published = None if found is None else published_kinds().get(found[0])
    return None if found is None or published is None else Ref(published.cls.__name__, found[1])
