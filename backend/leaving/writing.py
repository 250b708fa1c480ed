"""The job that writes the file of an export, a page at a time: however much there is, it never holds all of it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import NotAllowed
from backend.leaving.exporting import may_export
from backend.leaving.models import Export
from backend.leaving.packing import as_csv, as_lines, as_zip
from backend.leaving.reading import tables_of
from backend.leaving.thresholds import KEPT_FOR
from backend.notices import Recipient, tell
from backend.outbox import report_progress
from backend.outside import stored_files
from tenants import locks
from tenants.actor import Actor, system
from tenants.scope import agency_scope, beside, current

_PROGRESS_EVERY: Final = timedelta(seconds=1)
_TO_BE_WRITTEN: Final = ("queued", "running", "failed")


async def wait_for_exports() -> None:
    """Until the scope ends no file is written: none may have read what is erased meanwhile. Where one is being written
    for longer than a lock is waited for, the job tries again."""
    await current().lock(locks.WRITING_FILES, current().actor.agency_id)


async def write_export(actor: Actor, payload: Mapping[str, Any]) -> None:
    """Job, on behalf of whoever asked: with what they may see by now. What is written is left alone; what has failed is
    written when somebody replays the job. Raises NotAllowed."""
    scope, export_id = current(), UUID(payload["export_id"])
    await scope.lock(locks.WRITING_FILES, actor.agency_id, shared=True)
    await scope.lock(locks.WRITING_EXPORT, export_id)
    export = await Export.get_or_none(id=export_id)
    if export is None:
        raise NotAllowed("Whoever asked for this does not see all of it any more.")
    if export.state not in _TO_BE_WRITTEN:
        return
    may_export(actor, export.what)
    path = f"{actor.agency_id}/exports/{export_id}.{export.format}"
    progress = _Progress(actor.agency_id, export_id)
    size = 0

    async def measured() -> AsyncIterator[bytes]:
        nonlocal size
        async for chunk in _chunks(actor, export, progress):
            size += len(chunk)
            yield chunk

    await stored_files().put_stream(path, measured())
    await _end(export_id, state="done", path=path, byte_count=size, counts=progress.counts)
    await journal.record(
        "export.written",
        subject_kind="export",
        subject_id=export_id,
        workspace_id=export.workspace_id,
        counts=dict(progress.counts),
    )
    await _tell(export, "export_done", "The export that you asked for can be downloaded.")


async def fail_export(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job was given up."""
    export = await Export.get_or_none(id=UUID(payload["export_id"]))
    if export is not None:
        await _end(export.id, state="failed", problem=problem)
        await _tell(export, "export_failed", "The export that you asked for could not be written.")


async def _tell(export: Export, kind: str, text: str) -> None:
    await tell(
        [Recipient(membership_id=export.requested_by_id)],
        kind=kind,
        subject_id=export.id,
        workspace_id=export.workspace_id,
        text=text,
        facts={"what": export.what},
    )


def _chunks(actor: Actor, export: Export, progress: "_Progress") -> AsyncIterator[bytes]:
    tables = tables_of(current(), export, on_rows=progress.add)
    if export.format == "csv":
        return as_csv(tables)
    if export.format == "ndjson":
        return as_lines(tables)
    about = {
        "what": export.what,
        "id": str(export.subject_id),
        "agency": str(actor.agency_id),
        "writtenAt": now().isoformat(),
    }
    return as_zip(tables, about=about, counts=progress.counts, pretty=export.what == "member")


async def _end(
    export_id: UUID,
    *,
    state: str,
    problem: str | None = None,
    path: str | None = None,
    byte_count: int | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    await current().execute(
        """update exports set state = $3, problem = $4, path = $5, byte_count = $6, counts = coalesce($7::jsonb, counts),
                  row_count = coalesce($8, row_count), finished_at = now(),
                  expires_at = case when $3 = 'done' then now() + $9::interval end
            where agency_id = $1 and id = $2 and state = any($10)""",
        current().actor.agency_id,
        export_id,
        state,
        problem,
        path,
        byte_count,
        None if counts is None else orjson.dumps(counts).decode(),
        None if counts is None else sum(counts.values()),
        KEPT_FOR,
        list(_TO_BE_WRITTEN),
    )


class _Progress:
    """What was written so far, told in transactions of its own, since that of the job shows nothing before its end."""

    def __init__(self, agency_id: UUID, export_id: UUID) -> None:
        self.counts: Counter[str] = Counter()
        self._agency_id, self._export_id = agency_id, export_id
        self._told_at: datetime | None = None

    async def add(self, table: str, rows: int) -> None:
        self.counts[table] += rows
        await report_progress(self.counts.total())
        if self._told_at is None or now() - self._told_at > _PROGRESS_EVERY:
            self._told_at = now()
            await beside(self._tell())

    async def _tell(self) -> None:
        async with agency_scope(system(self._agency_id)) as scope:
            await scope.execute(
                """update exports set state = 'running', problem = null, finished_at = null, row_count = $3, counts = $4::jsonb
                    where agency_id = $1 and id = $2 and state = any($5)""",
                self._agency_id,
                self._export_id,
                sum(self.counts.values()),
                orjson.dumps(self.counts).decode(),
                list(_TO_BE_WRITTEN),
            )
