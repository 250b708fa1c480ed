from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, NotFound
from backend.notices.catalogue import KINDS
from backend.notices.gathering import gather_again, promise_message
from backend.notices.models import NoticeDelivery
from backend.notices.sending import send_again
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import Right


async def replay_delivery(actor: Actor, delivery_id: UUID) -> UUID:
    """Once more, with all that failed in the same message and under its Message-ID: should it have arrived after all, it
    is shown once. What was given up before it was in one is put together now, and goes. Raises
    NotAllowed, NotFound, and Conflict for one that has not failed."""
    actor.must_hold(Right.MANAGE_PEOPLE)
    delivery = await NoticeDelivery.filter(id=delivery_id).select_for_update().first()
    if delivery is None:
        raise NotFound(path=("input", "noticeDeliveryId"))
    if delivery.state != "failed":
        raise Conflict("Only what has failed can be sent again.", path=("input", "noticeDeliveryId"))
    way = "danger" if KINDS[delivery.kind].is_danger else "notices"
    if delivery.message is None:
        payload = {
            "membership_id": str(delivery.membership_id),
            "channel": delivery.channel,
            "due_at": delivery.due_at.isoformat(),
        }
        await gather_again(actor, payload)
        await enqueue(f"gather_{way}", payload)
    else:
        await send_again(actor, {"message": str(delivery.message)})
        await promise_message(delivery.channel, delivery.message, is_danger=way == "danger")
    await journal.record(
        "notice.replayed",
        subject_kind="noticedelivery",
        subject_id=delivery_id,
        workspace_id=delivery.workspace_id,
        channel=delivery.channel,
    )
    return delivery_id
