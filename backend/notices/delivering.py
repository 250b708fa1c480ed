from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.scope import current


async def deliver_notices(system: Actor, payload: Mapping[str, Any]) -> None:
    """Put the waiting notices about one subject where their readers look: staff in Tend, members in the community's
    built-in connection, which is Tend as well. Run twice, it finds nothing left."""
    await current().execute(
        """update notices set delivered_at = now()
            where agency_id = $1 and ($4 or workspace_id = any($2)) and subject_id = $3 and delivered_at is null""",
        system.agency_id,
        list(system.workspaces or ()),
        UUID(payload["subject_id"]),
        system.sees_all,
    )
