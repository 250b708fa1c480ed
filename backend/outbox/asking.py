from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from backend.kit import spans
from backend.kit.errors import NotAllowed
from backend.kit.ids import new_id
from backend.outbox.ranking import priority_of
from tenants.scope import current

LONGEST_SCOPE: Final = timedelta(minutes=2)  # the database ends idle transactions after 30 s, statements after 15 s


async def enqueue(
    kind: str,
    payload: Mapping[str, object],
    *,
    workspace_id: UUID | None = None,
    run_at: datetime | None = None,
    dedupe_key: str | None = None,
    on_behalf: bool = False,
) -> None:
    """Promise a job of the scope's agency; it exists when, and only when, the scope commits.

    With a `dedupe_key`, nothing is added while a job with that key waits to be sent; that job is then not sent before the
    scope ends, so that it sees what the scope has done. `workspace_id` narrows the job's own scope to that client.
    `on_behalf`: the job may do what the scope's membership may do by then, instead of everything. Raises NotAllowed where a
    machine asks for that: its credentials may end, and nothing would tell.
    """
    scope = current()
    agency_id = scope.actor.agency_id
    if on_behalf and scope.actor.api_client_id is not None:
        raise NotAllowed("Only a person can ask for this.")
    asker = scope.actor.membership_id if on_behalf else None
    while not await _insert(
        kind, payload, workspace_id=workspace_id, run_at=run_at, dedupe_key=dedupe_key, on_behalf_of_id=asker
    ):
        if await _counts_on_the_waiting_one(agency_id, dedupe_key):
            return
    await scope.execute(
        "insert into ready_agency (agency_id, ready_at) values ($1, coalesce($2, now()))", agency_id, run_at
    )


async def enqueue_beside(connection: Any, agency_id: UUID, kind: str, payload: Mapping[str, object]) -> None:
    """The same in a transaction that is no scope, which has bound the agency itself: of tend_owner, at a restore."""
    await connection.execute(
        "insert into jobs (agency_id, id, kind, payload, priority) values ($1, $2, $3, $4::jsonb, $5)",
        agency_id,
        new_id(),
        kind,
        orjson.dumps(payload, default=str).decode(),
        priority_of(kind),
    )
    await connection.execute("insert into ready_agency (agency_id) values ($1)", agency_id)


async def _insert(
    kind: str,
    payload: Mapping[str, object],
    *,
    workspace_id: UUID | None,
    run_at: datetime | None,
    dedupe_key: str | None,
    on_behalf_of_id: UUID | None,
) -> bool:
    scope = current()
    made = await scope.change(
        """insert into jobs (agency_id, id, workspace_id, kind, payload, run_at, dedupe_key, on_behalf_of_id, priority,
                             traceparent)
           values ($1, $2, $3, $4, $5::jsonb, coalesce($6, now()), $7, $8, $9, $10)
           on conflict (agency_id, dedupe_key) where dedupe_key is not null do nothing""",
        scope.actor.agency_id,
        new_id(),
        workspace_id,
        kind,
        orjson.dumps(payload, default=str).decode(),
        run_at,
        dedupe_key,
        on_behalf_of_id,
        priority_of(kind),
        spans.traceparent(),
    )
    return made == 1


async def _counts_on_the_waiting_one(agency_id: UUID, dedupe_key: str | None) -> bool:
    """False when it has been sent meanwhile. One that is due soon is held until the scope ends: KEY SHARE lets any
    number of scopes hold it together, and the relay passes over it. One that is far off outlives every scope."""
    scope = current()
    is_far = await scope.fetchval(
        "select run_at > now() + $3::interval from jobs where agency_id = $1 and dedupe_key = $2",
        agency_id,
        dedupe_key,
        LONGEST_SCOPE,
    )
    if is_far is not False:
        return is_far is not None
    held = await scope.fetchval(
        "select id from jobs where agency_id = $1 and dedupe_key = $2 for key share", agency_id, dedupe_key
    )
    return held is not None
