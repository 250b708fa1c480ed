from datetime import datetime
from uuid import UUID

from backend import journal
from backend.evidence.models import Hold
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean
from tenants.actor import Actor, system
from tenants.rights import Right
from tenants.scope import current


class OnHold(Conflict):
    code = "ON_HOLD"

    def __init__(self) -> None:
        super().__init__("A legal hold is on it: nothing may be erased until the hold is lifted.")


async def place_hold(actor: Actor, workspace_id: UUID, *, member_id: UUID | None = None, reason: str) -> UUID:
    """From now on nothing of the client, or of this member of it, is erased. Raises NotAllowed, NotFound, Invalid, and
    Conflict where there is such a hold already or nothing is left to be held."""
    actor.must_hold(Right.HOLD)
    await lock_workspace(workspace_id)
    if member_id is not None:
        await _find_member(workspace_id, member_id)
    reason = clean(reason, field="reason", longest=2_000)
    kind, subject_id = ("workspace", workspace_id) if member_id is None else ("member", member_id)
    if await Hold.exists(workspace_id=workspace_id, subject_kind=kind, subject_id=subject_id, lifted_at=None):
        raise Conflict("There is such a hold already.")
    hold = await Hold.create(
        workspace_id=workspace_id,
        subject_kind=kind,
        subject_id=subject_id,
        reason=reason,
        placed_by_id=actor.membership_id,
    )
    await journal.record(
        "hold.placed", subject_kind="hold", subject_id=hold.id, workspace_id=workspace_id, of=f"{kind}_{subject_id}"
    )
    return hold.id


async def preserve_member(workspace_id: UUID, member_id: UUID, *, until: datetime, reason: str) -> None:
    """Law asks that what there is of them is kept until then: the hold that is on them lasts as long at least, a new one
    where there is none. As Tend itself: whoever tells an authority needs no right to hold. Raises
    NotFound, and Conflict for whoever is forgotten."""
    await lock_workspace(workspace_id)
    scope = current()
    extended = await scope.fetchval(
        """update holds set preserved_until = greatest(preserved_until, $4)
            where agency_id = $1 and workspace_id = $2 and subject_kind = 'member' and subject_id = $3
              and lifted_at is null returning id""",
        scope.actor.agency_id,
        workspace_id,
        member_id,
        until,
    )
    if extended is None:
        hold_id = await place_hold(system(scope.actor.agency_id), workspace_id, member_id=member_id, reason=reason)
        await Hold.filter(id=hold_id).update(preserved_until=until)


async def lift_hold(actor: Actor, hold_id: UUID, *, grounds: str) -> UUID:
    """Raises NotAllowed, NotFound, Invalid, and Conflict for a hold that was lifted before, or that law asks for still."""
    actor.must_hold(Right.HOLD)
    hold = await Hold.filter(id=hold_id).select_for_update().first()
    if hold is None:
        raise NotFound(path=("input", "holdId"))
    grounds = clean(grounds, field="grounds", longest=2_000)
    if hold.lifted_at is not None:
        raise Conflict("This hold was lifted before.")
    if hold.preserved_until is not None and hold.preserved_until > now():
        raise Conflict(f"Law asks that this is kept until {hold.preserved_until:%Y-%m-%d}: nobody lifts it before.")
    await Hold.filter(id=hold_id).update(lifted_at=now(), lifted_by_id=actor.membership_id)
    await journal.record(
        "hold.lifted", subject_kind="hold", subject_id=hold.id, workspace_id=hold.workspace_id, grounds=grounds
    )
    return hold.id


async def is_held(workspace_id: UUID, *, member_id: UUID | None = None) -> bool:
    """Whether the client is held, or this member of it; without a member: or any of its members. Who acts upon the
    answer holds `lock_workspace`, so that no hold comes in between."""
    found: bool = await current().fetchval(
        """select exists (select from holds where agency_id = $1 and workspace_id = $2 and lifted_at is null
              and ($3::uuid is null or subject_kind = 'workspace' or subject_id = $3))""",
        current().actor.agency_id,
        workspace_id,
        member_id,
    )
    return found


async def lock_workspace(workspace_id: UUID) -> None:
    """Until the scope ends nobody else places a hold in it or erases. Raises NotFound."""
    actor = current().actor
    found = await current().fetchval(
        """select id from workspaces where agency_id = $1 and id = $2 and ($3 or id = any($4)) and deleted_at is null
              for no key update""",
        actor.agency_id,
        workspace_id,
        actor.sees_all,
        list(actor.workspaces or ()),
    )
    if found is None:
        raise NotFound(path=("input", "workspaceId"))


async def _find_member(workspace_id: UUID, member_id: UUID) -> None:
    row = await current().fetchrow(
        "select erased_at from members where agency_id = $1 and workspace_id = $2 and id = $3",
        current().actor.agency_id,
        workspace_id,
        member_id,
    )
    if row is None:
        raise NotFound(path=("input", "memberId"))
    if row["erased_at"] is not None:
        raise Conflict("Nothing of this member is left to be held.")
