from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities.models import Community, Connection
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right


async def create_community(actor: Actor, workspace_id: UUID, *, slug: str, name: str) -> Community:
    """A community with the built-in connection. Raises NotAllowed, NotFound, Invalid, SlugTaken."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    workspace = await find_workspace(workspace_id)
    check_slug(slug)
    name = clean_line(name, field="name", longest=200)
    try:
        community = await Community.create(workspace_id=workspace.id, slug=slug, name=name)
    except IntegrityError:
        raise SlugTaken("Another community of this workspace has this short name.", path=("input", "slug")) from None
    await Connection.create(workspace_id=workspace.id, community_id=community.id, platform="built_in")
    await journal.record(
        "community.created", subject_kind="community", subject_id=community.id, workspace_id=workspace.id, slug=slug
    )
    return community
