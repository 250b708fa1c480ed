"""What an investigation is about: subjects, and notes of whoever works on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Member, Post
from backend.integrity.models import Investigation, InvestigationSubject
from backend.integrity.opening import note_entry, open_one
from backend.integrity.thresholds import SUBJECTS_AT_ONCE, SUBJECTS_PER_INVESTIGATION
from backend.integrity.tying import look_for
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.moderation import Case
from tenants.actor import Actor
from tenants.rights import Right

_ROWS: Final[dict[str, Any]] = {"member": Member, "post": Post, "case": Case}
VALUES: Final = ("account", "link", "payment", "booking")


@dataclass(frozen=True, slots=True)
class Subject:
    """Of kind member, post or case with an `id`, else with a `value`."""

    kind: str
    id: UUID | None = None
    value: str | None = None
    note: str = ""


async def add_subjects(actor: Actor, investigation_id: UUID, subjects: Sequence[Subject]) -> UUID:
    """What connects them with each other and with the others is looked for at once. One that is there already stays as it is.
    Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    investigation = await open_one(investigation_id)
    if not 1 <= len(subjects) <= SUBJECTS_AT_ONCE:
        raise Invalid(f"Give 1 to {SUBJECTS_AT_ONCE} subjects at once.", path=("input", "subjects"))
    known = {
        row.key
        for row in await InvestigationSubject.filter(
            investigation_id=investigation.id, workspace_id=investigation.workspace_id
        )
    }
    added = 0
    for number, subject in enumerate(subjects):
        columns = await _checked(investigation, subject, number)
        if columns["key"] in known:
            continue
        known.add(columns["key"])
        await InvestigationSubject.create(
            workspace_id=investigation.workspace_id,
            investigation_id=investigation.id,
            added_by_id=actor.membership_id,
            **columns,
        )
        added += 1
    if len(known) > SUBJECTS_PER_INVESTIGATION:
        raise Conflict(f"An investigation has at most {SUBJECTS_PER_INVESTIGATION} subjects: begin another one.")
    if added:
        await note_entry(actor, investigation, "subject_added", f"{added}")
        await _record("subjects_added", investigation, subjects=added)
        await look_for(investigation)
    return investigation.id


async def remove_subject(actor: Actor, subject_id: UUID, *, reason: str) -> UUID:
    """It was no part of it; its ties go as well. The id of the investigation. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    reason = clean(reason, field="reason", longest=2_000)
    subject = await InvestigationSubject.get_or_none(id=subject_id)
    if subject is None:
        raise NotFound(path=("input", "investigationSubjectId"))
    investigation = await open_one(subject.investigation_id)
    await subject.delete()
    await note_entry(actor, investigation, "subject_removed", reason)
    await _record("subject_removed", investigation, subject=str(subject.id))
    return investigation.id


async def note(actor: Actor, investigation_id: UUID, *, text: str) -> UUID:
    """In the words of whoever works on it. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    text = clean(text, field="text", longest=5_000)
    investigation = await open_one(investigation_id)
    await note_entry(actor, investigation, "noted", text)
    await _record("noted", investigation)
    return investigation.id


async def _checked(investigation: Investigation, subject: Subject, number: int) -> dict[str, Any]:
    """Columns. Raises Invalid, NotFound."""
    path = ("input", "subjects", str(number))
    remark = clean(subject.note, field="note", longest=2_000, may_be_empty=True)
    if subject.kind in _ROWS:
        if subject.id is None or subject.value is not None:
            raise Invalid("Name it by its id.", path=path)
        if not await _ROWS[subject.kind].exists(id=subject.id, workspace_id=investigation.workspace_id):
            raise NotFound(path=path)
        return {
            "kind": subject.kind,
            f"{subject.kind}_id": subject.id,
            "key": f"{subject.kind}:{subject.id}",
            "note": remark,
        }
    if subject.id is not None or subject.value is None:
        raise Invalid("Say what it is by its value.", path=path)
    value = clean_line(subject.value, field="subjects", longest=500)
    if subject.kind != "link":
        value = plain_reference(value)
    return {"kind": subject.kind, "value": value, "key": f"{subject.kind}:{value}", "note": remark}


def plain_reference(value: str) -> str:
    """References are typed and printed in many ways: blanks and case tell none apart."""
    return "".join(value.split()).casefold()[:200]


async def _record(verb: str, investigation: Investigation, **facts: Any) -> None:
    await journal.record(
        f"investigation.{verb}",
        subject_kind="investigation",
        subject_id=investigation.id,
        workspace_id=investigation.workspace_id,
        **facts,
    )
