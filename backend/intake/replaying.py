from uuid import UUID

from backend import journal
from backend.communities import Connection
from backend.intake.models import PlatformDelivery
from backend.kit.errors import Conflict, NotFound
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import Right


async def replay_platform_delivery(actor: Actor, delivery_id: UUID) -> PlatformDelivery:
    """One that has failed is taken in once more. Raises NotAllowed, NotFound, and Conflict for one that has not failed or
    whose body is gone."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    path = ("input", "platformDeliveryId")
    delivery = await PlatformDelivery.filter(id=delivery_id).select_for_update(no_key=True).get_or_none()
    if delivery is None:
        raise NotFound(path=path)
    if delivery.state != "failed":
        raise Conflict("Only what has failed can be taken in once more.", path=path)
    if delivery.body is None:
        raise Conflict("What it told is not kept any more: have the platform send it again.", path=path)
    delivery.state, delivery.problem, delivery.ended_at = "waiting", None, None
    await delivery.save(update_fields=("state", "problem", "ended_at"))
    await enqueue("take_in_delivery", {"delivery_id": str(delivery.id)}, workspace_id=delivery.workspace_id)
    connection = await Connection.get(id=delivery.connection_id)
    await journal.record(
        "community.delivery_replayed",
        subject_kind="community",
        subject_id=connection.community_id,
        workspace_id=delivery.workspace_id,
        delivery=str(delivery.id),
    )
    return delivery
