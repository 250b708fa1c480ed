"""Asking for an export, and for a link to its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.leaving.models import Export
from backend.leaving.thresholds import LINK_SECONDS
from backend.outbox import enqueue
from backend.outside import seal_for_browser
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import current

LINK: Final = "export"  # what the seal of a link is for
_RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = {
    "agency": (Right.EXPORT,),
    "workspace": (Right.EXPORT,),
    "member": (Right.EXPORT, Right.ERASE),
    "journal": (Right.EXPORT, Right.READ_JOURNAL),
}
_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {  # the first is the usual one
    "agency": ("zip",),
    "workspace": ("zip",),
    "member": ("zip",),
    "journal": ("ndjson", "csv"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A path below the address of the API."""

    path: str
    expires_at: datetime


async def request_export(
    actor: Actor,
    *,
    what: str,
    workspace_id: UUID | None = None,
    member_id: UUID | None = None,
    format: str | None = None,
) -> UUID:
    """Everything of the agency, of a client, of a member, or the journal of a client or the agency, as a file; the id of
    the export, which a job writes on behalf of the actor. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.EXPORT)
    may_export(actor, what)
    if actor.membership_id is None:
        raise NotAllowed("Only a person can ask for this.")
    format = format or _FORMATS[what][0]
    if format not in _FORMATS[what]:
        raise Invalid(f"This comes as {' or '.join(_FORMATS[what]).upper()}.", path=("input", "format"))
    workspace_id, subject_id = await _subject(actor, what, workspace_id, member_id)
    export = await Export.create(
        what=what, format=format, workspace_id=workspace_id, subject_id=subject_id, requested_by_id=actor.membership_id
    )
    await enqueue("write_export", {"export_id": str(export.id)}, workspace_id=workspace_id, on_behalf=True)
    await journal.record(
        "export.requested",
        subject_kind="export",
        subject_id=export.id,
        workspace_id=workspace_id,
        what=what,
        of=str(subject_id),
    )
    return export.id


def may_export(actor: Actor, what: str) -> None:
    """Raises NotAllowed."""
    for right in _RIGHTS[what]:
        actor.must_hold(right)


async def link_to_export(actor: Actor, export_id: UUID) -> Link:
    """For whoever may export that themselves, open for LINK_SECONDS. Raises NotAllowed, NotFound, and Conflict while
    there is no file or when it is gone."""
    actor.must_hold(Right.EXPORT)
    export = await Export.get_or_none(id=export_id)
    if export is None:
        raise NotFound(path=("input", "exportId"))
    may_export(actor, export.what)
    if not has_file(export):
        raise Conflict("There is no file: the export is not done, has failed or has expired.")
    token = seal_for_browser(
        {
            "export": str(export.id),
            "agency": str(actor.agency_id),
            "membership": str(actor.membership_id),
            "workspace": None if export.workspace_id is None else str(export.workspace_id),
        },
        purpose=LINK,
        seconds=LINK_SECONDS,
    )
    return Link(f"/exports/export_{export.id}?token={token}", now() + timedelta(seconds=LINK_SECONDS))


def has_file(export: Export) -> bool:
    return export.state == "done" and export.expires_at is not None and export.expires_at > now()


async def _subject(
    actor: Actor, what: str, workspace_id: UUID | None, member_id: UUID | None
) -> tuple[UUID | None, UUID]:
    """The client it is narrowed to, and whom it is about."""
    if (member_id is None) == (what == "member"):
        raise Invalid("Name a member for an export of a member, and for no other.", path=("input", "memberId"))
    if what in ("agency", "member") and workspace_id is not None:
        raise Invalid("Name a client for an export of a client or a journal.", path=("input", "workspaceId"))
    if what == "workspace" and workspace_id is None:
        raise Invalid("Name the client.", path=("input", "workspaceId"))
    if member_id is not None:
        found = await current().fetchval(
            """select workspace_id from members where agency_id = $1 and id = $2 and ($3 or workspace_id = any($4))""",
            actor.agency_id,
            member_id,
            actor.sees_all,
            list(actor.workspaces or ()),
        )
        if found is None:
            raise NotFound(path=("input", "memberId"))
        return UUID(str(found)), member_id
    if workspace_id is not None:
        if not await Workspace.exists(id=workspace_id, deleted_at=None):
            raise NotFound(path=("input", "workspaceId"))
        return workspace_id, workspace_id
    if not actor.sees_all:
        raise Invalid("This concerns the whole agency: leave out X-Workspace-Id, or name a client.")
    return None, actor.agency_id
