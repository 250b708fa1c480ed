"""What time does: invitations end, verifications grow old, receipts go."""

from collections.abc import Mapping
from typing import Any, Final

from backend import journal
from backend.kit.clock import now
from backend.outbox import enqueue
from backend.outside import file_of_member, stored_files
from backend.verification.models import VerificationEvidence
from backend.verification.settling import held_task, move
from backend.verification.thresholds import ENDED_AT_ONCE, PURGED_AT_ONCE, RECEIPT_KEPT_FOR
from tenants.actor import Actor
from tenants.scope import current

_OVER: Final = """
    select id from verification_tasks
     where agency_id = $1 and ($2 or workspace_id = any($3))
       and state in ('invited', 'evidence_received', 'verified')
       and coalesce(valid_until, case when state <> 'verified' then open_until end) <= now()
     order by id limit $4"""
_PURGEABLE: Final = """
    select e.id, e.workspace_id, e.member_id from verification_evidence e
     where e.agency_id = $1 and ($2 or e.workspace_id = any($3)) and e.sha256 is not null and e.purged_at is null
       and e.decided_at < now() - $4::interval
       and not exists (select from holds h where h.agency_id = $1 and h.workspace_id = e.workspace_id
                          and h.lifted_at is null and (h.subject_kind = 'workspace' or h.subject_id = e.member_id))
     order by e.decided_at limit $5 for update of e skip locked"""


async def expire_verifications(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job. What waits for somebody to look does not end: that is not the member's fault."""
    rows = await current().fetch(_OVER, system.agency_id, system.sees_all, list(system.workspaces or ()), ENDED_AT_ONCE)
    for row in rows:
        task = await held_task(row["id"])
        if task.state == "verified":
            if task.valid_until is not None and task.valid_until <= now():
                await move(task, "expired")
        elif task.state in ("invited", "evidence_received") and task.open_until <= now():
            await move(task, "expired" if task.state == "invited" else "unverifiable")
    if len(rows) == ENDED_AT_ONCE:
        await enqueue("expire_verifications", {})


async def purge_receipts(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: files go some days after the verdict, and what is held stays. Their hashes and the verdict stay."""
    rows = await current().fetch(
        _PURGEABLE,
        system.agency_id,
        system.sees_all,
        list(system.workspaces or ()),
        RECEIPT_KEPT_FOR,
        PURGED_AT_ONCE,
    )
    for row in rows:
        # The file first: a row that says so while there is one would never be looked at again.
        await stored_files().delete(file_of_member(system.agency_id, row["workspace_id"], row["member_id"], row["id"]))
        await VerificationEvidence.filter(id=row["id"], workspace_id=row["workspace_id"]).update(purged_at=now())
    counts: dict[Any, int] = {}
    for row in rows:
        counts[row["workspace_id"]] = counts.get(row["workspace_id"], 0) + 1
    for workspace_id, count in counts.items():
        await journal.record(
            "workspace.receipts_purged",
            subject_kind="workspace",
            subject_id=workspace_id,
            workspace_id=workspace_id,
            receipts=count,
        )
    if len(rows) == PURGED_AT_ONCE:
        await enqueue("purge_receipts", {})
