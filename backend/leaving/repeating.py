"""After an agency was taken back: whoever was forgotten since, and every client deleted since, goes once more."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from backend import journal
from backend.leaving.remembering import hashes_of_subjects
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.scope import current


async def repeat_erasures(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: the proofs are still there, and know a hash of whom."""
    since = datetime.fromisoformat(payload["since"])
    scope, agency_id = current(), system.agency_id
    proofs = await scope.fetch(
        """select workspace_id, subject_kind, subject_hash, grounds, requested_by_id from erasures
            where agency_id = $1 and erased_at > $2""",
        agency_id,
        since,
    )
    wanted = {proof["subject_hash"]: proof for proof in proofs}
    candidates = await _candidates(agency_id, list({proof["workspace_id"] for proof in proofs}))
    again = {hash: subject for hash, subject in (await hashes_of_subjects(candidates)).items() if hash in wanted}
    for subject_hash, (kind, subject_id) in again.items():
        proof = wanted[subject_hash]
        asked = {"grounds": proof["grounds"], "requested_by_id": _text(proof["requested_by_id"])}
        if kind == "member":
            await enqueue("erase_member", {"member_id": str(subject_id), **asked})
        else:
            await scope.execute(
                "update workspaces set deletes_at = now() where agency_id = $1 and id = $2", agency_id, subject_id
            )
            await scope.execute("update agencies set closings = closings + 1 where id = $1", agency_id)
            await enqueue("delete_workspace", {"workspace_id": str(subject_id), **asked})
    await journal.record(
        "agency.taken_back",
        subject_kind="agency",
        subject_id=agency_id,
        workspace_id=None,
        since=since,
        rows=payload["rows"],
        erased_again=len(again),
    )


async def _candidates(agency_id: UUID, workspaces: list[UUID]) -> list[tuple[str, UUID]]:
    """Everybody and everything that is there and might have been erased."""
    rows = await current().fetch(
        """select 'workspace' as kind, id from workspaces
            where agency_id = $1 and id = any($2) and deleted_at is null
           union all select 'member', id from members
            where agency_id = $1 and workspace_id = any($2) and erased_at is null""",
        agency_id,
        workspaces,
    )
    return [(row["kind"], row["id"]) for row in rows]


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
