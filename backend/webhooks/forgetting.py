from collections.abc import Mapping
from typing import Any

from backend.webhooks.thresholds import KEPT_FOR
from tenants.actor import Actor
from tenants.scope import current


async def forget_webhooks(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: events older than KEPT_FOR go, with their deliveries and attempts."""
    await current().execute(
        "delete from webhook_events where agency_id = $1 and occurred_at < now() - $2::interval",
        system.agency_id,
        KEPT_FOR,
    )
