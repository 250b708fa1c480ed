"""One message, about to go: who it is for and what it says, as that is now; and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from backend.notices.catalogue import may_know
from backend.notices.writing import Item, Unwritable
from backend.outside import MessageDelayed, MessageRefused
from tenants import locks
from tenants.actor import Actor, system
from tenants.rights import CLIENT_ROLES, Role
from tenants.scope import agency_scope, beside, current


@dataclass(frozen=True, slots=True)
class Brand:
    """As whom Tend writes: the client to its own people, the agency to its staff."""

    name: str
    sender: str
    colour: str | None
    reply_to: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """`settings_id` is that of the reader's settings, None where they have none; `chat_url` is sealed."""

    id: UUID
    membership_id: UUID
    name: str
    email: str
    language: str
    brand: Brand
    how: str
    items: tuple[Item, ...]
    deliveries: tuple[UUID, ...]
    settings_id: UUID | None
    chat_url: bytes | None


# Why somebody is not told any more; the conditions are those of being let in.
_GONE = f"""case
    when n.read_at is not null then 'It was read in Tend before it was sent.'
    when m.person_id is null or m.suspended_at is not null or m.ends_at <= now() or m.starts_at > now()
      then 'Whoever it was for does not belong to the agency now.'
    when not {may_know("n.kind", "m.role")} then 'Whoever it was for may not know of it now.'
    when not m.sees_all and not exists (select from assignments a where a.agency_id = $1 and a.membership_id = m.id
                                           and a.workspace_id = d.workspace_id)
      then 'Whoever it was for does not work for this client now.'
    when w.deletes_at is not null then 'The client is closed.' end"""


async def opened(payload: Mapping[str, Any]) -> Message | None:
    """The message, its turn held until the scope ends: sent twice at once, the second finds nothing left. What its
    reader may not be told any more is dropped from it. None where nothing is left to send."""
    scope, message = current(), UUID(payload["message"])
    await scope.lock(locks.SENDING, message)
    rows = await scope.fetch(
        f"""select d.id, d.how, d.membership_id, d.kind, n.id as notice_id, n.subject_kind, n.subject_id, n.facts,
                   m.name, m.email, m.role, g.name as agency_name, g.slug as agency_slug, w.name as client,
                   w.brand_name, w.brand_colour, w.brand_sender, w.brand_reply_to,
                   s.id as settings_id, s.language, s.chat_url, {_GONE} as gone
              from notice_deliveries d
              join notices n on n.agency_id = $1 and n.id = d.notice_id
              join memberships m on m.agency_id = $1 and m.id = d.membership_id
              join agencies g on g.id = $1
              left join workspaces w on w.agency_id = $1 and w.id = d.workspace_id
              left join notice_settings s on s.agency_id = $1 and s.membership_id = d.membership_id
             where d.agency_id = $1 and d.message = $2 and d.state = 'waiting' order by d.created_at, d.id""",
        scope.actor.agency_id,
        message,
    )
    for row in rows:
        if row["gone"] is not None:
            await _end([row["id"]], "dropped", problem=row["gone"])
    left = [row for row in rows if row["gone"] is None]
    if not left:
        return None
    first = left[0]
    return Message(
        id=message,
        membership_id=first["membership_id"],
        name=first["name"],
        email=first["email"],
        language=first["language"] or orjson.loads(first["facts"]).get("language", "en"),
        brand=_brand(first),
        how=first["how"],
        items=tuple(_item(row) for row in left),
        deliveries=tuple(row["id"] for row in left),
        settings_id=first["settings_id"],
        chat_url=first["chat_url"],
    )


async def sent(message: Message) -> None:
    await _end(message.deliveries, "sent")


async def failed(message: Message, problem: MessageRefused | Unwritable) -> None:
    """For good, until somebody replays it."""
    await _end(message.deliveries, "failed", problem=str(problem))


async def delayed(message: Message, problem: MessageDelayed) -> None:
    """Shown while the job waits for its next try, in a transaction of its own: that of the job is rolled back."""
    agency_id = current().actor.agency_id

    async def note() -> None:
        async with agency_scope(system(agency_id)) as scope:
            await scope.execute(
                """update notice_deliveries set attempt = attempt + 1, problem = $3
                    where agency_id = $1 and id = any($2) and state = 'waiting'""",
                agency_id,
                list(message.deliveries),
                str(problem),
            )

    await beside(note())


async def give_up_message(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job is dead, or called off."""
    await current().execute(
        """update notice_deliveries set state = 'failed', problem = coalesce(problem, $3), ended_at = now()
            where agency_id = $1 and message = $2 and state = 'waiting'""",
        current().actor.agency_id,
        UUID(payload["message"]),
        problem,
    )


async def send_again(_actor: Actor, payload: Mapping[str, Any]) -> None:
    """What has failed in this message waits for its job once more."""
    await current().execute(
        """update notice_deliveries set state = 'waiting', problem = null, ended_at = null, due_at = now()
            where agency_id = $1 and message = $2 and state = 'failed'""",
        current().actor.agency_id,
        UUID(payload["message"]),
    )


async def _end(deliveries: Sequence[UUID], state: str, *, problem: str | None = None) -> None:
    await current().execute(
        """update notice_deliveries set state = $3, problem = $4, ended_at = now(), attempt = attempt + 1
            where agency_id = $1 and id = any($2) and state = 'waiting'""",
        current().actor.agency_id,
        list(deliveries),
        state,
        problem,
    )


def _is_of_client(row: Any) -> bool:
    return Role(row["role"]) in CLIENT_ROLES and row["client"] is not None


def _brand(row: Any) -> Brand:
    if not _is_of_client(row):
        return Brand(row["agency_name"], row["agency_name"], None, None)
    name = row["brand_name"] or row["client"]
    return Brand(name, row["brand_sender"] or name, row["brand_colour"], row["brand_reply_to"])


def _item(row: Any) -> Item:
    return Item(
        kind=row["kind"],
        client=_brand(row).name if _is_of_client(row) else row["client"] or row["agency_name"],
        facts=orjson.loads(row["facts"]),
        path=f"/notices/{row['agency_slug']}/notice_{row['notice_id']}",
        subject=f"{row['subject_kind']}-{row['subject_id']}",
    )
