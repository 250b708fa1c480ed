from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from backend.kit.ids import new_id
from backend.outbox import announce
from tenants.scope import current


async def subjects_since(subject_kind: str, moment: datetime, *, most: int = 1_000) -> list[UUID]:
    """What the scope's actor may see of that kind and has changed since, the latest first."""
    scope = current()
    actor = scope.actor
    rows = await scope.fetch(
        """select subject_id, max(at) from journal
            where agency_id = $1 and ($2 or workspace_id = any($3)) and subject_kind = $4 and at >= $5
            group by subject_id order by max(at) desc limit $6""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        subject_kind,
        moment,
        most,
    )
    return [row["subject_id"] for row in rows]


async def record(
    action: str, /, *, subject_kind: str, subject_id: UUID, workspace_id: UUID | None, **detail: Any
) -> None:
    """One line about what the scope's actor has just done. `action` is `<subject>.<verb in the past>`."""
    scope = current()
    actor = scope.actor
    kind = "staff" if actor.membership_id else "api_client" if actor.api_client_id else "system"
    await scope.execute(
        """insert into journal (agency_id, workspace_id, id, actor_kind, membership_id, action, subject_kind,
                                subject_id, detail)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)""",
        actor.agency_id,
        workspace_id,
        new_id(),
        kind,
        actor.membership_id,
        action,
        subject_kind,
        subject_id,
        orjson.dumps(detail, default=str).decode(),
    )
    announce(subject_kind, workspace_id=workspace_id, subject_id=subject_id)
