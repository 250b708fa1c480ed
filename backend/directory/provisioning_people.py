"""People come, change and go as the agency's directory says."""

from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from backend import journal, people
from backend.directory.following import LEAST, has_what_groups_give
from backend.directory.searching import Person, person
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.models import Identity, Membership
from tenants.rights import Right
from tenants.scope import current


class Taken(Conflict):
    """Somebody or something else has what must be unique in the agency."""

    code = "TAKEN"


class OwnersAreKept(Conflict):
    """A directory neither makes nor unmakes owners: whoever steals its key stays below them."""

    code = "OWNERS_ARE_KEPT"

    def __init__(self) -> None:
        super().__init__("This person is an owner: owners are made, changed and ended in Tend, not by a directory.")


class AddressIsKept(Conflict):
    """Whoever signs in with this address becomes this person, with all that was given to them by hand."""

    code = "ADDRESS_IS_KEPT"

    def __init__(self) -> None:
        super().__init__(
            "This person has more than their groups give and has not signed in with the agency's provider yet: their "
            "address is changed in Tend, not by a directory."
        )


@dataclass(frozen=True, slots=True)
class Said:
    """All that the directory says about a person. Without a display name they go by given and family name, and
    without those by their user name. `is_active` None: as it is; a new one is."""

    user_name: str
    email: str
    external_id: str | None = None
    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    is_active: bool | None = None

    @property
    def name(self) -> str:
        full = " ".join(part for part in (self.given_name, self.family_name) if part)
        return (self.display_name or full or self.user_name)[:200]


async def provision(actor: Actor, said: Said) -> UUID:
    """A membership that whoever signs in with this address through the agency's provider will find. It sees nothing
    until a group gives it something. One that has ended begins anew.

    Raises NotAllowed, Invalid, Taken.
    """
    may_provision(actor)
    said = _checked(said)
    await _leave_what_has_ended(actor, said)
    # Found first and asked about then: somebody who provisions them at this moment is seen by the one or the other.
    membership = await Membership.filter(email=said.email).select_for_update().first()
    await _refuse_taken(actor, said, itself=None)
    role = LEAST.value
    if membership is None:
        membership = await Membership.create(
            role=role, sees_all=False, name=said.name, email=said.email, external_id=said.external_id
        )
    else:
        await current().execute(
            """update memberships set role = $3, sees_all = false, name = $4, external_id = $5, starts_at = null,
                      ends_at = null, suspended_at = null, invited_until = null, grown_at = now(), version = version + 1
                where agency_id = $1 and id = $2""",
            *(actor.agency_id, membership.id, role, said.name, said.external_id),
        )
        await current().execute(
            "delete from assignments where agency_id = $1 and membership_id = $2", actor.agency_id, membership.id
        )
    await _write_words(actor, membership.id, said)
    await _record("provisioned", membership.id)
    if said.is_active is False:
        await people.suspend(actor, membership.id, by_directory=True)
    return membership.id


async def change(actor: Actor, membership_id: UUID, said: Said) -> None:
    """Raises NotAllowed, NotFound, Invalid, Taken, OwnersAreKept, AddressIsKept."""
    may_provision(actor)
    said = _checked(said)
    before = await held(actor, membership_id)
    is_active = before.is_active if said.is_active is None else said.is_active
    if before.is_owner and (said.email != before.email or is_active != before.is_active):
        raise OwnersAreKept
    if said.email != before.email and not await _may_move(actor, membership_id):
        raise AddressIsKept
    changed = [
        field.name
        for field in fields(Said)
        if field.name != "is_active" and getattr(said, field.name) != getattr(before, field.name)
    ]
    if changed:
        await _leave_what_has_ended(actor, said)
        await _refuse_taken(actor, said, itself=membership_id)
        await current().execute(
            """update memberships set name = $3, email = $4, external_id = $5, version = version + 1
                where agency_id = $1 and id = $2""",
            *(actor.agency_id, membership_id, said.name, said.email, said.external_id),
        )
        await _write_words(actor, membership_id, said)
        if said.email != before.email:
            # A link that was mailed proves the old address, and would make its reader the person with the new one.
            await people.close_links(membership_id)
        await _record("described", membership_id, changed=changed)
    if is_active and not before.is_active:
        await people.reinstate(actor, membership_id, by_directory=True)
    if before.is_active and not is_active:
        await people.suspend(actor, membership_id, by_directory=True)


async def remove(actor: Actor, membership_id: UUID) -> None:
    """The membership ends; it may be provisioned anew. Raises NotAllowed, NotFound, OwnersAreKept."""
    may_provision(actor)
    before = await held(actor, membership_id)
    if before.is_owner:
        raise OwnersAreKept
    await people.end(actor, membership_id, by_directory=True)
    await _forget(actor, membership_id)


