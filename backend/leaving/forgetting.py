"""A member is forgotten: asked for by staff, done by a job; a legal hold wins over it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from backend import journal
from backend.evidence import OnHold, is_held, lock_workspace
from backend.kit.errors import Conflict, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.leaving.expiring import delete_files_of
from backend.leaving.remembering import hash_of_subject, keep_out
from backend.leaving.thresholds import ERASED_AT_ONCE, STATEMENT_MILLISECONDS
from backend.leaving.writing import wait_for_exports
from backend.notices import Recipient, tell
from backend.outbox import enqueue
from backend.outside import files_of_member, stored_files
from tenants.actor import Actor
from tenants.erasing import as_eraser, treatments
from tenants.rights import Right
from tenants.scope import current
from tenants.tables import tenant_models
from tenants.treating import Put, Remove


async def erase_member(actor: Actor, member_id: UUID, *, grounds: str) -> UUID:
    """Promise it. Raises NotAllowed, NotFound, Invalid, OnHold, and Conflict for somebody who is forgotten already."""
    actor.must_hold(Right.ERASE)
    member = await _find(member_id)
    if member is None:
        raise NotFound(path=("input", "memberId"))
    grounds = clean(grounds, field="grounds", longest=2_000)
    if member["erased_at"] is not None:
        raise Conflict("This member was erased before.")
    await lock_workspace(member["workspace_id"])
    if await is_held(member["workspace_id"], member_id=member_id):
        raise OnHold
    await hash_of_subject("member", member_id)  # raises now what would stop the job
    await journal.record(
        "member.erasure_asked",
        subject_kind="member",
        subject_id=member_id,
        workspace_id=member["workspace_id"],
        grounds=grounds,
    )
    # Not for this client alone: files of the whole agency go as well.
    await enqueue(
        "erase_member",
        {"member_id": str(member_id), "grounds": grounds, "requested_by_id": _text(actor.membership_id)},
    )
    return member_id


async def erase_member_now(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: nothing of the member is left but that somebody was there, the proof, and a hash that keeps them out. Whoever
    asked for it may have left meanwhile; a hold that came meanwhile wins."""
    assert system.sees_all
    member_id, grounds = UUID(payload["member_id"]), payload["grounds"]
    await wait_for_exports()
    member = await _find(member_id)
    if member is None or member["erased_at"] is not None:
        return
    workspace_id = member["workspace_id"]
    await lock_workspace(workspace_id)
    if await is_held(workspace_id, member_id=member_id):
        await journal.record(
            "member.erasure_held", subject_kind="member", subject_id=member_id, workspace_id=workspace_id
        )
        return
    scope, agency_id = current(), system.agency_id
    await keep_out(workspace_id, member["community_id"], member["external_id"])
    counts = await _forget(workspace_id, member_id)
    await scope.execute(
        "update members set erased_at = now() where agency_id = $1 and workspace_id = $2 and id = $3",
        agency_id,
        workspace_id,
        member_id,
    )
    # After the rows: whoever is just storing a file holds its row.
    theirs = await stored_files().delete_below(files_of_member(agency_id, workspace_id, member_id))
    counts["files"] = theirs + await delete_files_of(workspace_id)
    await prove(
        "member",
        member_id,
        workspace_id=workspace_id,
        counts=counts,
        grounds=grounds,
        requested_by_id=payload.get("requested_by_id"),
    )
    if payload.get("requested_by_id") is not None:
        await tell(
            [Recipient(membership_id=UUID(payload["requested_by_id"]))],
            kind="erasure_done",
            subject_id=member_id,
            workspace_id=workspace_id,
            text="The erasure that you asked for is done.",
        )


async def prove(
    kind: str,
    subject_id: UUID,
    *,
    workspace_id: UUID,
    counts: Mapping[str, int],
    grounds: str,
    requested_by_id: str | None,
) -> None:
    """The row that says so for ever, and the journal's line; both know a hash of whom."""
    subject_hash, id = await hash_of_subject(kind, subject_id), new_id()
    await current().execute(
        """insert into erasures (agency_id, workspace_id, id, subject_kind, subject_hash, counts, grounds, requested_by_id)
           values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)""",
        current().actor.agency_id,
        workspace_id,
        id,
        kind,
        subject_hash,
        orjson.dumps(counts).decode(),
        grounds,
        None if requested_by_id is None else UUID(requested_by_id),
    )
    await journal.record(
        f"{kind}.erased",
        subject_kind="erasure",
        subject_id=id,
        workspace_id=workspace_id,
        subject_hash=subject_hash.hex(),
        counts=dict(counts),
    )


async def _find(member_id: UUID) -> Any:
    actor = current().actor
    return await current().fetchrow(
        """select workspace_id, community_id, external_id, erased_at from members
            where agency_id = $1 and id = $2 and ($3 or workspace_id = any($4))""",
        actor.agency_id,
        member_id,
        actor.sees_all,
        list(actor.workspaces or ()),
    )


async def _forget(workspace_id: UUID, member_id: UUID) -> Counter[str]:
    """What the registry says, table by table; how many rows were removed, or changed in one column or more."""
    scope, counts = current(), Counter[str]()
    await scope.execute(f"set local statement_timeout = {STATEMENT_MILLISECONDS}")
    async with as_eraser():
        for model in sorted(tenant_models(), key=lambda model: model.forgotten_in_round):
            table, changed = model._meta.db_table, 0
            for column, treatment in treatments(model):
                if not isinstance(treatment, Put | Remove):
                    continue
                where = f"t.agency_id = $1 and t.workspace_id = $2 and ({treatment.where})"
                if isinstance(treatment, Put):
                    where += f" and t.{column} is distinct from {treatment.value}"
                found = (
                    f"t.ctid = any(array(select t.ctid from {table} t where {where} limit {ERASED_AT_ONCE}))"
                    " and t.agency_id = $1 and t.workspace_id = $2"
                )
                statement = (
                    f"update {table} t set {column} = {treatment.value} where {found}"
                    if isinstance(treatment, Put)
                    else f"delete from {table} t where {found}"
                )
                done = await _all_rows(statement, scope.actor.agency_id, workspace_id, member_id)
                if isinstance(treatment, Put):
                    changed = max(changed, done)  # several columns of the same rows
                else:
                    counts[table] += done
            counts[table] += changed
    return +counts


async def _all_rows(statement: str, *values: Any) -> int:
    """Run until it finds no more rows; how many there were."""
    total = 0
    while True:
        done = await current().change(statement, *values)
        total += done
        if done < ERASED_AT_ONCE:
            return total


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
