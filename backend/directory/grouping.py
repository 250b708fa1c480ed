"""Groups come, change and go as the agency's directory says; what they mean here is said in mapping.py."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import journal
from backend.directory.following import follow_groups, hold
from backend.directory.models import DirectoryGroup
from backend.directory.provisioning_people import Taken, may_provision
from backend.directory.searching import THERE, Group, group
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class GroupSaid:
    """What the directory says about a group, besides who is in it."""

    display_name: str
    external_id: str | None = None


async def create_group(actor: Actor, said: GroupSaid, *, members: Collection[UUID] = ()) -> UUID:
    """It gives its people nothing until somebody maps it. Raises NotAllowed, Invalid, Taken."""
    may_provision(actor)
    said = _checked(said)
    await _refuse_taken(actor, said, itself=None)
    made = await DirectoryGroup.create(
        display_name=said.display_name, name_key=said.display_name.lower(), external_id=said.external_id
    )
    await _add(actor, made.id, members)
    await record("created", made.id, display_name=said.display_name, members=len(members))
    return made.id


async def change_group(
    actor: Actor,
    group_id: UUID,
    said: GroupSaid,
    *,
    added: Collection[UUID] = (),
    removed: Collection[UUID] = (),
) -> None:
    """Its people follow at once. Raises NotAllowed, NotFound, Invalid for somebody who is not there, Taken."""
    may_provision(actor)
    said = _checked(said)
    before = await group_held(actor, group_id)
    await hold(actor, {*added, *removed})
    joined = await _add(actor, group_id, added)
    left = await _remove(actor, group_id, removed)
    if (said.display_name, said.external_id) != (before.display_name, before.external_id):
        await _refuse_taken(actor, said, itself=group_id)
    elif not joined and not left:
        return
    await current().execute(
        """update directory_groups set display_name = $3, name_key = $4, external_id = $5, version = version + 1
            where agency_id = $1 and id = $2""",
        *(actor.agency_id, group_id, said.display_name, said.display_name.lower(), said.external_id),
    )
    await record(
        "changed",
        group_id,
        display_name=said.display_name,
        joined=sorted(map(str, joined)),
        left=sorted(map(str, left)),
    )
    if before.is_mapped:
        await follow_groups(actor, joined | left)


async def delete_group(actor: Actor, group_id: UUID) -> None:
    """What it gave its people is theirs no more. Raises NotAllowed, NotFound."""
    may_provision(actor)
    before = await group_held(actor, group_id)
    scope = current()
    everybody = await scope.fetch(
        "delete from directory_group_members where agency_id = $1 and group_id = $2 returning membership_id",
        actor.agency_id,
        group_id,
    )
    await scope.execute(
        "delete from directory_group_workspaces where agency_id = $1 and group_id = $2", actor.agency_id, group_id
    )
    await scope.execute("delete from directory_groups where agency_id = $1 and id = $2", actor.agency_id, group_id)
    await record("deleted", group_id, display_name=before.display_name)
    if before.is_mapped:
        await follow_groups(actor, {row["membership_id"] for row in everybody})


async def group_held(actor: Actor, group_id: UUID) -> Group:
    """As it is now, without its members, its row locked. Raises NotFound."""
    locked = await current().fetchval(
        "select id from directory_groups where agency_id = $1 and id = $2 for update", actor.agency_id, group_id
    )
    found = None if locked is None else await group(actor, group_id, with_members=False)
    if found is None:
        raise NotFound
    return found


async def members_among(actor: Actor, group_id: UUID, memberships: Collection[UUID] | None) -> list[UUID]:
    """Who of these is in the group; None: who is."""
    rows = await current().fetch(
        f"""select x.membership_id from directory_group_members x
             join memberships m on m.agency_id = $1 and m.id = x.membership_id
            where x.agency_id = $1 and x.group_id = $2 and {THERE} and ($3::uuid[] is null or x.membership_id = any($3))""",
        actor.agency_id,
        group_id,
        None if memberships is None else list(memberships),
    )
    return [row["membership_id"] for row in rows]


async def record(verb: str, group_id: UUID, **detail: Any) -> None:
    await journal.record(
        f"directorygroup.{verb}", subject_kind="directorygroup", subject_id=group_id, workspace_id=None, **detail
    )


def _checked(said: GroupSaid) -> GroupSaid:
    """Raises Invalid."""
    external_id = said.external_id
    return GroupSaid(
        clean(said.display_name, field="displayName", longest=200),
        None if external_id is None else clean(external_id, field="externalId", longest=200, may_be_empty=True) or None,
    )


async def _refuse_taken(actor: Actor, said: GroupSaid, *, itself: UUID | None) -> None:
    """Raises Taken."""
    row = await current().fetchrow(
        """select name_key = $3 as by_name from directory_groups
            where agency_id = $1 and id is distinct from $2 and (name_key = $3 or external_id = $4) limit 1""",
        *(actor.agency_id, itself, said.display_name.lower(), said.external_id),
    )
    if row is not None:
        raise Taken(f"Another group has this {'displayName' if row['by_name'] else 'externalId'}.")


async def _add(actor: Actor, group_id: UUID, memberships: Collection[UUID]) -> set[UUID]:
    """Who of these was not in it. Raises Invalid."""
    wanted = set(memberships)
    scope = current()
    there = await scope.fetch(
        f"select m.id from memberships m where m.agency_id = $1 and m.id = any($2) and {THERE}",
        actor.agency_id,
        list(wanted),
    )
    if len(there) != len(wanted):
        raise Invalid("A member is not there: a group holds users of this agency only.", path=("members",))
    new = wanted - set(await members_among(actor, group_id, wanted))
    await scope.executemany(
        """insert into directory_group_members (agency_id, id, group_id, membership_id) values ($1, $2, $3, $4)
           on conflict (agency_id, group_id, membership_id) do nothing""",
        [(actor.agency_id, new_id(), group_id, membership_id) for membership_id in new],
    )
    return new


async def _remove(actor: Actor, group_id: UUID, memberships: Collection[UUID]) -> set[UUID]:
    """Who of these was in it."""
    rows = await current().fetch(
        """delete from directory_group_members where agency_id = $1 and group_id = $2 and membership_id = any($3)
           returning membership_id""",
        *(actor.agency_id, group_id, list(memberships)),
    )
    return {row["membership_id"] for row in rows}
