"""Which of the client's things a list means by its ids."""

from collections.abc import Collection
from uuid import UUID

from backend.communities import Member
from backend.customers.models import AccountContact, CustomerAccount
from tenants.models import Membership
from tenants.rights import CLIENT_ROLES, Role
from tenants.scope import current


async def found_by(kind: str, workspace_id: UUID, ids: Collection[str]) -> dict[str, UUID]:
    """Those of the ids that are known. A member is known by what joins them across communities, or by the id that their
    community gives them where only one has it."""
    if not ids:
        return {}
    if kind == "member":
        return await _members(workspace_id, list(ids))
    if kind == "colleague":
        return await _colleagues(ids)
    model = CustomerAccount if kind == "account" else AccountContact
    rows = await model.filter(workspace_id=workspace_id, external_id__in=list(ids)).values_list("external_id", "id")
    return {str(external_id): id for external_id, id in rows}


async def members_of(contacts: Collection[UUID], workspace_id: UUID) -> dict[UUID, UUID | None]:
    rows = await AccountContact.filter(workspace_id=workspace_id, id__in=list(contacts)).values_list("id", "member_id")
    return dict(rows)


async def _colleagues(addresses: Collection[str]) -> dict[str, UUID]:
    """By their mail addresses."""
    rows = await Membership.filter(email__in=[each.lower() for each in addresses]).values_list("email", "id", "role")
    known = {str(email): id for email, id, role in rows if Role(role) not in CLIENT_ROLES}
    return {each: known[each.lower()] for each in addresses if each.lower() in known}


async def _members(workspace_id: UUID, ids: list[str]) -> dict[str, UUID]:
    agency_id = current().actor.agency_id
    by_id = await current().fetch(
        f"""select m.external_id as named, min(m.id::text)::uuid as id
              from {Member._meta.db_table} m
              join communities c on c.agency_id = $1 and c.workspace_id = $2 and c.id = m.community_id
             where m.agency_id = $1 and m.workspace_id = $2 and m.external_id = any($3) and m.kind = 'person'
               and m.erased_at is null
             group by m.external_id having count(*) = 1""",
        agency_id,
        workspace_id,
        ids,
    )
    by_identity = await current().fetch(
        """select m.identity_key as named, min(m.id::text)::uuid as id from members m
            where m.agency_id = $1 and m.workspace_id = $2 and m.identity_key = any($3) and m.kind = 'person'
              and m.erased_at is null
            group by m.identity_key""",
        agency_id,
        workspace_id,
        ids,
    )
    return {row["named"]: row["id"] for row in (*by_id, *by_identity)}
