"""The reads of `operations.py` with stock Strawberry: types with resolvers, DataLoaders, Tortoise's models.

The names are those of Tend's schema as far as the documents use them, so the same documents are sent and the answers
are equal. `python -m infra.bench.peers.stock_strawberry` serves them at /graphql with the settings of `tend serve`: the
same admission and the same scope. Row-level security decides what is there; rights within an agency are not asked for.
"""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from tortoise.functions import Count, Min, Sum

from backend import acting, communities, moderation
from backend.journal import JournalEntry as JournalRow
from backend.kit.clock import now
from backend.kit.ids import parse_published, published
from infra.bench.peers.by_hand import admitted, serve
from tenants import models
from tenants.actor import Actor
from tenants.scope import agency_scope
from tenants.tables import TenantModel, WorkspaceModel

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """Of one request."""

    actor: Actor
    _loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)

    def loader(self, load: Callable[..., Awaitable[Sequence[Any]]], *arguments: Hashable) -> DataLoader[Any, Any]:
        """The one DataLoader of this request that calls `load` with `arguments`, and the keys as the last one."""
        key = (load, *arguments)
        if key not in self._loaders:
            self._loaders[key] = DataLoader(partial(load, *arguments))
        return self._loaders[key]


Info: TypeAlias = strawberry.Info[Context, None]


@strawberry.enum
class CaseState(Enum):
    QUEUED = "queued"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


@strawberry.enum
class Outcome(Enum):
    VIOLATION = "violation"
    NO_VIOLATION = "no_violation"


@strawberry.enum
class Severity(Enum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    SEVERE = "severe"


@strawberry.enum
class Tier(Enum):
    DANGER = "danger"
    SEVERE = "severe"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@strawberry.enum
class MemberKind(Enum):
    PERSON = "person"
    BOT = "bot"


@strawberry.enum
class ReportChannel(Enum):
    MEMBER = "member"
    STAFF = "staff"
    RULE = "rule"
    API = "api"


@strawberry.enum
class ActionKind(Enum):
    HIDE_POST = "hide_post"
    WARN_MEMBER = "warn_member"


@strawberry.enum
class ActionState(Enum):
    QUEUED = "queued"
    CONFIRMED = "confirmed"


@strawberry.enum
class CaseOrder(Enum):
    MOST_URGENT = "virtual_deadline"
    NEWEST = "-opened_at"
    OLDEST = "opened_at"


@strawberry.enum
class PostOrder(Enum):
    NEWEST = "-posted_at"
    OLDEST = "posted_at"


@strawberry.enum
class WorkspaceOrder(Enum):
    SLUG = "slug"
    NEWEST = "-created_at"


@strawberry.enum
class VersionOrder(Enum):
    NEWEST = "-version"
    OLDEST = "version"


@strawberry.enum
class CreationOrder(Enum):
    OLDEST = "created_at"
    NEWEST = "-created_at"


@strawberry.enum
class JournalOrder(Enum):
    NEWEST = "-at"
    OLDEST = "at"


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Connection(Generic[T]):
    """`name` and `order` stand in its cursors."""

    nodes: list[T]
    has_more: strawberry.Private[bool]
    name: strawberry.Private[str]
    order: strawberry.Private[str]

    @strawberry.field
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_more,
            has_previous_page=False,
            start_cursor=self._cursor(self.nodes[0]) if self.nodes else None,
            end_cursor=self._cursor(self.nodes[-1]) if self.nodes else None,
        )

    def _cursor(self, node: Any) -> str:
        """As Tend's: clients of both can go on with either."""
        key = getattr(node.row, self.order.removeprefix("-"))
        values = json.dumps([as_postgresql(key) if isinstance(key, datetime) else key], ensure_ascii=False)
        return base64.b64encode(f"{self.name} {self.order} {values} {node.row.id}".encode()).decode()


@strawberry.type
class Staff:
    name: str
    row: strawberry.Private[models.Membership]

    @classmethod
    def of(cls, row: models.Membership) -> "Staff":
        return cls(name=row.name, row=row)


@strawberry.type
class Member(Node):
    handle: str
    kind: MemberKind
    first_seen_at: datetime
    row: strawberry.Private[communities.Member]

    @classmethod
    def of(cls, row: communities.Member) -> "Member":
        return cls(
            id=strawberry.ID(published("member", row.id)),
            handle=row.handle,
            kind=MemberKind(row.kind),
            first_seen_at=row.first_seen_at,
            row=row,
        )

    @strawberry.field
    async def violation_count(self, info: Info) -> int:
        found: int = await info.context.loader(violation_counts).load((self.row.workspace_id, self.row.id))
        return found

    @strawberry.field
    async def posts(self, info: Info, first: int = 50, order_by: PostOrder = PostOrder.NEWEST) -> "Connection[Post]":
        return await page_of(info, self.row, Post, communities.Post, "member_id", "Member.posts", order_by.value, first)

    @strawberry.field
    async def cases(
        self, info: Info, first: int = 50, order_by: CaseOrder = CaseOrder.MOST_URGENT
    ) -> "Connection[Case]":
        return await page_of(info, self.row, Case, moderation.Case, "member_id", "Member.cases", order_by.value, first)


