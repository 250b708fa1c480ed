from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, NotFound
from backend.notices.models import NoticeDelivery
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def replay_delivery(actor: Actor, delivery_id: UUID) -> UUID:
    """Once more, with all that failed in the same message and under its Message-ID: should it have arrived after all, it
    is shown once. Raises NotAllowed, NotFound, and Conflict for one that has not failed."""
    actor.must_hold(Right.MANAGE_PEOPLE)
    delivery = await NoticeDelivery.filter(id=delivery_id).select_for_update().first()
    if delivery is None:
        raise NotFound(path=("input", "noticeDeliveryId"))
    if delivery.state != "failed" or delivery.message is None:
        raise Conflict("Only what has failed can be sent again.", path=("input", "noticeDeliveryId"))
    await current().execute(
        """update notice_deliveries set state = 'waiting', problem = null, ended_at = null, due_at = now()
            where agency_id = $1 and message = $2 and state = 'failed'""",
        actor.agency_id,
        delivery.message,
    )
    await enqueue(f"{delivery.channel}_notices", {"message": str(delivery.message)})
    await journal.record(
        "notice.replayed",
        subject_kind="noticedelivery",
        subject_id=delivery_id,
        workspace_id=delivery.workspace_id,
        channel=delivery.channel,
    )
    return delivery_id
