"""Rows as resources, and resources as what the directory says."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from scim2_models import InvalidValueException, Meta, Reference

from backend.directory import Group as GroupRow
from backend.directory import GroupSaid, Person, Said
from backend.kit.ids import is_canonical
from backend.web.scim.answering import etag
from backend.web.scim.describing import Email, Group, GroupMember, GroupMembership, Name, User


def user_of(person: Person, base: str) -> User:
    name = Name(given_name=person.given_name, family_name=person.family_name)
    return User.model_construct(
        schemas=[str(User.__schema__)],
        id=str(person.id),
        external_id=person.external_id,
        user_name=person.user_name,
        display_name=person.display_name,
        name=name if person.given_name or person.family_name else None,
        active=person.is_active,
        emails=[Email(value=person.email, type="work")],
        groups=[
            GroupMembership(value=str(id), ref=Reference["Group"](f"{base}/Groups/{id}"), display=display)
            for id, display in person.groups
        ]
        or None,
        meta=_meta("User", person, f"{base}/Users/{person.id}"),
    )


def group_of(group: GroupRow, base: str) -> Group:
    return Group.model_construct(
        schemas=[str(Group.__schema__)],
        id=str(group.id),
        external_id=group.external_id,
        display_name=group.display_name,
        members=members_of(group.members, base) or None,
        meta=_meta("Group", group, f"{base}/Groups/{group.id}"),
    )


def members_of(ids: Sequence[UUID], base: str) -> list[GroupMember]:
    return [GroupMember(value=str(id), ref=Reference["User"](f"{base}/Users/{id}"), type="User") for id in ids]


def said_about(user: User) -> Said:
    """Raises InvalidValueException without an address."""
    addresses = [email for email in user.emails or () if email.value]
    first = next((email for email in addresses if (email.type or "").lower() == "work"), None)
    if first is None and not addresses:
        raise InvalidValueException(detail="A person needs an e-mail address: in `emails`, or as `userName`.")
    name = user.name or Name()
    return Said(
        user_name=user.user_name or "",
        email=(first or addresses[0]).value or "",
        external_id=user.external_id,
        display_name=user.display_name,
        given_name=name.given_name,
        family_name=name.family_name,
        is_active=user.active,
    )


def said_about_group(group: Group) -> GroupSaid:
    return GroupSaid(display_name=group.display_name or "", external_id=group.external_id)


def members_named(group: Group) -> set[UUID]:
    """Raises InvalidValueException for what cannot be a user."""
    ids = set()
    for member in group.members or ():
        if (member.type or "User").lower() != "user" or not is_canonical(member.value or ""):
            raise InvalidValueException(detail="A member is the id of a user of this agency; a group holds no groups.")
        ids.add(UUID(member.value))
    return ids


def with_address(body: Any) -> Any:
    """A user name that is an address is the address where no other is given."""
    names = {key.lower(): key for key in body}
    user_name = body.get(names.get("username", ""))
    if not body.get(names.get("emails", "")) and isinstance(user_name, str) and "@" in user_name:
        return {**body, names.get("emails", "emails"): [{"value": user_name, "type": "work"}]}
    return body


def _meta(resource_type: str, row: Person | GroupRow, location: str) -> Meta:
    return Meta(
        resource_type=resource_type,
        created=row.created_at,
        last_modified=row.changed_at,
        location=location,
        version=etag(row.version),
    )