@strawberry.type
class PostVersion:
    version: int
    text: str
    captured_at: datetime
    row: strawberry.Private[communities.PostVersion]

    @classmethod
    def of(cls, row: communities.PostVersion) -> "PostVersion":
        return cls(version=row.version, text=row.text, captured_at=row.captured_at, row=row)


@strawberry.type
class Post(Node):
    text: str
    posted_at: datetime
    is_hidden: bool
    row: strawberry.Private[communities.Post]

    @classmethod
    def of(cls, row: communities.Post) -> "Post":
        return cls(
            id=strawberry.ID(published("post", row.id)),
            text=row.text,
            posted_at=row.posted_at,
            is_hidden=row.hidden_at is not None,
            row=row,
        )

    @strawberry.field
    async def member(self, info: Info) -> Member | None:
        found: Member | None = await info.context.loader(by_id, Member, communities.Member).load(self.row.member_id)
        return found

    @strawberry.field
    async def versions(
        self, info: Info, first: int = 50, order_by: VersionOrder = VersionOrder.NEWEST
    ) -> Connection[PostVersion]:
        return await page_of(
            info, self.row, PostVersion, communities.PostVersion, "post_id", "Post.versions", order_by.value, first
        )


@strawberry.type
class Report(Node):
    reason: str
    channel: ReportChannel
    created_at: datetime
    row: strawberry.Private[moderation.Report]

    @classmethod
    def of(cls, row: moderation.Report) -> "Report":
        return cls(
            id=strawberry.ID(published("report", row.id)),
            reason=row.reason,
            channel=ReportChannel(row.channel),
            created_at=row.created_at,
            row=row,
        )

    @strawberry.field
    async def member(self, info: Info) -> Member | None:
        if self.row.member_id is None:
            return None
        found: Member | None = await info.context.loader(by_id, Member, communities.Member).load(self.row.member_id)
        return found


@strawberry.type
class Action:
    kind: ActionKind
    state: ActionState
    row: strawberry.Private[acting.Action]

    @classmethod
    def of(cls, row: acting.Action) -> "Action":
        return cls(kind=ActionKind(row.kind), state=ActionState(row.state), row=row)


@strawberry.type
class Decision(Node):
    outcome: Outcome
    reason: str
    decided_at: datetime
    row: strawberry.Private[moderation.Decision]

    @classmethod
    def of(cls, row: moderation.Decision) -> "Decision":
        return cls(
            id=strawberry.ID(published("decision", row.id)),
            outcome=Outcome(row.outcome),
            reason=row.reason,
            decided_at=row.decided_at,
            row=row,
        )

    @strawberry.field
    async def decided_by(self, info: Info) -> Staff | None:
        found: Staff | None = await info.context.loader(by_id, Staff, models.Membership).load(self.row.membership_id)
        return found

    @strawberry.field
    async def actions(
        self, info: Info, first: int = 50, order_by: CreationOrder = CreationOrder.OLDEST
    ) -> Connection[Action]:
        return await page_of(
            info, self.row, Action, acting.Action, "decision_id", "Decision.actions", order_by.value, first
        )


@strawberry.type
class JournalEntry(Node):
    action: str
    at: datetime
    row: strawberry.Private[JournalRow]

    @classmethod
    def of(cls, row: JournalRow) -> "JournalEntry":
        return cls(id=strawberry.ID(published("entry", row.id)), action=row.action, at=row.at, row=row)

    @strawberry.field
    async def staff(self, info: Info) -> Staff | None:
        if self.row.membership_id is None:
            return None
        found: Staff | None = await info.context.loader(by_id, Staff, models.Membership).load(self.row.membership_id)
        return found


