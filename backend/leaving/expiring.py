"""Files that nobody may have any longer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.leaving.thresholds import STUCK_AFTER
from backend.outside import stored_files
from tenants.actor import Actor
from tenants.scope import current


async def expire_exports(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: files are deleted when their time is over, and an export that never ended has failed."""
    rows = await current().fetch(
        "select id, path from exports where agency_id = $1 and state = 'done' and expires_at <= now()", system.agency_id
    )
    await _delete(rows)
    await current().execute(
        """update exports set state = 'failed', problem = 'It never ended.', finished_at = now()
            where agency_id = $1 and state in ('queued', 'running') and requested_at < now() - $2::interval""",
        system.agency_id,
        STUCK_AFTER,
    )


async def delete_files_of(workspace_id: UUID) -> int:
    """Every file that may hold something of the client: its own, and those of the whole agency. How many there were."""
    scope = current()
    rows = await scope.fetch(
        """select id, path from exports
            where agency_id = $1 and (workspace_id = $2 or workspace_id is null) and state = 'done'""",
        scope.actor.agency_id,
        workspace_id,
    )
    await _delete(rows)
    return len(rows)


async def _delete(rows: Any) -> None:
    """The file first: a row that says so while there is one would never be looked at again."""
    for row in rows:
        await stored_files().delete(row["path"])
        await current().execute(
            "update exports set state = 'expired', path = null where agency_id = $1 and id = $2",
            current().actor.agency_id,
            row["id"],
        )
