from uuid import UUID

from backend import journal
from backend.integrity.models import Investigation, InvestigationEntry
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.policies import TAXONOMY
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right


async def open_investigation(
    actor: Actor, workspace_id: UUID, *, title: str, question: str, taxonomy_code: str | None = None
) -> UUID:
    """Led by whoever opens it. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.WORK_QUEUE)
    await find_workspace(workspace_id)
    if taxonomy_code is not None and taxonomy_code not in TAXONOMY:
        raise Invalid("There is no such code in the taxonomy.", path=("input", "taxonomyCode"))
    investigation = await Investigation.create(
        workspace_id=workspace_id,
        title=clean_line(title, field="title", longest=200),
        question=clean(question, field="question", longest=5_000),
        taxonomy_code=taxonomy_code,
        lead_id=actor.membership_id,
        opened_by_id=actor.membership_id,
    )
    await note_entry(actor, investigation, "opened")
    await journal.record(
        "investigation.opened",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=workspace_id,
        code=taxonomy_code,
    )
    return investigation.id


async def open_one(investigation_id: UUID) -> Investigation:
    """Locked until the scope ends, so that what is added and what is concluded come one after the other. Raises NotFound, and
    Conflict for one that is concluded."""
    investigation = await Investigation.filter(id=investigation_id).select_for_update().get_or_none()
    if investigation is None:
        raise NotFound(path=("input", "investigationId"))
    if investigation.state != "open":
        raise Conflict("This investigation is concluded: reopen it first.", path=("input", "investigationId"))
    return investigation


async def note_entry(actor: Actor, investigation: Investigation, kind: str, text: str = "") -> None:
    await InvestigationEntry.create(
        workspace_id=investigation.workspace_id,
        investigation_id=investigation.id,
        kind=kind,
        text=text,
        membership_id=actor.membership_id,
    )
