"""Something happened: whoever wants to hear of it will, in the transaction of the deed."""

from uuid import UUID

from backend.journal import Recorded
from backend.kit.ids import new_id
from backend.outbox import enqueue
from backend.webhooks.kinds import KIND_OF_ACTION, TEST
from backend.webhooks.models import WebhookEndpoint
from tenants.scope import current


async def queue_webhooks(recorded: Recorded) -> None:
    """For the journal to call with every line. An agency without endpoints pays a look into an empty index, and only
    for lines that are in the catalogue."""
    kind = KIND_OF_ACTION.get(recorded.action)
    if kind is None:
        return
    scope = current()
    rows = await scope.fetch(
        """select id, workspace_id, conditions->'workspaces' ? $4 as of_workspace, conditions->'by' ? $5 as by_actor
             from webhook_endpoints
            where agency_id = $1 and disabled_at is null and (workspace_id is null or workspace_id = $2)
              and $3 = any(kinds)
            order by id""",
        scope.actor.agency_id,
        recorded.workspace_id,
        kind.name,
        str(recorded.workspace_id),
        recorded.actor_kind,
    )
    wanted = [
        (row["id"], row["workspace_id"])
        for row in rows
        if row["of_workspace"] in (None, True) and row["by_actor"] in (None, True)
    ]
    if wanted:
        event_id = await _happened(kind.type, recorded.subject_kind, recorded.subject_id, recorded.workspace_id)
        for endpoint_id, workspace_id in wanted:
            await _deliver(event_id, endpoint_id, workspace_id)


async def queue_test(endpoint: WebhookEndpoint) -> UUID:
    """A delivery to this endpoint alone, whose subject is the endpoint itself."""
    event_id = await _happened(TEST, "webhookendpoint", endpoint.id, endpoint.workspace_id)
    return await _deliver(event_id, endpoint.id, endpoint.workspace_id)


async def _happened(kind: str, subject_kind: str, subject_id: UUID, workspace_id: UUID | None) -> UUID:
    """The clock in microseconds, or one more than the last: it grows with each event of a subject, locks nothing and
    tells nobody how much happens elsewhere. Whoever changes a subject holds its row, so two are not numbered at once."""
    id, scope = new_id(), current()
    await scope.execute(
        """insert into webhook_events (agency_id, id, workspace_id, kind, subject_kind, subject_id, sequence)
           values ($1, $2, $3, $4, $5, $6, greatest(
                (extract(epoch from clock_timestamp()) * 1000000)::bigint,
                (select max(sequence) + 1 from webhook_events where agency_id = $1 and subject_id = $6)))""",
        scope.actor.agency_id,
        id,
        workspace_id,
        kind,
        subject_kind,
        subject_id,
    )
    return id


async def _deliver(event_id: UUID, endpoint_id: UUID, workspace_id: UUID | None) -> UUID:
    """A job without a dedupe key: with one, every deed of the agency would wait for the commit of the one before."""
    id, scope = new_id(), current()
    await scope.execute(
        "insert into webhook_deliveries (agency_id, id, event_id, endpoint_id) values ($1, $2, $3, $4)",
        scope.actor.agency_id,
        id,
        event_id,
        endpoint_id,
    )
    await enqueue("deliver_webhooks", {"endpoint_id": str(endpoint_id)}, workspace_id=workspace_id)
    return id
