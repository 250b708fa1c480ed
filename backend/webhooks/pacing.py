"""Lanes: however slow a server is, at most so many workers wait for it at once."""

from datetime import datetime, timedelta
from uuid import UUID

from backend.kit.clock import now
from backend.outbox import enqueue
from backend.webhooks.models import WebhookEndpoint
from backend.webhooks.thresholds import BUSY_SECONDS, LANES
from tenants import locks
from tenants.scope import current


async def free_lane(endpoint: WebhookEndpoint) -> int | None:
    """A lane that is the caller's until their transaction ends; None where all are taken. A server that is slow or
    fails has one only."""
    lanes = 1 if endpoint.is_slow or endpoint.failures else LANES
    for lane in range(lanes):
        if await current().lock_if_free(locks.LANE + lane, endpoint.id):
            return lane
    return None


async def hold_all_lanes(endpoint_id: UUID) -> bool:
    """Whether nothing is being sent to it, and will not be until the caller's transaction ends."""
    return all([await current().lock_if_free(locks.LANE + lane, endpoint_id) for lane in range(LANES)])


async def come_again(endpoint: WebhookEndpoint, *, at: datetime | None = None, lane: int = 0) -> None:
    """One job for each lane, however many ask; a little later where no time is named."""
    await enqueue(
        "deliver_webhooks",
        {"endpoint_id": str(endpoint.id)},
        workspace_id=endpoint.workspace_id,
        run_at=at or now() + timedelta(seconds=BUSY_SECONDS),
        dedupe_key=f"deliver_webhooks:{endpoint.id}:{lane}",
    )