@strawberry.type
class Case(Node):
    state: CaseState
    outcome: Outcome | None
    tier: Tier
    severity: Severity
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    report_count: int
    is_overdue: bool
    row: strawberry.Private[moderation.Case]

    @classmethod
    def of(cls, row: moderation.Case) -> "Case":
        return cls(
            id=strawberry.ID(published("case", row.id)),
            state=CaseState(row.state),
            outcome=None if row.outcome is None else Outcome(row.outcome),
            tier=Tier(row.tier),
            severity=Severity(row.severity),
            opened_at=row.opened_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            report_count=row.report_count,
            is_overdue=row.state != "closed" and row.due_at < now(),
            row=row,
        )

    @strawberry.field
    async def assignee(self, info: Info) -> Staff | None:
        if self.row.claimed_by_id is None:
            return None
        found: Staff | None = await info.context.loader(by_id, Staff, models.Membership).load(self.row.claimed_by_id)
        return found

    @strawberry.field
    async def post(self, info: Info) -> Post | None:
        found: Post | None = await info.context.loader(by_id, Post, communities.Post).load(self.row.post_id)
        return found

    @strawberry.field
    async def member(self, info: Info) -> Member | None:
        found: Member | None = await info.context.loader(by_id, Member, communities.Member).load(self.row.member_id)
        return found

    @strawberry.field
    async def reports(
        self, info: Info, first: int = 50, order_by: CreationOrder = CreationOrder.OLDEST
    ) -> Connection[Report]:
        return await page_of(
            info, self.row, Report, moderation.Report, "case_id", "Case.reports", order_by.value, first
        )

    @strawberry.field
    async def decision(self, info: Info) -> Decision | None:
        found: Decision | None = await info.context.loader(decisions).load((self.row.workspace_id, self.row.id))
        return found

    @strawberry.field
    async def journal(
        self, info: Info, first: int = 50, order_by: JournalOrder = JournalOrder.NEWEST
    ) -> Connection[JournalEntry]:
        return await page_of(
            info, self.row, JournalEntry, JournalRow, "subject_id", "Case.journal", order_by.value, first
        )


@strawberry.type
class CaseCounts:
    queued: int = 0
    in_review: int = 0
    closed: int = 0
    oldest_due_at: datetime | None = None


@strawberry.input
class PostFilter:
    text: str | None = None


@strawberry.type
class Workspace(Node):
    slug: str
    name: str
    row: strawberry.Private[models.Workspace]

    @classmethod
    def of(cls, row: models.Workspace) -> "Workspace":
        return cls(id=strawberry.ID(published("workspace", row.id)), slug=row.slug, name=row.name, row=row)

    @strawberry.field
    async def case_counts(self, info: Info) -> CaseCounts:
        found: CaseCounts = await info.context.loader(case_counts).load(self.row.id)
        return found

    @strawberry.field
    async def cases(self, first: int = 50, order_by: CaseOrder = CaseOrder.MOST_URGENT) -> Connection[Case]:
        rows = moderation.Case.filter(workspace_id=self.row.id).order_by(*in_order(order_by.value)).limit(first + 1)
        return connection([Case.of(row) for row in await rows], "Workspace.cases", order_by.value, first)

    @strawberry.field
    async def posts(
        self,
        info: Info,
        first: int = 50,
        order_by: PostOrder = PostOrder.NEWEST,
        filter: PostFilter | None = None,
    ) -> Connection[Post]:
        if filter is None or filter.text is None:
            rows = communities.Post.filter(workspace_id=self.row.id)
            posts = [Post.of(row) for row in await rows.order_by(*in_order(order_by.value)).limit(first + 1)]
        else:
            words = communities.PostWord.filter(workspace_id=self.row.id, word=filter.text.casefold())
            words = words.order_by(*in_order(order_by.value)).limit(first + 1)
            ids = await words.values_list("id", flat=True)
            found = await info.context.loader(by_id, Post, communities.Post).load_many(ids)
            posts = [post for post in found if post is not None]
        return connection(posts, "Workspace.posts", order_by.value, first)


@strawberry.type
class Query:
    @strawberry.field
    async def workspace(self, id: strawberry.ID) -> Workspace | None:
        row = await models.Workspace.get_or_none(id=uuid_of("workspace", id))
        return None if row is None else Workspace.of(row)

    @strawberry.field
    async def workspaces(
        self, first: int = 50, order_by: WorkspaceOrder = WorkspaceOrder.SLUG
    ) -> Connection[Workspace]:
        rows = await models.Workspace.all().order_by(*in_order(order_by.value)).limit(first + 1)
        return connection([Workspace.of(row) for row in rows], "Query.workspaces", order_by.value, first)

    @strawberry.field
    async def case(self, id: strawberry.ID) -> Case | None:
        row = await moderation.Case.get_or_none(id=uuid_of("case", id))
        return None if row is None else Case.of(row)

    @strawberry.field
    async def member(self, id: strawberry.ID) -> Member | None:
        row = await communities.Member.get_or_none(id=uuid_of("member", id))
        return None if row is None else Member.of(row)

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        return list(await asyncio.gather(*(_node(info, id) for id in ids)))


async def page_of(
    info: Info,
    parent: WorkspaceModel,
    type_: Any,
    model: type[TenantModel],
    key: str,
    name: str,
    order: str,
    first: int,
) -> Connection[Any]:
    """The first rows of `model` whose column `key` holds the id of `parent`, as objects of `type_`."""
    loader = info.context.loader(children, type_, model, key, order, first + 1)
    return connection(await loader.load((parent.workspace_id, parent.id)), name, order, first)


