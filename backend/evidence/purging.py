"""How long evidence is kept: the client says, and a legal hold wins."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.evidence.holding import lock_workspace
from backend.evidence.thresholds import EMPTIED_AT_ONCE, FEWEST_DAYS, MOST_DAYS
from backend.kit.errors import Invalid, NotFound
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.erasing import as_eraser
from tenants.models import Workspace
from tenants.rights import Right
from tenants.scope import current

_OVER: Final = """
      from workspaces w
      join evidence_snapshots e on e.agency_id = $1 and e.workspace_id = w.id and e.content is not null
       and e.captured_at < now() - make_interval(days => w.evidence_days)
      join cases c on c.agency_id = $1 and c.workspace_id = w.id and c.id = e.case_id
       and c.closed_at < now() - make_interval(days => w.evidence_days)
     where w.agency_id = $1 and w.deleted_at is null and not exists (
           select from holds h where h.agency_id = $1 and h.workspace_id = w.id and h.lifted_at is null
              and (h.subject_kind = 'workspace' or h.subject_id in (e.member_id, c.member_id)))"""


async def set_evidence_days(actor: Actor, workspace_id: UUID, *, days: int) -> UUID:
    """After a case is closed. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.MANAGE_WORKSPACES)
    if not FEWEST_DAYS <= days <= MOST_DAYS:
        raise Invalid(f"Evidence is kept for {FEWEST_DAYS} to {MOST_DAYS:,} days.", path=("input", "days"))
    workspace = await Workspace.filter(id=workspace_id, deleted_at=None).select_for_update(no_key=True).first()
    if workspace is None:
        raise NotFound(path=("input", "workspaceId"))
    before, workspace.evidence_days = workspace.evidence_days, days
    await workspace.save(update_fields=["evidence_days"])
    await journal.record(
        "workspace.evidence_days_set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        before={"evidence_days": before},
        after={"evidence_days": days},
    )
    return workspace_id


async def purge_evidence(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: the content goes of what was captured for cases that were closed long enough ago, and the hash stays. What is
    held, or is about somebody who is, stays whole."""
    scope, goes_on = current(), False
    clients = await scope.fetch(
        f"select distinct w.id {_OVER} and ($2 or w.id = any($3)) order by w.id",
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
    )
    for client in clients:
        await lock_workspace(client["id"])
        async with as_eraser():
            gone = await scope.change(
                f"""update evidence_snapshots t set content = null
                     where t.agency_id = $1 and t.workspace_id = $2
                       and t.id = any(array(select e.id {_OVER} and w.id = $2 limit {EMPTIED_AT_ONCE}))""",
                system.agency_id,
                client["id"],
            )
        goes_on = goes_on or gone == EMPTIED_AT_ONCE
        if gone:
            await journal.record(
                "workspace.evidence_purged",
                subject_kind="workspace",
                subject_id=client["id"],
                workspace_id=client["id"],
                snapshots=gone,
            )
    if goes_on:
        await enqueue("purge_evidence", {})
