"""New agencies, workspaces, memberships and API clients."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from tortoise.exceptions import IntegrityError

from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from backend.kit.texts import clean_line
from tenants.actor import Actor, system
from tenants.database import unscoped
from tenants.doors import register_person
from tenants.models import Agency, ApiClient, Assignment, Credential, Membership, Workspace
from tenants.rights import CLIENT_ROLES, PERSON_ROLES, ROLES_WITH_AN_END, USUAL_SCOPES, Right, Role
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of, new_credential

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


class SlugTaken(Conflict):
    code = "SLUG_TAKEN"


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def check_slug(slug: str) -> None:
    """Raises Invalid unless `slug` is 2 to 63 lower-case letters, digits and hyphens."""
    if not is_slug(slug):
        raise Invalid("A short name is 2 to 63 lower-case letters, digits and hyphens.", path=("input", "slug"))


async def provision_agency(*, slug: str, name: str) -> UUID:
    """A new agency; its owner is added by `add_member`. Raises SlugTaken."""
    check_slug(slug)
    name = clean_line(name, field="name", longest=200)
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
    name = clean_line(name, field="name", longest=200)
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
    sees_all: bool | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> tuple[UUID, UUID]:
    """A person's membership, with the workspaces it is assigned to: (person id, membership id). For the installation
    itself; an agency invites. `sees_all` where left out: owners and admins do."""
    if sees_all is None:
        sees_all = role in (Role.OWNER, Role.ADMIN)
    check_membership(role, sees_all=sees_all, ends_at=ends_at)
    async with unscoped() as connection:
        person_id = await register_person(connection, name=name, email=email)
    async with agency_scope(system(agency_id)):
        membership = await Membership.create(
            person_id=person_id,
            role=role.value,
            sees_all=sees_all,
            name=name,
            email=email.lower(),
            starts_at=starts_at,
            ends_at=ends_at,
        )
        for workspace_id in workspaces:
            await Assignment.create(membership_id=membership.id, workspace_id=workspace_id)
        await let_enter(person_id)
    return person_id, membership.id


def check_membership(role: Role, *, sees_all: bool, ends_at: datetime | None) -> None:
    """Raises Invalid for what no membership can be."""
    if role not in PERSON_ROLES:
        raise Invalid(f"A person cannot be {role}.", path=("input", "role"))
    if role in ROLES_WITH_AN_END and ends_at is None:
        raise Invalid(f"The membership of a {role} needs an end.", path=("input", "endsAt"))
    if role is Role.OWNER and not sees_all:
        raise Invalid("An owner sees all workspaces.", path=("input", "seesAll"))
    if role in CLIENT_ROLES and sees_all:
        raise Invalid("Somebody of a client never sees all clients: name workspaces.", path=("input", "seesAll"))


async def let_enter(person_id: UUID) -> None:
    """The person may try to enter the scope's agency from now on; their membership decides."""
    scope = current()
    await scope.execute(
        """insert into person_agency (person_id, agency_id, agency_slug)
           select $1, a.id, a.slug from agencies a where a.id = $2 on conflict (person_id, agency_id) do nothing""",
        person_id,
        scope.actor.agency_id,
    )


async def issue_api_key(
    agency_id: UUID,
    *,
    name: str,
    scopes: Collection[Right] = USUAL_SCOPES,
    workspace_id: UUID | None = None,
    ends_at: datetime | None = None,
) -> str:
    """A key for a new machine, told once. For the installation itself; an agency does it through its API."""
    token = new_credential("tend_test_")
    async with agency_scope(system(agency_id)):
        client = await ApiClient.create(name=name, scopes=sorted(scopes), workspace_id=workspace_id, ends_at=ends_at)
        await keep_credential(client.id, token, kind="api_key", expires_at=ends_at)
    return token


async def keep_credential(
    api_client_id: UUID,
    token: str,
    *,
    kind: str,
    expires_at: datetime | None,
    parent_id: UUID | None = None,
    scopes: Collection[Right] | None = None,
) -> Credential:
    """From the commit of the scope on, the token opens what its API client may do, or only `scopes` of it."""
    scope = current()
    made = await Credential.create(
        api_client_id=api_client_id,
        parent_id=parent_id,
        kind=kind,
        scopes=None if scopes is None else sorted(scopes),
        hint=token[-4:],
        expires_at=expires_at,
    )
    await scope.execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ('credential', $1, $2, $3)",
        hash_of(token),
        scope.actor.agency_id,
        made.id,
    )
    return made
