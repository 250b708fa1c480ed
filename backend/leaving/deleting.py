"""When the time of grace is over: every row of a client goes, in the order of the foreign keys."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.evidence import is_held, lock_workspace
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.leaving.expiring import delete_files_of
from backend.leaving.forgetting import prove
from backend.leaving.thresholds import DELETED_AT_ONCE, ERASED_AT_ONCE, STATEMENT_MILLISECONDS
from backend.leaving.writing import wait_for_exports
from backend.outbox import enqueue, report_progress
from backend.outside import files_of_client, stored_files
from tenants.actor import Actor
from tenants.erasing import as_eraser, goes_with_workspace
from tenants.models import Workspace
from tenants.scope import current
from tenants.tables import children_first, pointing_within, tenant_models

ASK_AGAIN: Final = timedelta(days=1)  # while a hold is on it


async def delete_workspace(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: a piece of it; goes on by itself until nothing is left but a row without a name, which the journal points at.
    Does nothing for a client that was opened again, and waits for a hold."""
    workspace_id = UUID(payload["workspace_id"])
    await wait_for_exports()
    try:
        await lock_workspace(workspace_id)
    except NotFound:
        return  # it is done
    scope, agency_id = current(), system.agency_id
    if not await scope.fetchval(
        "select deletes_at <= now() from workspaces where agency_id = $1 and id = $2", agency_id, workspace_id
    ):
        return
    if await is_held(workspace_id):
        await journal.record(
            "workspace.deletion_held", subject_kind="workspace", subject_id=workspace_id, workspace_id=workspace_id
        )
        await enqueue("delete_workspace", payload, run_at=now() + ASK_AGAIN)
        return
    counts = Counter(payload.get("counts", {}))
    if not await _delete_rows(workspace_id, counts):
        await enqueue("delete_workspace", {**payload, "counts": dict(counts)})
        return
    # Once more, after the rows: whoever is just storing a file holds its row.
    for folder in (files_of_client(agency_id, workspace_id), f"{agency_id}/{workspace_id}"):
        counts["files"] += await stored_files().delete_below(folder)
    await scope.execute(
        "update api_clients set ends_at = now() where agency_id = $1 and workspace_id = $2 and coalesce(ends_at > now(), true)",
        agency_id,
        workspace_id,
    )
    await scope.execute(
        f"update workspaces set {Workspace.put_out} where agency_id = $1 and id = $2",
        agency_id,
        workspace_id,
    )
    await scope.execute("update agencies set closings = closings + 1 where id = $1", agency_id)
    await prove(
        "workspace",
        workspace_id,
        workspace_id=workspace_id,
        counts=+counts,
        grounds=payload["grounds"],
        requested_by_id=payload.get("requested_by_id"),
    )


async def _delete_rows(workspace_id: UUID, counts: Counter[str]) -> bool:
    """Whether all are gone; False after DELETED_AT_ONCE."""
    scope, agency_id = current(), current().actor.agency_id
    await scope.execute(f"set local statement_timeout = {STATEMENT_MILLISECONDS}")
    files = await delete_files_of(workspace_id)
    own = await stored_files().names(f"{agency_id}/{workspace_id}/")
    for path in own:
        await stored_files().delete(path)
    counts["files"] = max(counts["files"], files + len(own))
    # Answers point at posts: rows of one statement may, those of two may not. A thread is too long for `unpointed` below.
    await scope.execute(
        "update posts set reply_to_id = null where agency_id = $1 and workspace_id = $2 and reply_to_id is not null",
        agency_id,
        workspace_id,
    )
    left = DELETED_AT_ONCE
    within = await pointing_within(scope)
    tables = [model._meta.db_table for model in tenant_models() if goes_with_workspace(model)]
    for table in await children_first(scope, tables):
        # What supersedes a decision, or was joined to an escalation, goes before it.
        unpointed = "".join(
            f""" and not exists (select from {table} p where p.agency_id = $1 and p.workspace_id = $2
                                 and p.{column} = d.id and p.id <> d.id)"""
            for column in within.get(table, ())
            if table != "posts"
        )
        while True:
            async with as_eraser():
                done = await scope.change(
                    f"""delete from {table} t where t.agency_id = $1 and t.workspace_id = $2 and t.ctid = any(array(
                            select d.ctid from {table} d where d.agency_id = $1 and d.workspace_id = $2{unpointed}
                             limit {ERASED_AT_ONCE}))""",
                    agency_id,
                    workspace_id,
                )
            counts[table] += done
            left -= done
            await report_progress(counts.total())
            if not done or (done < ERASED_AT_ONCE and not unpointed):
                break
            if left <= 0:
                return False
    return True
