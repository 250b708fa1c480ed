from collections.abc import Mapping
from typing import Any

from backend.education.thresholds import WARNED_DAYS
from backend.notices import Recipient, tell
from tenants.actor import Actor
from tenants.scope import current


async def warn_of_ends(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: whoever holds a certificate that ends within weeks, and that nothing follows, is told: at each of WARNED_DAYS
    once."""
    rows = await current().fetch(
        """select c.id, c.membership_id, (select min(d) from unnest($2::int[]) d
                                           where c.valid_until <= now() + make_interval(days => d)) as days
             from certificates c
            where c.agency_id = $1 and c.revoked_at is null and c.valid_until > now()
              and c.valid_until <= now() + make_interval(days => $3)
              and not exists (select from certificates n where n.agency_id = $1 and n.membership_id = c.membership_id
                                 and n.kind = c.kind and n.revoked_at is null and n.valid_until > c.valid_until)""",
        system.agency_id,
        list(WARNED_DAYS),
        max(WARNED_DAYS),
    )
    for row in rows:
        await tell(
            [Recipient(membership_id=row["membership_id"])],
            kind="certificate_ends",
            subject_id=row["id"],
            workspace_id=None,
            text="One of your certificates ends soon. Without it you are on no rota and open no escalation.",
            occasion=str(row["days"]),
        )
