from datetime import datetime
from uuid import UUID

from backend.kit.errors import Conflict
from backend.people.granting import held, may_manage
from backend.people.writing_memberships import grounds_of, hand_over, record, write
from tenants.actor import Actor
from tenants.models import Membership
from tenants.rights import Role
from tenants.scope import current


class LastOwner(Conflict):
    """Somebody must be able to do everything."""

    code = "LAST_OWNER"

    def __init__(self) -> None:
        super().__init__("This is the last owner: make somebody else an owner first.", path=("input", "staffId"))


async def end(actor: Actor, membership_id: UUID, *, grounds: str = "", by_directory: bool = False) -> None:
    """For good, and everybody may end their own. Raises NotAllowed, NotFound, LastOwner."""
    is_own = actor.membership_id == membership_id
    if not is_own:
        may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id, is_own=is_own)
    await keep_an_owner(membership)
    if has_ended(membership, await current().now()):
        return
    # Not `ends_at = now()`: a membership that would begin later could not end before that.
    await write(membership, "ends_at = now(), starts_at = null, invited_until = null")
    await close_links(membership.id)
    await let_go(membership)
    await record("ended", membership, grounds=grounds_of(grounds))


async def close_links(membership_id: UUID) -> None:
    """Whatever was mailed to somebody who is invited opens nothing from the commit of the scope on."""
    await current().execute(
        "delete from doors where kind = 'invitation' and agency_id = $1 and target_id = $2",
        current().actor.agency_id,
        membership_id,
    )


def has_ended(membership: Membership, moment: datetime) -> bool:
    return membership.ends_at is not None and membership.ends_at <= moment


async def keep_an_owner(membership: Membership) -> None:
    """Call while holding the row lock on `membership`, before an owner stops being one. Raises LastOwner.

    The agency's row is locked: two owners who let go of each other at the same moment would both find the other.
    """
    if membership.role != Role.OWNER:
        return
    await current().execute("select from agencies where id = $1 for no key update", membership.agency_id)
    others = await current().fetchval(
        """select count(*) from memberships
            where agency_id = $1 and role = 'owner' and id <> $2 and person_id is not null and suspended_at is null
              and ends_at is null and (starts_at is null or starts_at <= now())""",
        membership.agency_id,
        membership.id,
    )
    if others == 0:
        raise LastOwner


async def let_go(membership: Membership) -> None:
    """Sessions that open this agency alone end here; all others no longer open it."""
    if membership.person_id is not None:
        await current().execute(
            "update sessions set revoked_at = now() where person_id = $1 and agency_id = $2 and revoked_at is null",
            membership.person_id,
            membership.agency_id,
        )
    await hand_over(membership)
