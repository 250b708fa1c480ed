from collections.abc import Mapping
from typing import Any

from backend.intake.thresholds import BODY_KEPT_FOR, FORGOTTEN_AT_ONCE, KEPT_FOR
from tenants.actor import Actor
from tenants.scope import current


async def forget_deliveries(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: bodies that nobody replayed go, and later the deliveries themselves."""
    scope = current()
    await scope.execute(
        """update platform_deliveries set body = null
            where agency_id = $1 and state = 'failed' and body is not null and received_at < now() - $2::interval""",
        system.agency_id,
        BODY_KEPT_FOR,
    )
    while True:
        tag = await scope.execute(
            """delete from platform_deliveries where agency_id = $1 and id = any(array(
                      select id from platform_deliveries
                       where agency_id = $1 and state <> 'waiting' and received_at < now() - $2::interval limit $3))""",
            system.agency_id,
            KEPT_FOR,
            FORGOTTEN_AT_ONCE,
        )
        if int(tag.rsplit(" ", maxsplit=1)[1]) < FORGOTTEN_AT_ONCE:
            return
