from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.errors import NotAllowed
from backend.leaving.exporting import LINK, has_file, may_export
from backend.leaving.models import Export
from backend.outside import open_from_browser, stored_files
from tenants.entering import acting_for
from tenants.scope import agency_scope

_MEDIA_TYPES: Final = {"zip": "application/zip", "ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Download:
    name: str
    media_type: str
    byte_count: int
    chunks: AsyncIterator[bytes]


async def open_export(export_id: UUID, token: str) -> Download | None:
    """The file behind a link, for whom it was made, if they may still have it; written down before anything leaves. None
    for everything else: a link is no way to find out why. Call outside any scope."""
    named = open_from_browser(token, purpose=LINK)
    if named is None or named["export"] != str(export_id):
        return None
    workspace_id = None if named["workspace"] is None else UUID(named["workspace"])
    try:
        actor = await acting_for(UUID(named["agency"]), UUID(named["membership"]), workspace_id)
        async with agency_scope(replace(actor, by_job=False)) as scope:
            export = await Export.get_or_none(id=export_id)
            if export is None or not has_file(export):
                return None
            may_export(scope.actor, export.what)
            chunks = await stored_files().stream(str(export.path))
            if chunks is None:
                return None
            await journal.record_access("export", export.id, workspace_id=export.workspace_id, what=export.what)
    except NotAllowed:
        return None
    return Download(
        name=f"tend-{export.what}-{export.requested_at:%Y-%m-%d}.{export.format}",
        media_type=_MEDIA_TYPES[export.format],
        byte_count=export.byte_count or 0,
        chunks=chunks,
    )