def connection(nodes: list[Any], name: str, order: str, first: int) -> Connection[Any]:
    """Call with one node more than `first` where there is one."""
    return Connection(nodes=nodes[:first], has_more=len(nodes) > first, name=name, order=order)


def in_order(order: str) -> tuple[str, str]:
    """Ties are broken by id."""
    return (order, "-id" if order.startswith("-") else "id")


# What DataLoaders call. The key of a row that hangs on another one is the other one's workspace and id: every index
# begins with the workspace.


async def by_id(type_: Any, model: type[TenantModel], ids: list[UUID]) -> list[Any]:
    found = {row.id: type_.of(row) for row in await model.filter(id__in=ids)}
    return [found.get(id) for id in ids]


async def children(
    type_: Any, model: type[TenantModel], key: str, order: str, limit: int, parents: list[tuple[UUID, UUID]]
) -> list[list[Any]]:
    rows = _of(model, key, parents).order_by(*in_order(order))
    if len(parents) == 1:
        rows = rows.limit(limit)
    found = defaultdict(list)
    for row in await rows:
        found[getattr(row, key)].append(row)
    return [[type_.of(row) for row in found[id][:limit]] for _, id in parents]


async def decisions(cases: list[tuple[UUID, UUID]]) -> list[Decision | None]:
    found = {row.case_id: Decision.of(row) for row in await _of(moderation.Decision, "case_id", cases)}
    return [found.get(id) for _, id in cases]


async def violation_counts(members: list[tuple[UUID, UUID]]) -> list[int]:
    violations = _of(moderation.Case, "member_id", members).filter(outcome="violation")
    rows = await violations.annotate(count=Count("id")).group_by("member_id").values_list("member_id", "count")
    found = dict(rows)
    return [found.get(id, 0) for _, id in members]


async def case_counts(workspaces: list[UUID]) -> list[CaseCounts]:
    found = {id: CaseCounts() for id in workspaces}
    tallies = moderation.CaseTally.filter(workspace_id__in=workspaces).group_by("workspace_id")
    sums = tallies.annotate(q=Sum("queued"), r=Sum("in_review"), c=Sum("closed"))
    for id, queued, in_review, closed in await sums.values_list("workspace_id", "q", "r", "c"):
        found[id] = CaseCounts(queued=queued, in_review=in_review, closed=closed)
    cases = moderation.Case.filter(workspace_id__in=workspaces)
    oldest = cases.exclude(state="closed").annotate(oldest=Min("due_at")).group_by("workspace_id")
    for id, due_at in await oldest.values_list("workspace_id", "oldest"):
        found[id].oldest_due_at = due_at
    return [found[id] for id in workspaces]


class ReadOnlyScope(SchemaExtension):
    """One scope, which is one transaction, for each operation."""

    async def on_execute(self) -> AsyncIterator[None]:
        async with agency_scope(self.execution_context.context.actor, read_only=True):
            yield


def as_postgresql(moment: datetime) -> str:
    """As to_json() does: without zeros at the end of the fraction. Strawberry's own differs in a tenth of all times."""
    text = moment.isoformat()
    if moment.microsecond % 10 or not moment.microsecond:
        return text
    return text[:26].rstrip("0") + text[26:]


schema: Final = strawberry.Schema(
    query=Query,
    types=[Case, Member, Post, Report],
    extensions=[ParserCache, ValidationCache, ReadOnlyScope],
    config=StrawberryConfig(scalar_map={datetime: strawberry.scalar(name="DateTime", serialize=as_postgresql)}),
)


class Endpoint(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        assert isinstance(request, Request)
        return Context(await admitted(request))


def main() -> None:
    serve(Route("/graphql", Endpoint(schema)))


def uuid_of(kind: str, id: str) -> UUID | None:
    """None, which finds nothing, for an id of another kind or shape."""
    parsed = parse_published(id)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


_KINDS: Final[dict[str, tuple[Any, type[TenantModel]]]] = {
    "case": (Case, moderation.Case),
    "member": (Member, communities.Member),
    "post": (Post, communities.Post),
    "report": (Report, moderation.Report),
}


async def _node(info: Info, id: str) -> Any:
    parsed = parse_published(id)
    if parsed is None or parsed[0] not in _KINDS:
        return None
    return await info.context.loader(by_id, *_KINDS[parsed[0]]).load(parsed[1])


def _of(model: type[TenantModel], key: str, parents: Sequence[tuple[UUID, UUID]]) -> Any:
    workspaces, ids = {workspace for workspace, _ in parents}, [id for _, id in parents]
    return model.filter(**{"workspace_id__in": list(workspaces), f"{key}__in": ids})


if __name__ == "__main__":
    main()
