from backend import journal
from backend.moderation.queue_models import Queue
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.provisioning import create_workspace


async def open_workspace(actor: Actor, *, slug: str, name: str, time_zone: str = "UTC") -> Workspace:
    """A new client, with its one queue from the first moment. Raises NotAllowed, Invalid, SlugTaken."""
    workspace = await create_workspace(actor, slug=slug, name=name, time_zone=time_zone)
    await Queue.create(workspace_id=workspace.id, name="Moderation")
    await journal.record(
        "workspace.created", subject_kind="workspace", subject_id=workspace.id, workspace_id=workspace.id, slug=slug
    )
    return workspace
