"""Communities that live in Tend itself, or in archives that were brought in: what is done to posts is done to Tend's own
rows, and members are told in them."""

from collections.abc import Mapping
from typing import Final

from backend.acting.noting import is_noted, note
from backend.acting.platforms import TOLD, Finding, Hand, Order, Unable
from backend.communities import is_warned, warn_member

_NOBODY_SIGNS_IN: Final = "Nobody signs in to a community that lives in Tend: it is to be done where its members write."
CANNOT: Final[Mapping[str, str]] = dict.fromkeys(
    ("silence_member", "unsilence_member", "suspend_member", "unsuspend_member"), _NOBODY_SIGNS_IN
)
CONFIRMS_ITSELF: Final = False
_USUAL_WARNING: Final = "A post of yours broke the rules of this community. Please read them before you post again."


async def is_done(_hand: Hand, order: Order) -> bool:
    if order.kind in TOLD:
        return await is_warned(order.id, workspace_id=order.workspace_id)
    return await is_noted(order)


async def do(_hand: Hand, order: Order) -> None:
    if order.kind not in TOLD:
        await note(order)
        return
    if order.member_id is None:
        raise Unable("It names nobody who could be told.")
    await warn_member(
        order.member_id,
        workspace_id=order.workspace_id,
        action_id=order.id,
        text=order.message or _USUAL_WARNING,
    )


async def findings(_hand: Hand) -> list[Finding]:
    return [Finding(True, "The community lives in Tend: there is nothing to reach.")]
