"""Who does what for the one client of the demo that shows all of Tend."""

from uuid import UUID

from backend.demo.keeping import keep_customers
from backend.demo.protecting import protect
from backend.demo.reporting import report_last_month
from backend.demo.teaching import teach
from tenants.actor import Actor, system
from tenants.doors import agency_by_slug
from tenants.models import Membership, Workspace
from tenants.rights import RIGHTS_OF, Role
from tenants.scope import agency_scope


async def put_to_work() -> None:
    """Each of it once; what an earlier start has done stays as it is."""
    agency_id = await agency_by_slug("acme")
    assert agency_id is not None
    async with agency_scope(system(agency_id)):
        workspace = await Workspace.get(slug="northwind")
    roles = (Role.OWNER, Role.LEAD, Role.SAFETY_RESPONDER)
    owner, lead, responder = [await somebody(agency_id, workspace.id, role) for role in roles]
    if owner is None or lead is None or responder is None:
        return
    await teach(lead, owner)
    await keep_customers(owner)
    await protect(owner, lead, responder)
    await report_last_month(lead, owner)


async def somebody(agency_id: UUID, workspace_id: UUID, role: Role) -> Actor | None:
    """At work for one client."""
    async with agency_scope(system(agency_id)):
        found = await Membership.filter(role=role.value).first()
    if found is None:
        return None
    return Actor(
        agency_id=agency_id,
        role=Role(found.role),
        rights=RIGHTS_OF[Role(found.role)],
        workspaces=frozenset({workspace_id}),
        name=found.name,
        membership_id=found.id,
    )
