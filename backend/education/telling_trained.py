"""Who holds what a client asks of its responders; app.is_trained() in SQL says the same of one."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from tenants.scope import current


async def trained_among(memberships: Collection[UUID], *, workspace_id: UUID, moment: datetime) -> frozenset[UUID]:
    rows = await current().fetch(
        "select m.id from unnest($1::uuid[]) m (id) where app.is_trained(m.id, $2, $3)",
        list(memberships),
        workspace_id,
        moment,
    )
    return frozenset(row["id"] for row in rows)


async def changes_of_training(memberships: Collection[UUID], *, since: datetime, until: datetime) -> list[datetime]:
    """The moments in between at which a certificate of theirs begins or ends."""
    rows = await current().fetch(
        """select distinct at from certificates c, unnest(array[c.valid_from, c.valid_until]) at
            where c.agency_id = $1 and c.membership_id = any($2) and c.revoked_at is null and at > $3 and at < $4
            order by at""",
        current().actor.agency_id,
        list(memberships),
        since,
        until,
    )
    return [row["at"] for row in rows]
