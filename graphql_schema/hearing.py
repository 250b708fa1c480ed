"""What clients hear as it happens. An event carries ids only; what is shown is read in the listener's own scope."""

from collections.abc import AsyncGenerator, Callable
from typing import Annotated
from uuid import UUID

import strawberry

from backend.kit.ids import parse_published
from backend.outbox import Event
from graphql_schema.agencies import Workspace
from graphql_schema.cases import Case
from graphql_schema.context import Info
from graphql_schema.notices import Notice
from graphql_schema.projection import ref
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from tenants.actor import Actor


@strawberry.type(
    description="What you hear as it happens, over WebSocket or server-sent events. An event says what a thing is now; "
    "changes that follow each other closely come as one, and after a gap in the connection within Tend the things you "
    "listen for come again."
)
class Subscription:
    @strawberry.subscription(description="A case you see was opened, reported again, claimed, returned or decided.")
    async def case_changed(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this case; all that you see if left out.")
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[Case | None, None]:
        only = _uuid("case", id) if id else None
        async for subject_id in _subjects(info, "case", again=only, wanted=lambda e: only in (None, e.subject_id)):
            yield ref(Case, subject_id)

    @strawberry.subscription(
        description="Something moved in the queues of this client: read its counts and its next cases anew. At most one "
        "event at a time, however much has moved."
    )
    async def queue_changed(
        self,
        info: Info,
        workspace_id: Annotated[
            strawberry.ID,
            strawberry.argument(description="The client whose queues you watch; opaque, as in `Workspace.id`."),
        ],
    ) -> AsyncGenerator[Workspace | None, None]:
        client = _uuid("workspace", workspace_id)
        async for _event in _news(info, lambda e: e.topic == "case" and e.workspace_id == client):
            yield ref(Workspace, client)

    @strawberry.subscription(description="You were told something.")
    async def notice_received(self, info: Info) -> AsyncGenerator[Notice | None, None]:
        async for subject_id in _subjects(info, "notice"):
            yield ref(Notice, subject_id)


async def _subjects(
    info: Info, topic: str, *, again: UUID | None = None, wanted: Callable[[Event], bool] = lambda _event: True
) -> AsyncGenerator[UUID, None]:
    """`again` is what to look at after a gap."""
    async for events in _news(info, lambda event: event.topic == topic and wanted(event)):
        if events is not None:
            for subject_id in dict.fromkeys(event.subject_id for event in events):
                yield subject_id
        elif again is not None:
            yield again


async def _news(info: Info, wanted: Callable[[Event], bool]) -> AsyncGenerator[frozenset[Event] | None, None]:
    """Events that concern the caller; the reading that follows decides what they see. Without an empty first one."""
    actor, hear = actor_of(info.context), info.context.hear
    assert hear is not None
    async for events in hear(actor.agency_id, lambda event: _concerns(event, actor) and wanted(event)):
        if events is None or events:
            yield events


def _concerns(event: Event, actor: Actor) -> bool:
    if event.membership_id is not None and event.membership_id != actor.membership_id:
        return False
    return actor.workspaces is None or event.workspace_id in actor.workspaces


def _uuid(kind: str, text: str) -> UUID:
    """Raises GraphQLError (BAD_USER_INPUT)."""
    parsed = parse_published(text)
    if parsed is None or parsed[0] != kind:
        raise bad_input(f"This is no id of a {kind}.")
    return parsed[1]
