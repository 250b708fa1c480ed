from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tenants.actor import Actor
from tenants.scope import current

KEPT_FOR: Final = timedelta(days=7)  # done and cancelled jobs; dead ones stay until somebody has looked at them


async def remove_ended_jobs(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Done and cancelled jobs and slots older than KEPT_FOR leave the tables."""
    await current().execute(
        "delete from jobs where agency_id = $1 and state in ('done', 'cancelled') and ended_at < now() - $2::interval",
        system.agency_id,
        KEPT_FOR,
    )
    for table in ("slots", "workspace_slots"):
        await current().execute(
            f"delete from {table} where agency_id = $1 and slot_at < now() - $2::interval", system.agency_id, KEPT_FOR
        )
