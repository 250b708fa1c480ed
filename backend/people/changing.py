"""Memberships change: another role, other clients, a pause, an end."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.models import Membership, Workspace
from tenants.provisioning import check_membership
from tenants.rights import RIGHTS_OF, Right, Role
from tenants.scope import current

_SHOWN: Final = ("role", "sees_all", "starts_at", "ends_at")  # what the journal tells before and after


class LastOwner(Conflict):
    """Somebody must be able to do everything."""

    code = "LAST_OWNER"

    def __init__(self) -> None:
        super().__init__("This is the last owner: make somebody else an owner first.", path=("input", "staffId"))


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
    if has_ended(membership, await _now()):
        raise Conflict("This membership has ended: invite them again.", path=("input", "staffId"))
    if role is not Role.OWNER or ends_at is not None or starts_at is not None:
        await _keep_an_owner(membership)
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
        await _keep_an_owner(membership)
    await _set(
        actor,
        membership,
        role=role,
        sees_all=sees_all,
        workspaces=workspaces,
        starts_at=membership.starts_at,
        ends_at=membership.ends_at,
    )


async def suspend(actor: Actor, membership_id: UUID, *, grounds: str = "", by_directory: bool = False) -> None:
    """Nothing is theirs to see until they are reinstated; what they hold is handed over. Raises NotAllowed, NotFound,
    LastOwner."""
    may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id)
    await _keep_an_owner(membership)
    if membership.suspended_at is not None:
        return
    await _write(membership, "suspended_at = now(), suspended_by_directory = $3", by_directory)
    await _let_go(membership)
    await _record("suspended", membership, grounds=_reason(grounds))


async def reinstate(actor: Actor, membership_id: UUID, *, by_directory: bool = False) -> None:
    """What a suspension took is theirs again; a directory lifts its own only. Raises NotAllowed, NotFound."""
    may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id)
    if membership.suspended_at is None or (by_directory and not membership.suspended_by_directory):
        return
    await _write(membership, "suspended_at = null, suspended_by_directory = false")
    await _record("reinstated", membership)
    await _tell(membership, Role(membership.role))


async def end(actor: Actor, membership_id: UUID, *, grounds: str = "", by_directory: bool = False) -> None:
    """For good, and everybody may end their own. Raises NotAllowed, NotFound, LastOwner."""
    is_own = actor.membership_id == membership_id
    if not is_own:
        may_manage(actor, by_directory=by_directory)
    membership = await held(actor, membership_id, is_own=is_own)
    await _keep_an_owner(membership)
    if has_ended(membership, await _now()):
        return
    # Not `ends_at = now()`: a membership that would begin later could not end before that.
    await _write(membership, "ends_at = now(), starts_at = null, invited_until = null")
    await close_links(membership.id)
    await _let_go(membership)
    await _record("ended", membership, grounds=_reason(grounds))


async def close_links(membership_id: UUID) -> None:
    """Whatever was mailed to somebody who is invited opens nothing from the commit of the scope on."""
    await current().execute(
        "delete from doors where kind = 'invitation' and agency_id = $1 and target_id = $2",
        current().actor.agency_id,
        membership_id,
    )


def has_ended(membership: Membership, moment: datetime) -> bool:
    return membership.ends_at is not None and membership.ends_at <= moment


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
    if not actor.is_of_agency and not await _workspaces_of(membership.id) <= (actor.workspaces or frozenset()):
        raise NotAllowed("This person also works for clients that you do not see.", path=("input", "staffId"))
    return membership


async def _keep_an_owner(membership: Membership) -> None:
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
    had = await _workspaces_of(membership.id)
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
    await _write(
        membership,
        "role = $3, sees_all = $4, starts_at = $5, ends_at = $6, grown_at = case when $7 then now() else grown_at end",
        *(role.value, sees_all, starts_at, ends_at, grows),
    )
    await assign(membership.id, wanted)
    narrows = not sees_all and (membership.sees_all or had - wanted)
    if narrows or not RIGHTS_OF[Role(membership.role)] <= RIGHTS_OF[role]:
        await _hand_over(membership)
    await _record("changed", membership, before=before, after=after)
    await _tell(membership, role)


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


async def _write(membership: Membership, change: str, *values: Any) -> None:
    await current().execute(
        f"update memberships set {change}, version = version + 1 where agency_id = $1 and id = $2",
        membership.agency_id,
        membership.id,
        *values,
    )


async def _let_go(membership: Membership) -> None:
    """Sessions that open this agency alone end here; all others no longer open it."""
    if membership.person_id is not None:
        await current().execute(
            "update sessions set revoked_at = now() where person_id = $1 and agency_id = $2 and revoked_at is null",
            membership.person_id,
            membership.agency_id,
        )
    await _hand_over(membership)


async def _hand_over(membership: Membership) -> None:
    """What they hold goes back to whoever comes next: a job, since those who gave it stand above."""
    await enqueue("hand_over", {"membership_id": str(membership.id)}, dedupe_key=f"hand_over:{membership.id}")


async def _workspaces_of(membership_id: UUID) -> frozenset[UUID]:
    scope = current()
    rows = await scope.fetch(
        "select workspace_id from assignments where agency_id = $1 and membership_id = $2",
        scope.actor.agency_id,
        membership_id,
    )
    return frozenset(row["workspace_id"] for row in rows)


def _check_period(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("A membership ends after it begins.", path=("input", "endsAt"))


def _reason(grounds: str) -> str | None:
    """Raises Invalid."""
    return clean(grounds, field="grounds", longest=2_000, may_be_empty=True) or None


async def _now() -> datetime:
    moment: datetime = await current().fetchval("select now()")
    return moment


async def _tell(membership: Membership, role: Role) -> None:
    if membership.person_id is not None:
        await tell(
            [Recipient(membership_id=membership.id)],
            kind="membership_changed",
            subject_id=membership.id,
            workspace_id=None,
            text="Your membership was changed: your role, your clients or your time.",
            occasion=str(membership.version + 1),
            facts={"role": role.value},
        )


async def _record(verb: str, membership: Membership, **detail: Any) -> None:
    await journal.record(
        f"membership.{verb}", subject_kind="staff", subject_id=membership.id, workspace_id=None, **detail
    )
