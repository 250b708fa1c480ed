"""What the client knows of members that Tend can't see: whose payment, booking or account it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.integrity.collecting import plain_reference
from backend.integrity.thresholds import REFERENCES_AT_ONCE
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Told:
    """`kind` is account, payment or booking."""

    kind: str
    value: str
    member_id: UUID


async def note_references(actor: Actor, workspace_id: UUID, references: Sequence[Told]) -> int:
    """How many were new. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.IMPORT)
    await find_workspace(workspace_id)
    if not 1 <= len(references) <= REFERENCES_AT_ONCE:
        raise Invalid(f"Give 1 to {REFERENCES_AT_ONCE:,} references at once.", path=("input", "references"))
    there = set(
        await Member.filter(
            id__in={each.member_id for each in references}, workspace_id=workspace_id, erased_at=None
        ).values_list("id", flat=True)
    )
    rows = []
    for number, each in enumerate(references):
        if each.member_id not in there:
            raise NotFound(path=("input", "references", str(number), "memberId"))
        value = plain_reference(clean_line(each.value, field="references", longest=200))
        rows.append((each.kind, value, each.member_id))
    scope = current()
    known = await scope.fetch(
        """select kind, value, member_id from client_references
            where agency_id = $1 and workspace_id = $2 and member_id = any($3)""",
        actor.agency_id,
        workspace_id,
        list(there),
    )
    new = sorted(set(rows) - {(row["kind"], row["value"], row["member_id"]) for row in known})
    await scope.executemany(
        """insert into client_references (agency_id, workspace_id, id, kind, value, member_id)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing""",
        [(actor.agency_id, workspace_id, new_id(), *row) for row in new],
    )
    await journal.record(
        "workspace.references_noted",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        new=len(new),
    )
    return len(new)
