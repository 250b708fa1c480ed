from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from backend.kit.ids import new_id
from backend.outbox import announce
from tenants.actor import Actor
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Recorded:
    """A line that was just written, without what staff wrote in it. `actor_kind` is staff, api_client or system."""

    action: str
    subject_kind: str
    subject_id: UUID
    workspace_id: UUID | None
    actor_kind: str


Hear = Callable[[Recorded], Awaitable[None]]

_hear: Hear | None = None


def record_for(hear: Hear | None) -> None:
    """Who hears of every line, in the transaction of the deed: what they do is done with it or not at all."""
    global _hear  # noqa: PLW0603
    _hear = hear


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
    action: str,
    /,
    *,
    subject_kind: str,
    subject_id: UUID,
    workspace_id: UUID | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    grounds: str | None = None,
    **detail: Any,
) -> None:
    """One line about what the scope's actor has just done. `action` is `<subject>.<verb in the past>`; of `before` and
    `after` only what differs is kept.

    The line stays for ever: ids, codes, counts and what staff wrote, never content of members and never a secret.
    """
    scope = current()
    actor = scope.actor
    await scope.execute(
        """insert into journal (agency_id, workspace_id, id, actor_kind, membership_id, api_client_id, on_behalf_of_id,
                                request_id, action, subject_kind, subject_id, grounds, changes, detail)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb)""",
        actor.agency_id,
        workspace_id,
        new_id(),
        _kind_of(actor),
        None if actor.by_job else actor.membership_id,
        actor.api_client_id,
        actor.membership_id if actor.by_job else None,
        scope.request_id,
        action,
        subject_kind,
        subject_id,
        grounds,
        _json(_differences(before or {}, after or {})),
        _json(detail),
    )
    announce(subject_kind, workspace_id=workspace_id, subject_id=subject_id)
    if _hear is not None:
        await _hear(Recorded(action, subject_kind, subject_id, workspace_id, _kind_of(actor)))


async def record_access(
    subject_kind: str, subject_id: UUID, *, workspace_id: UUID | None, grounds: str | None = None, **detail: Any
) -> None:
    """Restricted data was handed to the scope's actor: the line is `<subject>.read`. Call it before the data leaves, in a
    scope that commits."""
    await record(
        f"{subject_kind}.read",
        subject_kind=subject_kind,
        subject_id=subject_id,
        workspace_id=workspace_id,
        grounds=grounds,
        **detail,
    )


def _kind_of(actor: Actor) -> str:
    if actor.by_job:
        return "system"
    return "staff" if actor.membership_id else "api_client" if actor.api_client_id else "system"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
