"""A client goes: closed at once, deleted after a time of grace in which it can be opened again."""

from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.leaving.thresholds import GRACE
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import current


async def close_workspace(actor: Actor, workspace_id: UUID, *, grounds: str) -> Workspace:
    """Only who manages clients can still look at it; everything in it is deleted after GRACE. Raises NotAllowed,
    NotFound, Invalid, and Conflict where it is closed already."""
    workspace = await _locked(actor, workspace_id)
    grounds = clean(grounds, field="grounds", longest=2_000)
    if workspace.deletes_at is not None:
        raise Conflict("This client is closed already.")
    workspace.deletes_at = now() + GRACE
    await _change(workspace)
    await enqueue(
        "delete_workspace",
        {
            "workspace_id": str(workspace_id),
            "grounds": grounds,
            "requested_by_id": None if actor.membership_id is None else str(actor.membership_id),
        },
        run_at=workspace.deletes_at,
    )
    await journal.record(
        "workspace.closed",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        grounds=grounds,
        deletes_at=workspace.deletes_at,
    )
    return workspace


async def reopen_workspace(actor: Actor, workspace_id: UUID) -> Workspace:
    """As if nothing had been. Raises NotAllowed, NotFound, Invalid, and Conflict where it is not closed."""
    workspace = await _locked(actor, workspace_id)
    if workspace.deletes_at is None:
        raise Conflict("This client is not closed.")
    workspace.deletes_at = None
    await _change(workspace)
    await journal.record(
        "workspace.reopened", subject_kind="workspace", subject_id=workspace_id, workspace_id=workspace_id
    )
    return workspace


async def _locked(actor: Actor, workspace_id: UUID) -> Workspace:
    actor.must_hold(Right.MANAGE_WORKSPACES)
    if not actor.sees_all:
        raise Invalid("Closing a client concerns the whole agency: leave out X-Workspace-Id.")
    workspace = await Workspace.filter(id=workspace_id, deleted_at=None).select_for_update(no_key=True).first()
    if workspace is None:
        raise NotFound(path=("input", "workspaceId"))
    return workspace


async def _change(workspace: Workspace) -> None:
    """Everybody who was let in before must be let in anew (app.admission_mark)."""
    agency_id = current().actor.agency_id
    await current().execute(
        "update workspaces set deletes_at = $3 where agency_id = $1 and id = $2",
        agency_id,
        workspace.id,
        workspace.deletes_at,
    )
    await current().execute("update agencies set closings = closings + 1 where id = $1", agency_id)
