from uuid import UUID

from backend.kit.errors import NotFound
from tenants.models import Workspace


async def find_workspace(workspace_id: UUID, *, field: str = "workspaceId") -> Workspace:
    """Raises NotFound for a workspace that is not there for the scope's actor."""
    workspace = await Workspace.get_or_none(id=workspace_id)
    if workspace is None:
        raise NotFound(path=("input", field))
    return workspace
