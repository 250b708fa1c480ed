"""Where a person belongs: their own memberships in all agencies, as they may be told of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.actor import system
from tenants.doors import Caller
from tenants.rights import RIGHTS_OF, Right, Role
from tenants.scope import agency_scope


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """One of the caller's own memberships, as `viewer` shows it."""

    membership_id: UUID
    agency_id: UUID
    agency_slug: str
    agency_name: str
    name: str
    role: Role
    sees_all: bool
    ends_at: datetime | None
    sign_in_url: str | None  # where this session must be replaced before it opens the agency
    workspaces: tuple[tuple[UUID, str, str], ...]  # id, slug, name; none where it must


async def own_memberships(caller: Caller) -> list[OwnMembership]:
    """Every membership of the caller that has not ended. Call outside any scope: it enters each agency in turn."""
    found = []
    for entrance in caller.entrances:
        async with agency_scope(system(entrance.agency_id), read_only=True) as scope:
            row = await scope.fetchrow(
                """select m.id, m.name, m.role, m.sees_all, m.ends_at, a.name as agency_name,
                          exists (select from sign_in_providers r where r.agency_id = $1 and r.is_required)
                            and not exists (select from sessions s where s.id = $3 and s.method = 'provider')
                            as needs_provider
                     from memberships m join agencies a on a.id = m.agency_id
                    where m.agency_id = $1 and m.person_id = $2 and m.suspended_at is null
                      and (m.starts_at is null or m.starts_at <= now()) and (m.ends_at is null or m.ends_at > now())""",
                entrance.agency_id,
                caller.person_id,
                caller.target_id,
            )
            if row is None:
                continue
            workspaces = await scope.fetch(
                """select w.id, w.slug, w.name from workspaces w
                    where w.agency_id = $1 and not $4 and w.deleted_at is null and (w.deletes_at is null or $5)
                      and ($2 or exists (select from assignments s where s.agency_id = $1
                          and s.membership_id = $3 and s.workspace_id = w.id)) order by w.slug""",
                entrance.agency_id,
                row["sees_all"],
                row["id"],
                row["needs_provider"],
                Right.MANAGE_WORKSPACES in RIGHTS_OF[Role(row["role"])],
            )
        found.append(
            OwnMembership(
                membership_id=row["id"],
                agency_id=entrance.agency_id,
                agency_slug=entrance.slug,
                agency_name=row["agency_name"],
                name=row["name"],
                role=Role(row["role"]),
                sees_all=row["sees_all"],
                ends_at=row["ends_at"],
                sign_in_url=f"/sign-in/{entrance.slug}" if row["needs_provider"] else None,
                workspaces=tuple((w["id"], w["slug"], w["name"]) for w in workspaces),
            )
        )
    return found


def own_name(caller: Caller, memberships: Iterable[OwnMembership]) -> str:
    """A session that opens one agency alone tells what that agency calls them: its provider could say that it signs in
    anybody, and would learn what others call them."""
    if caller.bound_to is None:
        return caller.person_name
    return next((own.name for own in memberships), "")
