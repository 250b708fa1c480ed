from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.kit.ids import new_id
from backend.outbox import announce, enqueue
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Recipient:
    """Exactly one of the two."""

    member_id: UUID | None = None
    membership_id: UUID | None = None


async def told_since(moment: datetime, *, most: int = 100) -> list[UUID]:
    """What the scope's actor was told since, the oldest first."""
    scope = current()
    rows = await scope.fetch(
        """select id from notices where agency_id = $1 and membership_id = $2 and created_at >= $3
            order by created_at, id limit $4""",
        scope.actor.agency_id,
        scope.actor.membership_id,
        moment,
        most,
    )
    return [row["id"] for row in rows]


async def tell(recipients: Iterable[Recipient], *, kind: str, subject_id: UUID, workspace_id: UUID, text: str) -> None:
    """Store one notice per recipient, and promise their delivery. Telling the same thing again adds nothing."""
    agency_id = current().actor.agency_id
    told = list(dict.fromkeys(recipients))
    if not told:
        return
    rows = [(agency_id, workspace_id, new_id(), kind, subject_id, to.member_id, to.membership_id, text) for to in told]
    await current().executemany(
        """insert into notices (agency_id, workspace_id, id, kind, subject_id, member_id, membership_id, text)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing""",
        rows,
    )
    for row, to in zip(rows, told, strict=True):
        if to.membership_id is not None:
            announce("notice", workspace_id=workspace_id, subject_id=row[2], membership_id=to.membership_id)
    await enqueue("deliver_notices", {"subject_id": str(subject_id)}, workspace_id=workspace_id)
