"""New agencies, workspaces, memberships and API keys."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from tortoise.exceptions import IntegrityError

from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor, system
from tenants.doors import hash_of, new_token, register_person
from tenants.models import Agency, ApiKey, Assignment, Membership, Workspace
from tenants.rights import PERSON_ROLES, ROLES_WITH_AN_END, Right, Role
from tenants.scope import agency_scope

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


class SlugTaken(Conflict):
    code = "SLUG_TAKEN"


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def check_slug(slug: str, *, field: str = "slug") -> str:
    """Raises Invalid unless `slug` is 2 to 63 lower-case letters, digits and hyphens."""
    if not is_slug(slug):
        raise Invalid("A short name is 2 to 63 lower-case letters, digits and hyphens.", path=("input", field))
    return slug


async def provision_agency(*, slug: str, name: str) -> UUID:
    """A new agency; its owner is added by `add_member`. Raises SlugTaken."""
    check_slug(slug)
    name = clean(name, field="name", longest=200)
    agency_id = new_id()
    try:
        async with agency_scope(system(agency_id)) as scope:
            await Agency.create(id=agency_id, slug=slug, name=name)
            await scope.execute(
                "insert into doors (kind, key_hash, agency_id, target_id) values ('agency', $1, $2, $2)",
                hash_of(slug),
                agency_id,
            )
    except asyncpg.UniqueViolationError:
        raise SlugTaken("Another agency has this short name.") from None
    return agency_id


async def create_workspace(actor: Actor, *, slug: str, name: str, time_zone: str = "UTC") -> Workspace:
    """A new client of the actor's agency. Call inside the actor's scope. Raises NotAllowed, Invalid, SlugTaken."""
    actor.must_hold(Right.MANAGE_WORKSPACES)
    if not actor.sees_all:
        raise Invalid("A new workspace concerns the whole agency: leave out X-Workspace-Id.")
    check_slug(slug)
    name = clean(name, field="name", longest=200)
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise Invalid("This is no IANA time zone, such as Europe/Paris.", path=("input", "timeZone")) from None
    if await Workspace.exists(slug=slug):
        raise SlugTaken("Another workspace has this short name.", path=("input", "slug"))
    try:
        return await Workspace.create(slug=slug, name=name, time_zone=time_zone)
    except IntegrityError:
        raise SlugTaken("Another workspace has this short name.", path=("input", "slug")) from None


async def add_member(
    agency_id: UUID,
    *,
    name: str,
    email: str,
    role: Role,
    workspaces: Sequence[UUID] = (),
    ends_at: datetime | None = None,
) -> tuple[UUID, UUID]:
    """A person's membership, with the workspaces it is assigned to: (person id, membership id)."""
    if role not in PERSON_ROLES:
        raise Invalid(f"A person cannot be {role}.")
    if role in ROLES_WITH_AN_END and ends_at is None:
        raise Invalid(f"The membership of a {role} needs an end.")
    person_id = await register_person(name=name, email=email)
    async with agency_scope(system(agency_id)) as scope:
        membership = await Membership.create(
            person_id=person_id, role=role.value, name=name, email=email.lower(), ends_at=ends_at
        )
        for workspace_id in workspaces:
            await Assignment.create(membership_id=membership.id, workspace_id=workspace_id)
        agency = await Agency.get(id=agency_id)
        await scope.execute(
            """insert into person_agency (person_id, agency_id, agency_slug) values ($1, $2, $3)
               on conflict (person_id, agency_id) do nothing""",
            person_id,
            agency_id,
            agency.slug,
        )
    return person_id, membership.id


async def issue_api_key(
    agency_id: UUID, *, name: str, workspace_id: UUID | None = None, ends_at: datetime | None = None
) -> str:
    """A key for a machine, told once."""
    token = new_token("api_key")
    async with agency_scope(system(agency_id)) as scope:
        key = await ApiKey.create(name=name, workspace_id=workspace_id, ends_at=ends_at)
        await scope.execute(
            "insert into doors (kind, key_hash, agency_id, target_id) values ('api_key', $1, $2, $3)",
            hash_of(token),
            agency_id,
            key.id,
        )
    return token
