"""Another role, other clients, another time for a membership."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from backend.people.ending import has_ended, keep_an_owner
from backend.people.granting import held, may_grant, may_manage, workspaces_of
from backend.people.writing_memberships import hand_over, record, tell_holder, write
from tenants.actor import Actor
from tenants.models import Membership
from tenants.provisioning import check_membership
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import current

_SHOWN: Final = ("role", "sees_all", "starts_at", "ends_at")  # what the journal tells before and after


async def change_membership(
    actor: Actor,
    membership_id: UUID,
    *,
    role: Role,
    sees_all: bool,
    workspaces: Collection[UUID],
    starts_at: datetime | None,
    ends_at: datetime | None,
    expected_version: int | None = None,
) -> None:
    """All of what a membership gives is now this. Who may do more than before renews their session first; who reaches
    fewer clients hands over what they hold there.

    Raises NotAllowed for more than the actor may do themselves, NotFound, Invalid, Conflict, LastOwner.
    """
    may_manage(actor)
    _check_period(starts_at, ends_at)
    membership = await held(actor, membership_id)
    if expected_version is not None and expected_version != membership.version:
        raise Conflict("Somebody has changed this membership since you looked.", path=("input", "expectedVersion"))
    if has_ended(membership, await current().now()):
        raise Conflict("This membership has ended: invite them again.", path=("input", "staffId"))
    if role is not Role.OWNER or ends_at is not None or starts_at is not None:
        await keep_an_owner(membership)
    await _set(
        actor, membership, role=role, sees_all=sees_all, workspaces=workspaces, starts_at=starts_at, ends_at=ends_at
    )


async def set_reach(
    actor: Actor, membership_id: UUID, *, role: Role, sees_all: bool, workspaces: Collection[UUID]
) -> None:
    """Another role or other clients, for the same time, as the agency's directory says. As `change_membership`."""
    may_manage(actor, by_directory=True)
    membership = await held(actor, membership_id)
    if role is not Role.OWNER:
        await keep_an_owner(membership)
    await _set(
        actor,
        membership,
        role=role,
        sees_all=sees_all,
        workspaces=workspaces,
        starts_at=membership.starts_at,
        ends_at=membership.ends_at,
    )


async def assign(membership_id: UUID, workspaces: frozenset[UUID]) -> None:
    """The membership works for exactly these from now on."""
    scope = current()
    await scope.execute(
        "delete from assignments where agency_id = $1 and membership_id = $2 and not workspace_id = any($3)",
        scope.actor.agency_id,
        membership_id,
        list(workspaces),
    )
    await scope.executemany(
        """insert into assignments (agency_id, id, membership_id, workspace_id) values ($1, $2, $3, $4)
           on conflict (agency_id, membership_id, workspace_id) do nothing""",
        [(scope.actor.agency_id, new_id(), membership_id, workspace_id) for workspace_id in workspaces],
    )


async def _set(
    actor: Actor,
    membership: Membership,
    *,
    role: Role,
    sees_all: bool,
    workspaces: Collection[UUID],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> None:
    check_membership(role, sees_all=sees_all, ends_at=ends_at)
    await may_grant(actor, role=role, sees_all=sees_all, workspaces=workspaces)
    had = await workspaces_of(membership.id)
    wanted = frozenset(workspaces)
    grows = (
        not RIGHTS_OF[role] <= RIGHTS_OF[Role(membership.role)]
        or (sees_all and not membership.sees_all)
        or (not membership.sees_all and not wanted <= had)
    )
    before: dict[str, Any] = {name: getattr(membership, name) for name in _SHOWN} | {
        "workspaces": sorted(map(str, had))
    }
    after: dict[str, Any] = dict(zip(_SHOWN, (role.value, sees_all, starts_at, ends_at), strict=True))
    after["workspaces"] = sorted(map(str, wanted))
    if before == after:
        return
    await write(
        membership,
        "role = $3, sees_all = $4, starts_at = $5, ends_at = $6, grown_at = case when $7 then now() else grown_at end",
        *(role.value, sees_all, starts_at, ends_at, grows),
    )
    await assign(membership.id, wanted)
    narrows = not sees_all and (membership.sees_all or had - wanted)
    if narrows or not RIGHTS_OF[Role(membership.role)] <= RIGHTS_OF[role]:
        await hand_over(membership)
    await record("changed", membership, before=before, after=after)
    await tell_holder(membership, role)


def _check_period(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("A membership ends after it begins.", path=("input", "endsAt"))
