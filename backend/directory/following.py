"""Memberships follow the groups that their people are in: one role each, with the clients of that role's groups."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from backend import people
from tenants.actor import Actor
from tenants.rights import PERSON_ROLES, RIGHTS_OF, Role
from tenants.scope import current

Reach = tuple[Role, bool, frozenset[UUID]]  # as what, whether for all clients, for which
LEAST: Final = Role.SUPPORT  # without a client it sees nothing


async def follow_groups(actor: Actor, memberships: Collection[UUID]) -> None:
    """Each of these has from now on what its mapped groups give: the role with the most rights among them, and the
    clients of the groups of exactly that role. In no mapped group: LEAST, without a client. Owners, and who has ended,
    stay as they are.

    Call after the change, with everybody whom it concerns.
    """
    await hold(actor, memberships)
    for id, has, gets in await _reaches(actor, memberships):
        if has != gets:
            role, sees_all, workspaces = gets
            await people.set_reach(actor, id, role=role, sees_all=sees_all, workspaces=workspaces)


async def has_what_groups_give(actor: Actor, membership_id: UUID) -> bool:
    """False for owners, who have it from nobody."""
    return any(has == gets for _id, has, gets in await _reaches(actor, [membership_id]))


async def hold(actor: Actor, memberships: Collection[UUID]) -> None:
    """Lock them, all at once and in order: of two groups that change at the same moment the second waits here, and then
    reads what the first has written. Call before anything refers to them: a reference holds them too, and two who both
    did that first would wait for each other."""
    await current().execute(
        "select from memberships where agency_id = $1 and id = any($2) order by id for no key update",
        actor.agency_id,
        list(memberships),
    )


async def _reaches(actor: Actor, memberships: Collection[UUID]) -> list[tuple[UUID, Reach, Reach]]:
    """What each has, and what its mapped groups give. Without owners, and without those who have ended."""
    scope = current()
    rows = await scope.fetch(
        """select m.id, m.role, m.sees_all,
                  array(select s.workspace_id from assignments s where s.agency_id = $1 and s.membership_id = m.id) as workspaces
             from memberships m
            where m.agency_id = $1 and m.id = any($2) and m.role <> 'owner' and (m.ends_at is null or m.ends_at > now())
            order by m.id""",
        actor.agency_id,
        list(memberships),
    )
    given: dict[UUID, list[Any]] = {row["id"]: [] for row in rows}
    for mapped in await scope.fetch(
        """select x.membership_id, g.role, g.sees_all,
                  array(select w.workspace_id from directory_group_workspaces w
                         where w.agency_id = $1 and w.group_id = g.id) as workspaces
             from directory_group_members x join directory_groups g on g.agency_id = $1 and g.id = x.group_id
            where x.agency_id = $1 and x.membership_id = any($2) and g.role is not null""",
        actor.agency_id,
        list(given),
    ):
        given[mapped["membership_id"]].append(mapped)
    return [
        (row["id"], (Role(row["role"]), row["sees_all"], frozenset(row["workspaces"])), _reach(given[row["id"]]))
        for row in rows
    ]


def _reach(mapped: list[Any]) -> Reach:
    """Of roles with as many rights, the one that is listed first."""
    roles = {Role(each["role"]) for each in mapped}
    if not roles:
        return LEAST, False, frozenset()
    role = max(roles, key=lambda role: (len(RIGHTS_OF[role]), -PERSON_ROLES.index(role)))
    of_role = [each for each in mapped if each["role"] == role]
    if any(each["sees_all"] for each in of_role):
        return role, True, frozenset()
    return role, False, frozenset(id for each in of_role for id in each["workspaces"])
