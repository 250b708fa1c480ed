from uuid import UUID

from backend.people.ending import keep_an_owner, let_go
from backend.people.granting import held, may_manage
from backend.people.writing_memberships import grounds_of, record, tell_holder, write
from tenants.actor import Actor
from tenants.rights import Role


async def suspend(actor: Actor, membership_id: UUID, *, grounds: str = "", by_directory: bool = False) -> None:
    """Nothing is theirs to see until they are reinstated; what they hold is handed over. Raises NotAllowed, NotFound,
    LastOwner."""
    may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id)
    await keep_an_owner(membership)
    if membership.suspended_at is not None:
        return
    await write(membership, "suspended_at = now(), suspended_by_directory = $3", by_directory)
    await let_go(membership)
    await record("suspended", membership, grounds=grounds_of(grounds))


async def reinstate(actor: Actor, membership_id: UUID, *, by_directory: bool = False) -> None:
    """What a suspension took is theirs again; a directory lifts its own only. Raises NotAllowed, NotFound."""
    may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id)
    if membership.suspended_at is None or (by_directory and not membership.suspended_by_directory):
        return
    await write(membership, "suspended_at = null, suspended_by_directory = false")
    await record("reinstated", membership)
    await tell_holder(membership, Role(membership.role))
