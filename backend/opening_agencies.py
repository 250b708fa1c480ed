"""A new agency comes to this installation."""

from backend import people
from tenants.actor import system
from tenants.provisioning import provision_agency
from tenants.rights import Role
from tenants.scope import agency_scope


async def open_agency(*, slug: str, name: str, owner: str, owner_name: str) -> str:
    """The link by which its first owner joins. Raises Invalid, SlugTaken."""
    people.address(owner)
    agency_id = await provision_agency(slug=slug, name=name)
    actor = system(agency_id)
    async with agency_scope(actor):
        staff_id = await people.invite(
            actor, email=owner, name=owner_name, role=Role.OWNER, sees_all=True, workspaces=(), by_mail=False
        )
        return await people.invitation_link(staff_id)
