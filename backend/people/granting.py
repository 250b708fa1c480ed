"""Who may give what to whom: nobody more than they have themselves."""

from collections.abc import Collection
from uuid import UUID

from backend.kit.errors import Invalid, NotAllowed, NotFound
from tenants.actor import Actor
from tenants.models import Membership, Workspace
from tenants.rights import RIGHTS_OF, Right, Role
from tenants.scope import current


def may_manage(actor: Actor, *, by_directory: bool = False) -> None:
    """Raises NotAllowed. The agency's directory manages people by its own right, and only through backend.directory:
    its key invites nobody."""
    actor.must_hold(Right.PROVISION if by_directory else Right.MANAGE_PEOPLE)


async def may_grant(actor: Actor, *, role: Role, sees_all: bool, workspaces: Collection[UUID]) -> None:
    """Nobody gives what they do not have. Raises NotAllowed, NotFound for a client that is not theirs, Invalid."""
    if not may_act_on(actor, role, sees_all=sees_all):
        raise NotAllowed("You may not give more than you have yourself.", path=("input", "role"))
    if sees_all and workspaces:
        raise Invalid("Name workspaces, or give all of them.", path=("input", "workspaceIds"))
    found = await Workspace.filter(id__in=list(workspaces)).count()
    if found != len(set(workspaces)):
        raise NotFound(path=("input", "workspaceIds"))


def may_act_on(actor: Actor, role: Role, *, sees_all: bool) -> bool:
    """Whether somebody of this role and reach has no more than the actor. A directory acts on all but owners."""
    if sees_all and not actor.is_of_agency:
        return False
    if actor.api_client_id is not None and actor.holds(Right.PROVISION):
        return role is not Role.OWNER
    return RIGHTS_OF[role] <= actor.rights


async def held(actor: Actor, membership_id: UUID, *, is_own: bool = False) -> Membership:
    """The membership, its row locked. Raises NotFound, NotAllowed for one that has more than the actor."""
    membership = await Membership.filter(id=membership_id).select_for_update().first()
    if membership is None:
        raise NotFound(path=("input", "staffId"))
    if is_own:
        return membership
    if not may_act_on(actor, Role(membership.role), sees_all=membership.sees_all):
        raise NotAllowed("This person may do more than you.", path=("input", "staffId"))
    if not actor.is_of_agency and not await workspaces_of(membership.id) <= (actor.workspaces or frozenset()):
        raise NotAllowed("This person also works for clients that you do not see.", path=("input", "staffId"))
    return membership


async def workspaces_of(membership_id: UUID) -> frozenset[UUID]:
    scope = current()
    rows = await scope.fetch(
        "select workspace_id from assignments where agency_id = $1 and membership_id = $2",
        scope.actor.agency_id,
        membership_id,
    )
    return frozenset(row["workspace_id"] for row in rows)
