from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import orjson

from backend.kit.ids import new_id
from tenants.scope import current


async def enqueue(
    kind: str,
    payload: Mapping[str, object],
    *,
    workspace_id: UUID | None = None,
    run_at: datetime | None = None,
    dedupe_key: str | None = None,
) -> None:
    """Promise a job of the scope's agency; it exists when, and only when, the scope commits.

    With a `dedupe_key`, nothing is added while a job with that key has not been sent yet. `workspace_id` narrows the
    job's own scope to that client.
    """
    scope = current()
    agency_id = scope.actor.agency_id
    tag = await scope.execute(
        """insert into jobs (agency_id, id, workspace_id, kind, payload, run_at, dedupe_key)
           values ($1, $2, $3, $4, $5::jsonb, coalesce($6, now()), $7)
           on conflict (agency_id, dedupe_key) where dedupe_key is not null do nothing""",
        agency_id,
        new_id(),
        workspace_id,
        kind,
        orjson.dumps(payload, default=str).decode(),
        run_at,
        dedupe_key,
    )
    if tag == "INSERT 0 1":
        await scope.execute(
            "insert into ready_agency (agency_id, ready_at) values ($1, coalesce($2, now()))", agency_id, run_at
        )
