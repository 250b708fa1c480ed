"""What is due for one person by one channel is put together into messages; each then goes by a job of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.kit.ids import new_id
from backend.notices.catalogue import KINDS
from backend.notices.thresholds import MOST_IN_A_MESSAGE
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.rights import CLIENT_ROLES, Role
from tenants.scope import current

# What a job is for. Those of an older Tend do not say for which moment they are promised.
_PROMISED: Final = """agency_id = $1 and membership_id = $2 and channel = $3 and message is null
                  and (due_at = $4 or $4::timestamptz is null and due_at <= now())"""


async def gather_notices(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: notices of one kind and client become one message, and so does a digest. What goes in a message is settled
    here, before anything is sent, so that every try sends the same. Run again, it finds nothing left."""
    scope = current()
    rows = await scope.fetch(
        """select d.id, d.kind, d.workspace_id, d.how, m.role from notice_deliveries d
             join memberships m on m.agency_id = $1 and m.id = d.membership_id
            where d.agency_id = $1 and d.membership_id = $2 and d.channel = $3 and d.state = 'waiting'
              and d.message is null and (d.due_at <= now() or d.due_at = $4)
            order by d.created_at, d.id for update of d skip locked""",
        *_asked_for(payload),
    )
    dangers = {row["id"] for row in rows if KINDS[row["kind"]].is_danger}
    together: dict[object, list[UUID]] = {}
    for row in rows:
        together.setdefault(_key(row), []).append(row["id"])
    for ids in together.values():
        for start in range(0, len(ids), MOST_IN_A_MESSAGE):
            await send_together(
                payload["channel"], ids[start : start + MOST_IN_A_MESSAGE], is_danger=bool(dangers & set(ids))
            )


async def give_up_gathering(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job is dead, or called off: what it was promised for fails in sight, and can be replayed."""
    await current().execute(
        f"""update notice_deliveries set state = 'failed', problem = $5, ended_at = now()
             where {_PROMISED} and state = 'waiting'""",
        *_asked_for(payload),
        problem,
    )


async def gather_again(_actor: Actor, payload: Mapping[str, Any]) -> None:
    """What has failed before it was in a message waits for its job once more."""
    await current().execute(
        f"""update notice_deliveries set state = 'waiting', problem = null, ended_at = null
             where {_PROMISED} and state = 'failed'""",
        *_asked_for(payload),
    )


async def send_together(channel: str, deliveries: Sequence[UUID], *, is_danger: bool = False) -> None:
    """They become one new message, and its job is promised. Call while holding the row locks on `deliveries`."""
    message = new_id()
    await current().execute(
        "update notice_deliveries set message = $3 where agency_id = $1 and id = any($2)",
        current().actor.agency_id,
        list(deliveries),
        message,
    )
    await promise_message(channel, message, is_danger=is_danger)


async def promise_message(channel: str, message: UUID, *, is_danger: bool) -> None:
    """Its job; that of danger has places of its own."""
    if is_danger:
        await enqueue(f"{channel}_danger", {"message": str(message)})
    else:
        await enqueue(f"{channel}_notices", {"message": str(message)})


def _asked_for(payload: Mapping[str, Any]) -> tuple[UUID, UUID, str, datetime | None]:
    due_at = payload.get("due_at")
    return (
        current().actor.agency_id,
        UUID(payload["membership_id"]),
        payload["channel"],
        None if due_at is None else datetime.fromisoformat(due_at),
    )


def _key(row: Any) -> object:
    if row["how"] == "at_once":
        return row["kind"], row["workspace_id"]
    # Each client writes to its own people under its own name; staff of the agency read one digest of them all.
    return row["how"], row["workspace_id"] if Role(row["role"]) in CLIENT_ROLES else None
