"""What is due for one person by one channel is put together into messages; each then goes by a job of its own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from backend.kit.ids import new_id
from backend.notices.thresholds import MOST_IN_A_MESSAGE
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import CLIENT_ROLES, Role
from tenants.scope import current


async def gather_notices(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: notices of one kind and client become one message, and so does a digest. What goes in a message is settled
    here, before anything is sent, so that every try sends the same. Run again, it finds nothing left."""
    membership_id, channel = UUID(payload["membership_id"]), payload["channel"]
    scope = current()
    rows = await scope.fetch(
        """select d.id, d.kind, d.workspace_id, d.how, m.role from notice_deliveries d
             join memberships m on m.agency_id = $1 and m.id = d.membership_id
            where d.agency_id = $1 and d.membership_id = $2 and d.channel = $3 and d.state = 'waiting'
              and d.message is null and d.due_at <= now()
            order by d.created_at, d.id for update of d skip locked""",
        system.agency_id,
        membership_id,
        channel,
    )
    together: dict[object, list[UUID]] = {}
    for row in rows:
        together.setdefault(_key(row), []).append(row["id"])
    for ids in together.values():
        for start in range(0, len(ids), MOST_IN_A_MESSAGE):
            await send_together(channel, ids[start : start + MOST_IN_A_MESSAGE])


async def send_together(channel: str, deliveries: Sequence[UUID]) -> None:
    """They become one new message, and its job is promised. Call while holding the row locks on `deliveries`."""
    message = new_id()
    await current().execute(
        "update notice_deliveries set message = $3 where agency_id = $1 and id = any($2)",
        current().actor.agency_id,
        list(deliveries),
        message,
    )
    await enqueue(f"{channel}_notices", {"message": str(message)})


def _key(row: Any) -> object:
    if row["how"] == "at_once":
        return row["kind"], row["workspace_id"]
    # Each client writes to its own people under its own name; staff of the agency read one digest of them all.
    return row["how"], row["workspace_id"] if Role(row["role"]) in CLIENT_ROLES else None
