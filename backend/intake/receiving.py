"""One delivery of a platform: believed, stored and promised to be taken in, before it hears that Tend has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.intake.connecting import TABLE
from backend.intake.reading import envelope_of, key_of_bytes, parsed, to_store
from backend.intake.things import Unreadable
from backend.intake.verifying import is_signed
from backend.kit.clock import now
from backend.kit.errors import NotAllowed, NotFound, Refusal
from backend.kit.ids import new_id
from backend.outbox import enqueue
from backend.outside import open_sealed
from tenants.actor import system
from tenants.doors import target_of
from tenants.scope import agency_scope, current


class NotConnected(Refusal):
    """Nothing is taken any more: the community was disconnected, or its client is closed."""

    code = "NOT_CONNECTED"


class NotSigned(NotAllowed):
    """Nobody knows whether the platform said it."""

    code = "NOT_SIGNED"


@dataclass(frozen=True, slots=True)
class Door:
    agency_id: UUID
    connection_id: UUID


@dataclass(frozen=True, slots=True)
class Receipt:
    """`answer` is what the platform wants to hear; `problem` is why nobody could read it, which it is told."""

    answer: str = ""
    problem: str | None = None


async def find_door(token: str) -> Door | None:
    """What the address opens; asked before the body is read. Call outside any scope."""
    target = await target_of("connection", token)
    return None if target is None else Door(*target)


async def receive(door: Door, *, headers: Mapping[str, str], body: bytes) -> Receipt:
    """`body` as it came, byte by byte. The same delivery again changes nothing. Call outside any scope.

    Raises NotFound for a connection that is not there, NotConnected, NotSigned; then nothing was kept.
    """
    async with agency_scope(system(door.agency_id)):
        connection = await _open(door)
        moment = now()
        if not await _is_believed(connection, headers, body, moment):
            raise NotSigned("The signature does not fit the secret of this connection.")
        try:
            document = parsed(body)
        except Unreadable as problem:
            # Not even its bytes are kept: what no parser reads cannot be cleaned of what must not stay.
            await _store(
                connection, key=key_of_bytes(body), kind="unknown", body=None, state="failed", problem=str(problem)
            )
            return Receipt(problem=str(problem))
        platform = connection["platform"]
        envelope = envelope_of(platform, headers, document, body)
        if envelope.answer is not None:
            return Receipt(answer=envelope.answer)
        key = envelope.key
        if envelope.undone_by is not None:
            key += f" {await _count(connection, envelope.undone_by, but=f'{key} ')}"
        if envelope.ignored is not None:
            await _store(connection, key=key, kind=envelope.kind, body=None, state="ignored", problem=envelope.ignored)
            return Receipt()
        kept = to_store(platform, document, body)
        delivery_id = await _store(connection, key=key, kind=envelope.kind, body=kept, state="waiting", problem=None)
        if delivery_id is not None:
            await enqueue(
                "take_in_delivery", {"delivery_id": str(delivery_id)}, workspace_id=connection["workspace_id"]
            )
        return Receipt()


async def _open(door: Door) -> Any:
    connection = await current().fetchrow(
        """select c.id, c.workspace_id, c.platform, c.secret, c.previous_secret, c.previous_until,
                  c.disconnected_at is null and c.connected_at is not null and w.deletes_at is null as is_open
             from connections c
             join workspaces w on w.agency_id = $1 and w.id = c.workspace_id
            where c.agency_id = $1 and c.id = $2""",
        door.agency_id,
        door.connection_id,
    )
    if connection is None:
        raise NotFound
    if not connection["is_open"]:
        raise NotConnected("This community is not connected any more.")
    return connection


async def _is_believed(connection: Any, headers: Mapping[str, str], body: bytes, moment: datetime) -> bool:
    names = ["secret"]
    if connection["previous_until"] is not None and connection["previous_until"] > moment:
        names.append("previous_secret")
    for name in names:
        if connection[name] is None:
            continue
        secret = await open_sealed(connection[name], table=TABLE, column=name, row_id=connection["id"])
        if is_signed(connection["platform"], secret, headers=headers, body=body, moment=moment):
            return True
    return False


async def _count(connection: Any, beginning: str, *, but: str) -> int:
    """Deliveries whose keys begin so, and not as `but`: texts in "C" order, so that they are one range of the index."""
    found: int = await current().fetchval(
        """select count(*) from platform_deliveries
            where agency_id = $1 and workspace_id = $2 and connection_id = $3 and key >= $4 and key < $5
              and not starts_with(key, $6)""",
        current().actor.agency_id,
        connection["workspace_id"],
        connection["id"],
        beginning,
        beginning[:-1] + chr(ord(beginning[-1]) + 1),
        but,
    )
    return found


async def _store(
    connection: Any, *, key: str, kind: str, body: bytes | None, state: str, problem: str | None
) -> UUID | None:
    """None for one that is here already."""
    found: UUID | None = await current().fetchval(
        """insert into platform_deliveries
                  (agency_id, workspace_id, id, connection_id, key, kind, body, state, problem, ended_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $8 <> 'waiting' then now() end)
           on conflict (agency_id, workspace_id, connection_id, key) do nothing returning id""",
        current().actor.agency_id,
        connection["workspace_id"],
        new_id(),
        connection["id"],
        key,
        kind,
        body,
        state,
        problem,
    )
    return found
