"""Once more, under the same webhook-id: whoever has it already drops it."""

from datetime import datetime
from uuid import UUID

from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.webhooks.models import WebhookDelivery, WebhookEndpoint
from backend.webhooks.pacing import come_again
from backend.webhooks.queueing import queue_test
from backend.webhooks.subscribing import held_delivery, held_endpoint, record
from backend.webhooks.thresholds import MOST_REPLAYED
from tenants.actor import Actor
from tenants.scope import current


async def replay_delivery(actor: Actor, delivery_id: UUID) -> WebhookDelivery:
    """Whatever became of it; one that waits goes now. Raises NotAllowed, NotFound, Conflict."""
    endpoint, delivery = await held_delivery(actor, delivery_id)
    _must_be_enabled(endpoint)
    changed = await current().change(
        """update webhook_deliveries
              set state = 'waiting', attempt = case when state = 'waiting' then attempt else 0 end,
                  next_at = now(), ended_at = null
            where agency_id = $1 and id = any(array(
                  select id from webhook_deliveries where agency_id = $1 and id = $2 for update skip locked))""",
        actor.agency_id,
        delivery.id,
    )
    if not changed:
        raise Conflict("It is being sent at this moment.", path=("input", "webhookDeliveryId"))
    await come_again(endpoint, at=now())
    await record("replayed", endpoint, delivery=str(delivery.id))
    return delivery


async def replay_deliveries(
    actor: Actor, endpoint_id: UUID, *, since: datetime, until: datetime | None, with_delivered: bool
) -> int:
    """Those that have failed, and perhaps those that were delivered, of events in that time; how many. At most
    MOST_REPLAYED, the oldest first: ask again from there. Raises NotAllowed, NotFound, Conflict."""
    endpoint = await held_endpoint(actor, endpoint_id)
    _must_be_enabled(endpoint)
    replayed = await current().change(
        """update webhook_deliveries set state = 'waiting', attempt = 0, next_at = now(), ended_at = null
            where agency_id = $1 and id = any(array(
                  select id from webhook_deliveries
                   where agency_id = $1 and endpoint_id = $2 and created_at >= $3 and created_at < coalesce($4, now())
                     and (state = 'failed' or ($5 and state = 'delivered'))
                   order by created_at, id limit $6 for update skip locked))""",
        actor.agency_id,
        endpoint.id,
        since,
        until,
        with_delivered,
        MOST_REPLAYED,
    )
    if replayed:
        await come_again(endpoint, at=now())
    await record("replayed", endpoint, count=replayed, since=since, until=until)
    return replayed


async def send_test(actor: Actor, endpoint_id: UUID) -> UUID:
    """The id of its delivery. Raises NotAllowed, NotFound, Conflict."""
    endpoint = await held_endpoint(actor, endpoint_id)
    _must_be_enabled(endpoint)
    delivery_id = await queue_test(endpoint)
    await record("tested", endpoint, delivery=str(delivery_id))
    return delivery_id


def _must_be_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.disabled_at is not None:
        raise Conflict("The endpoint is disabled: enable it first.")
