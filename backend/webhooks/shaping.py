"""The body of a delivery: what happened, to what, and as much of it as the endpoint asked for."""

from typing import Any, Protocol
from uuid import UUID

import orjson
import structlog

from backend.kit.errors import Invalid, NotAllowed
from backend.kit.ids import published
from backend.webhooks.models import WebhookEndpoint, WebhookEvent
from backend.webhooks.thresholds import LARGEST_BODY, READ_SECONDS
from tenants.actor import Actor
from tenants.database import is_outage, is_too_slow
from tenants.entering import acting_here_for
from tenants.rights import MACHINE_RIGHTS, Right, Role
from tenants.scope import current

log = structlog.get_logger()


class Unreadable(Exception):
    """What the selection asks for could not be read; the message says why, for people."""


class Shaper(Protocol):
    """Reads GraphQL selections; the roof brings one, since the schema knows the domains and not the other way round."""

    def check(self, selection: str) -> None:
        """Raises Invalid for what cannot be read, or costs too much."""

    async def read(self, actor: Actor, selection: str, *, kind: str, id: UUID) -> bytes | None:
        """JSON, as `actor` may see it, in the scope that is open; None where nothing is there for them."""


_shaper: Shaper | None = None


def shape_with(shaper: Shaper) -> None:
    global _shaper  # noqa: PLW0603
    _shaper = shaper


def check_selection(selection: str) -> None:
    """Raises Invalid."""
    if _shaper is None:
        raise Invalid("Selections are not read here.", path=("input", "selection"))
    _shaper.check(selection)


async def body_of(endpoint: WebhookEndpoint, event: WebhookEvent) -> bytes:
    """What a delivery holds now: a later try may tell of a later state. Call in the scope of the endpoint's job, which
    goes on after Unreadable."""
    subject = published(event.subject_kind, event.subject_id)
    told: dict[str, Any] = {
        "type": event.kind,
        "timestamp": event.occurred_at.isoformat(),
        "agencyId": published("agency", event.agency_id),
        "workspaceId": None if event.workspace_id is None else published("workspace", event.workspace_id),
        "orderingKey": subject,
        "sequence": event.sequence,
        "data": {"id": subject},
    }
    if endpoint.selection is None or _shaper is None:
        return orjson.dumps(told)
    read = await _read(_shaper, endpoint, event)
    if read is not None:
        whole = orjson.dumps({**told, "data": orjson.Fragment(read)})
        if len(whole) <= LARGEST_BODY:
            return whole
    # Too much, or not there any more, or not for this endpoint: whoever hears it can ask, or does without.
    return orjson.dumps({**told, "isReduced": True})


async def _read(shaper: Shaper, endpoint: WebhookEndpoint, event: WebhookEvent) -> bytes | None:
    """Raises Unreadable for what takes too long or is not foreseen: it is one endpoint's, and nothing behind it waits
    for a repair."""
    assert endpoint.selection is not None
    scope, reader, problem = current(), await _reader(endpoint), None
    if reader is None:
        return None
    # The scope is Tend's own, which sees what escalations restrict; an endpoint is no reader of any.
    await scope.execute(
        f"SAVEPOINT reading; SET LOCAL statement_timeout = '{READ_SECONDS}s'; SET LOCAL app.reads = '';"
        "SET LOCAL app.restricts = ''"
    )
    try:
        read = await shaper.read(reader, endpoint.selection, kind=event.subject_kind, id=event.subject_id)
    except Exception as found:
        if is_outage(found) and not is_too_slow(found):
            raise
        log.warning("webhook.unreadable", endpoint=str(endpoint.id), subject=str(event.subject_id), exc_info=found)
        read, problem = None, "takes too long" if is_too_slow(found) else "fails"
    await scope.execute("ROLLBACK TO SAVEPOINT reading; RELEASE SAVEPOINT reading")
    if problem is not None:
        raise Unreadable(f"Nothing was sent: to read what the selection asks for {problem}.")
    return read


async def _reader(endpoint: WebhookEndpoint) -> Actor | None:
    """A machine that only reads, in what the endpoint is of; as for every machine, a closed client is not there. It may do
    no more than whoever made it may do now; None where that is nothing."""
    scope = current()
    rows = await scope.fetch(
        """select id, deletes_at is null as is_open from workspaces
            where agency_id = $1 and deleted_at is null and ($2::uuid is null or id = $2)""",
        endpoint.agency_id,
        endpoint.workspace_id,
    )
    opened = frozenset(row["id"] for row in rows if row["is_open"])
    rights = frozenset(map(Right, endpoint.scopes)) & MACHINE_RIGHTS
    sees_all = endpoint.workspace_id is None and len(opened) == len(rows)
    of_agency = endpoint.workspace_id is None
    if endpoint.made_by_id is not None:
        try:
            maker = await acting_here_for(endpoint.agency_id, endpoint.made_by_id, endpoint.workspace_id)
        except NotAllowed:
            return None
        rights, of_agency = rights & maker.rights, of_agency and maker.is_of_agency
        if maker.workspaces is not None:
            opened, sees_all = opened & maker.workspaces, False
    return Actor(
        agency_id=endpoint.agency_id,
        role=Role.API_CLIENT,
        rights=rights,
        workspaces=None if sees_all else opened,
        of_agency=of_agency,
        name=endpoint.description,
    )
