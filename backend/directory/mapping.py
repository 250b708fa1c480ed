"""What a group of the directory means here: one role, for all clients or for those that are named."""

from collections.abc import Collection
from uuid import UUID

from backend.directory.following import follow_groups
from backend.directory.grouping import record
from backend.directory.models import DirectoryGroup
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.provisioning import check_membership
from tenants.rights import ROLES_WITH_AN_END, Right, Role
from tenants.scope import current


async def map_group(
    actor: Actor,
    group_id: UUID,
    *,
    role: Role | None,
    sees_all: bool = False,
    workspaces: Collection[UUID] = (),
    expected_version: int,
) -> None:
    """Everybody in it follows at once, and whoever joins it. Without a role it gives nothing.

    Raises NotAllowed, NotFound for the group or a client, Invalid, Conflict.
    """
    actor.must_hold(Right.MANAGE_SIGN_IN)
    if not actor.sees_all:
        raise NotAllowed("A directory is the whole agency's: whoever maps its groups sees all clients.")
    group = await DirectoryGroup.filter(id=group_id).select_for_update().first()
    if group is None:
        raise NotFound(path=("input", "groupId"))
    await _check(role, sees_all=sees_all, workspaces=workspaces)
    if group.version != expected_version:
        raise Conflict("Somebody has changed this group since you looked.", path=("input", "expectedVersion"))
    scope = current()
    await scope.execute(
        "update directory_groups set role = $3, sees_all = $4, version = version + 1 where agency_id = $1 and id = $2",
        *(actor.agency_id, group_id, None if role is None else role.value, sees_all),
    )
    await scope.execute(
        "delete from directory_group_workspaces where agency_id = $1 and group_id = $2", actor.agency_id, group_id
    )
    await scope.executemany(
        "insert into directory_group_workspaces (agency_id, id, group_id, workspace_id) values ($1, $2, $3, $4)",
        [(actor.agency_id, new_id(), group_id, workspace_id) for workspace_id in set(workspaces)],
    )
    await record(
        "mapped",
        group_id,
        before={"role": group.role, "sees_all": group.sees_all},
        after={"role": role, "sees_all": sees_all},
        workspaces=sorted(map(str, set(workspaces))),
    )
    if role is None and group.role is None:
        return
    members = await scope.fetch(
        "select membership_id from directory_group_members where agency_id = $1 and group_id = $2",
        actor.agency_id,
        group_id,
    )
    await follow_groups(actor, [row["membership_id"] for row in members])


async def _check(role: Role | None, *, sees_all: bool, workspaces: Collection[UUID]) -> None:
    """Raises Invalid, NotFound."""
    if role is None:
        if sees_all or workspaces:
            raise Invalid("Clients without a role mean nothing.", path=("input", "role"))
        return
    if role is Role.OWNER:
        raise Invalid("Owners are made by hand, never by a directory.", path=("input", "role"))
    if role in ROLES_WITH_AN_END:
        raise Invalid(f"A {role} needs an end, which a directory does not say.", path=("input", "role"))
    check_membership(role, sees_all=sees_all, ends_at=None)
    if sees_all and workspaces:
        raise Invalid("Name workspaces, or give all of them.", path=("input", "workspaceIds"))
    if await Workspace.filter(id__in=list(workspaces)).count() != len(set(workspaces)):
        raise NotFound(path=("input", "workspaceIds"))
