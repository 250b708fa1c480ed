"""What clients hear as it happens. An event carries ids only; what is shown is read in the listener's own scope."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import strawberry

from backend import journal, notices
from backend.kit.clock import now
from backend.kit.ids import parse_published
from backend.outbox import Event
from graphql_schema.agencies import Workspace
from graphql_schema.cases import Case
from graphql_schema.client_reports import ClientReport
from graphql_schema.context import Info
from graphql_schema.jobs import Job
from graphql_schema.notices import Notice
from graphql_schema.projection import ref
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from tenants.actor import Actor
from tenants.scope import NoLongerAdmitted, agency_scope

MARGIN: Final = timedelta(seconds=30)  # a transaction is told of when it commits, and dated by its beginning


@strawberry.type(
    description="What you hear as it happens, over WebSocket or server-sent events. An event says what a thing is now; "
    "changes that follow each other closely come as one, and after a gap in the connection within Tend the things you "
    "listen for come again."
)
class Subscription:
    @strawberry.subscription(
        description="A case you see was opened, reported again, claimed, returned or decided, or an action of its decision "
        "was confirmed."
    )
    async def case_changed(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this case; all that you see if left out.")
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[Case | None, None]:
        only = _uuid("case", id) if id else None
        changed = await _listen(info, "case", partial(journal.subjects_since, "case"))
        return (ref(Case, each) async for ids in changed for each in ids if only in (None, each))

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
        changed = await _listen(info, "case", partial(journal.subjects_since, "case"), workspace_id=client)
        return (ref(Workspace, client) async for _ in changed)

    @strawberry.subscription(
        description="A job you see was begun, has come further, has ended, or waits to be tried again."
    )
    async def job_changed(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `Job.id`.")]
    ) -> AsyncGenerator[Job | None, None]:
        only = _uuid("job", id)
        changed = await _listen(info, "job", _always(only))
        return (ref(Job, only) async for ids in changed if only in ids)

    @strawberry.subscription(
        description="A report you see was counted further, made, given up, submitted, returned, published or discarded."
    )
    async def client_report_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Opaque, as in `ClientReport.id`.")],
    ) -> AsyncGenerator[ClientReport | None, None]:
        only = _uuid("clientreport", id)
        changed = await _listen(info, "clientreport", _always(only))
        return (ref(ClientReport, only) async for ids in changed if only in ids)

    @strawberry.subscription(description="You were told something.")
    async def notice_received(self, info: Info) -> AsyncGenerator[Notice | None, None]:
        told = await _listen(info, "notice", notices.told_since)
        return (ref(Notice, each) async for ids in told for each in ids)


async def _listen(
    info: Info,
    topic: str,
    since: Callable[[datetime], Awaitable[Sequence[UUID]]],
    *,
    workspace_id: UUID | None = None,
) -> AsyncGenerator[Iterable[UUID], None]:
    """What changes from now on and concerns the caller; whether they see it, the reading that follows decides. `since`
    finds it after a gap, in which events were lost. Returns once listening has begun."""
    actor, hear = actor_of(info.context), info.context.hear
    assert hear is not None

    def wanted(event: Event) -> bool:
        return (
            event.topic == topic
            and (workspace_id is None or event.workspace_id == workspace_id)
            and (actor.workspaces is None or event.workspace_id in actor.workspaces)
            and event.membership_id in (None, actor.membership_id)
        )

    events = hear(actor.agency_id, wanted)
    await anext(events)
    return _changed(actor, events, since)


async def _changed(
    actor: Actor,
    events: AsyncGenerator[tuple[Event, ...] | None, None],
    since: Callable[[datetime], Awaitable[Sequence[UUID]]],
) -> AsyncGenerator[Iterable[UUID], None]:
    heard_at = now()
    async with aclosing(events):
        async for heard in events:
            if heard is not None:
                heard_at = now()
                yield dict.fromkeys(event.subject_id for event in heard)
                continue
            with suppress(NoLongerAdmitted):  # the next reading tells
                async with agency_scope(actor, read_only=True):
                    missed = await since(heard_at - MARGIN)
                if missed:
                    yield missed


def _always(only: UUID) -> Callable[[datetime], Awaitable[Sequence[UUID]]]:
    """After a gap the one thing that is listened for is read again, whatever happened."""

    async def since(_moment: datetime) -> Sequence[UUID]:
        return (only,)

    return since


def _uuid(kind: str, text: str) -> UUID:
    """Raises GraphQLError (BAD_USER_INPUT)."""
    parsed = parse_published(text)
    if parsed is None or parsed[0] != kind:
        raise bad_input(f"This is no id of a {kind}.")
    return parsed[1]
