"""What was done to a post on its platform shows in Tend as well, before the platform tells of it."""

from backend.acting.platforms import Order
from backend.communities import hide_post, is_hidden, is_removed, note_recovery, note_removal, show_post
from backend.kit.clock import now


async def note(order: Order) -> None:
    """Nothing for what concerns no post."""
    if order.post_id is None:
        return
    if order.kind == "hide_post":
        await hide_post(order.post_id, workspace_id=order.workspace_id)
    elif order.kind == "unhide_post":
        await show_post(order.post_id, workspace_id=order.workspace_id)
    elif order.kind == "delete_post":
        await note_removal(order.workspace_id, order.post_id, at=now())
    elif order.kind == "recover_post":
        await note_recovery(order.workspace_id, order.post_id, at=now())


async def is_noted(order: Order) -> bool:
    if order.post_id is None:
        return False
    if order.kind in ("hide_post", "unhide_post"):
        return await is_hidden(order.post_id, workspace_id=order.workspace_id) == (order.kind == "hide_post")
    return await is_removed(order.post_id, workspace_id=order.workspace_id) == (order.kind == "delete_post")