async def held(actor: Actor, membership_id: UUID) -> Person:
    """As it is now, its row locked. Raises NotFound."""
    locked = await current().fetchval(
        "select id from memberships where agency_id = $1 and id = $2 for update", actor.agency_id, membership_id
    )
    found = None if locked is None else await person(actor, membership_id)
    if found is None:
        raise NotFound
    return found


def may_provision(actor: Actor) -> None:
    """Raises NotAllowed, Invalid."""
    actor.must_hold(Right.PROVISION)
    if not actor.is_of_agency:
        raise Invalid("A directory is the whole agency's.")


def _checked(said: Said) -> Said:
    """Without surrounding blanks, the address in lower case. Raises Invalid."""
    return Said(
        user_name=clean(said.user_name, field="userName", longest=320),
        email=_address(said.email),
        external_id=_optional(said.external_id, "externalId"),
        display_name=_optional(said.display_name, "displayName"),
        given_name=_optional(said.given_name, "givenName"),
        family_name=_optional(said.family_name, "familyName"),
        is_active=said.is_active,
    )


def _address(text: str) -> str:
    """Raises Invalid."""
    try:
        return people.address(text.strip())
    except Invalid:
        raise Invalid("A person needs an e-mail address: in `emails`, or as `userName`.", path=("emails",)) from None


def _optional(text: str | None, field: str) -> str | None:
    """An empty text is none."""
    return clean(text or "", field=field, longest=200, may_be_empty=True) or None


async def _may_move(actor: Actor, membership_id: UUID) -> bool:
    """Whether another address opens nothing to whoever has it: the person is linked to who they are at the provider, or
    has nothing but what the directory gave them."""
    return await Identity.exists(membership_id=membership_id) or await has_what_groups_give(actor, membership_id)


async def _refuse_taken(actor: Actor, said: Said, *, itself: UUID | None) -> None:
    """Raises Taken."""
    row = await current().fetchrow(
        """select bool_or(m.email = $4) as email, bool_or(m.external_id = $5) as external_id
             from memberships m left join directory_people d on d.agency_id = $1 and d.membership_id = m.id
            where m.agency_id = $1 and m.id is distinct from $2
              and ((d.user_key = $3 or (d.id is null and m.email = $3)) and (m.ends_at is null or m.ends_at > now())
                   or m.email = $4 and (m.ends_at is null or m.ends_at > now() or $2 is not null) or m.external_id = $5)
           having count(*) > 0""",
        *(actor.agency_id, itself, said.user_name.lower(), said.email, said.external_id),
    )
    if row is None:
        return
    taken = "e-mail address" if row["email"] else "externalId" if row["external_id"] else "userName"
    raise Taken(f"Somebody else has this {taken}.")


async def _leave_what_has_ended(actor: Actor, said: Said) -> None:
    """What those who have ended were called is free again. Ended by hand, they still have it."""
    rows = await current().fetch(
        """select m.id from memberships m left join directory_people d on d.agency_id = $1 and d.membership_id = m.id
            where m.agency_id = $1 and m.ends_at <= now()
              and (d.user_key = $2 or m.email = $3 or m.external_id = $4)
            order by m.id for update of m""",
        *(actor.agency_id, said.user_name.lower(), said.email, said.external_id),
    )
    for row in rows:
        await _forget(actor, row["id"])


async def _forget(actor: Actor, membership_id: UUID) -> None:
    """The directory's words about a membership that has ended, and its groups."""
    scope = current()
    for table in ("directory_people", "directory_group_members"):
        await scope.execute(
            f"delete from {table} where agency_id = $1 and membership_id = $2", actor.agency_id, membership_id
        )
    await scope.execute(
        "update memberships set external_id = null where agency_id = $1 and id = $2", actor.agency_id, membership_id
    )


async def _write_words(actor: Actor, membership_id: UUID, said: Said) -> None:
    await current().execute(
        """insert into directory_people (agency_id, id, membership_id, user_name, user_key, display_name, given_name, family_name)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (agency_id, membership_id) do update
              set user_name = excluded.user_name, user_key = excluded.user_key, display_name = excluded.display_name,
                  given_name = excluded.given_name, family_name = excluded.family_name""",
        *(actor.agency_id, new_id(), membership_id, said.user_name, said.user_name.lower()),
        *(said.display_name, said.given_name, said.family_name),
    )


async def _record(verb: str, membership_id: UUID, **detail: Any) -> None:
    await journal.record(
        f"membership.{verb}", subject_kind="staff", subject_id=membership_id, workspace_id=None, **detail
    )
