from collections.abc import Sequence
from uuid import UUID

from backend.kit.errors import Invalid, NotFound
from backend.notices.models import Notice
from backend.notices.preferring import MOST_AT_ONCE, own_membership
from tenants.actor import Actor
from tenants.scope import current


async def mark_read(actor: Actor, notices: Sequence[UUID]) -> list[UUID]:
    """The actor's own; what waits to be sent elsewhere is not sent any more. Raises NotAllowed for a machine, Invalid,
    NotFound if one of them is not theirs."""
    membership_id, wanted = own_membership(actor), list(dict.fromkeys(notices))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} at once.", path=("input", "noticeIds"))
    rows = await current().fetch(
        """update notices set read_at = coalesce(read_at, now())
            where agency_id = $1 and id = any($2) and membership_id = $3 returning id""",
        actor.agency_id,
        wanted,
        membership_id,
    )
    if len(rows) != len(wanted):
        raise NotFound(path=("input", "noticeIds"))
    return wanted


async def own_notice(actor: Actor, notice_id: UUID) -> Notice | None:
    """None for one that is not the actor's."""
    return await Notice.get_or_none(id=notice_id, membership_id=own_membership(actor))
