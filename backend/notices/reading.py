from collections.abc import Sequence
from uuid import UUID

from backend.kit.errors import Invalid, NotFound
from backend.notices.catalogue import may_know
from backend.notices.models import Notice
from backend.notices.preferring import MOST_AT_ONCE, own_membership
from tenants.actor import Actor
from tenants.scope import current


def readable(row: str, *, agency: str, membership: str) -> str:
    """SQL, of SQL: whether the notice is theirs and they may still know of it."""
    role = f"(select role from memberships where agency_id = {agency} and id = {membership})"
    return f"{row}.membership_id = {membership} and {may_know(f'{row}.kind', role)}"


async def mark_read(actor: Actor, notices: Sequence[UUID]) -> list[UUID]:
    """The actor's own; what waits to be sent elsewhere is not sent any more. Raises NotAllowed for a machine, Invalid,
    NotFound if one of them is not theirs."""
    membership_id, wanted = own_membership(actor), list(dict.fromkeys(notices))
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} at once.", path=("input", "noticeIds"))
    rows = await current().fetch(
        f"""update notices set read_at = coalesce(read_at, now())
             where agency_id = $1 and id = any($2) and {readable("notices", agency="$1", membership="$3")} returning id""",
        actor.agency_id,
        wanted,
        membership_id,
    )
    if len(rows) != len(wanted):
        raise NotFound(path=("input", "noticeIds"))
    return wanted


async def own_notice(actor: Actor, notice_id: UUID) -> Notice | None:
    """None for one that is not the actor's, or not any more."""
    id = await current().fetchval(
        f"select id from notices where agency_id = $1 and id = $2 and {readable('notices', agency='$1', membership='$3')}",
        actor.agency_id,
        notice_id,
        own_membership(actor),
    )
    return None if id is None else await Notice.get(id=id)
