"""What the client knows: bookings it tells of, one by one or as a list, and codes that it prints where members come by."""

import csv
import io
import secrets
import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.leaving import hashes_of_words
from backend.verification.designing import held_programme
from backend.verification.models import VerificationProgramme
from backend.verification.thresholds import (
    BOOKING_GOOD_FOR,
    LONGEST_REFERENCE,
    REFERENCES_AT_ONCE,
    SITE_CODES_AT_ONCE,
)
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

COLUMNS: Final = ("reference", "contact", "visited_on")
# Without what is taken for something else on paper: 0 and O, 1 and I and L.
_SIGNS: Final = "".join(sorted(set(string.ascii_uppercase + string.digits) - set("0O1IL")))
_SIGNS_PER_CODE: Final = 12  # of 31: 59 bits, in three groups


@dataclass(frozen=True, slots=True)
class Booking:
    """`contact`: the mail address or telephone number that it was made with; with one, whoever shows it has to know both."""

    reference: str
    contact: str | None = None
    visited_on: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """`line` counts from 1, the heading among them; of a list that is no text, the first."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Every booking is one of the three."""

    new: int
    known: int
    bad: Sequence[BadLine]


@dataclass(frozen=True, slots=True)
class _Reference:
    words: str
    contact: str | None
    good_from: datetime | None
    good_until: datetime | None


async def note_bookings(actor: Actor, programme_id: UUID, bookings: Sequence[Booking]) -> Noted:
    """Those that are known change nothing; those that cannot be read are left out. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    return await _note(actor, programme_id, list(enumerate(bookings, 1)))


async def import_bookings(actor: Actor, programme_id: UUID, text: str) -> Noted:
    """A list with the columns COLUMNS, of which the first must be there, in any order, with commas or semicolons. Raises
    NotAllowed, NotFound, Conflict, and Invalid for what is no such list."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=_delimiter(text), strict=True)
    try:
        heading = [each.strip().lower() for each in next(lines, [])]
        if "reference" not in heading or set(heading) - set(COLUMNS) or len(set(heading)) < len(heading):
            raise Invalid(f"The first line names the columns: {', '.join(COLUMNS)}.", path=("input", "csv"))
        found = []
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            told = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
            booking = Booking(told.get("reference", ""), told.get("contact") or None, told.get("visited_on") or None)
            found.append((lines.line_num, booking if len(cells) == len(heading) else None))
    except csv.Error:
        raise Invalid(f"Line {lines.line_num} cannot be read.", path=("input", "csv")) from None
    return await _note(actor, programme_id, found)


async def issue_site_codes(actor: Actor, programme_id: UUID, *, count: int, days: int) -> list[str]:
    """Codes to print, one for each visit: they are told here and nowhere else. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    programme = await held_programme(actor, programme_id)
    if not 1 <= count <= SITE_CODES_AT_ONCE:
        raise Invalid(f"1 to {SITE_CODES_AT_ONCE:,} codes at once.", path=("input", "count"))
    if not 1 <= days <= 3_650:
        raise Invalid("Codes are good for 1 to 3,650 days.", path=("input", "days"))
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(_SIGNS_PER_CODE)) for _ in range(count)]
    until = now() + timedelta(days=days)
    await _keep(programme, "site_code", [_Reference(normal(code), None, None, until) for code in codes])
    await _record("codes_issued", programme, count=count)
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def normal(text: str) -> str:
    """As people write it down and type it in: without case, blanks and signs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def normal_contact(text: str) -> str:
    """A mail address without case; of a telephone number the last nine digits, since people write 0 or +49 before them."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded if "@" in folded else "".join(sign for sign in folded if sign.isdigit())[-9:]


async def _note(actor: Actor, programme_id: UUID, told: Sequence[tuple[int, Booking | None]]) -> Noted:
    programme = await held_programme(actor, programme_id, needs=Right.IMPORT)
    if not 1 <= len(told) <= REFERENCES_AT_ONCE:
        raise Invalid(f"1 to {REFERENCES_AT_ONCE:,} bookings at once.", path=("input",))
    fit: dict[str, _Reference] = {}
    bad: list[BadLine] = []
    twice = 0
    for number, booking in told:
        try:
            reference = _checked(booking)
        except ValueError as problem:
            bad.append(BadLine(number, str(problem)))
            continue
        before = fit.setdefault(reference.words, reference)
        if before != reference:
            bad.append(BadLine(number, "The list has this reference before, with something else."))
        elif before is not reference:
            twice += 1
    new = await _keep(programme, "booking", list(fit.values()))
    if new:
        await _record("bookings_noted", programme, new=new, known=len(fit) - new + twice, bad=len(bad))
    return Noted(new, len(fit) - new + twice, bad)


def _checked(booking: Booking | None) -> _Reference:
    """Raises ValueError, which says why and never repeats what was told."""
    if booking is None:
        raise ValueError("The line has more or fewer cells than the first.")
    words = normal(booking.reference)
    if len(words) < 4:
        raise ValueError("A reference has four letters or digits at least.")
    if len(booking.reference) > LONGEST_REFERENCE or len(booking.contact or "") > LONGEST_REFERENCE:
        raise ValueError(f"A reference or contact has at most {LONGEST_REFERENCE} characters.")
    contact = None if booking.contact is None else normal_contact(booking.contact)
    if contact is not None and len(contact) < 6:
        raise ValueError("The contact is neither a mail address nor a telephone number.")
    if booking.visited_on is None:
        return _Reference(words, contact, None, None)
    try:
        visit = datetime.strptime(booking.visited_on, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("The day of the visit is not written as 2026-11-25.") from None
    return _Reference(words, contact, visit, visit + BOOKING_GOOD_FOR)


async def _keep(programme: VerificationProgramme, kind: str, references: Sequence[_Reference]) -> int:
    """How many were new."""
    hashes = await hashes_of_words((each.words for each in references), purpose=kind)
    contacts = await hashes_of_words((each.contact for each in references if each.contact), purpose="contact")
    scope, new = current(), 0
    for start in range(0, len(references), 500):
        rows = [
            (
                new_id(),
                hashes[each.words],
                None if each.contact is None else contacts[each.contact],
                each.good_from,
                each.good_until,
            )
            for each in references[start : start + 500]
        ]
        values = ", ".join(
            f"($1, $2, $3, $4, {', '.join(f'${5 + 5 * row + n}' for n in range(5))})" for row in range(len(rows))
        )
        new += await scope.change(
            f"""insert into verification_references (agency_id, workspace_id, programme_id, kind, id, reference_hash,
                                                     contact_hash, good_from, good_until)
                values {values}
                on conflict (agency_id, workspace_id, programme_id, kind, reference_hash) do nothing""",
            *(scope.actor.agency_id, programme.workspace_id, programme.id, kind),
            *_flat(rows),
        )
    return new


def _flat(rows: Iterable[tuple[object, ...]]) -> list[object]:
    return [value for row in rows for value in row]


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return ";" if heading.count(";") > heading.count(",") else ","


async def _record(verb: str, programme: VerificationProgramme, **counts: Any) -> None:
    await journal.record(
        f"programme.{verb}",
        subject_kind="programme",
        subject_id=programme.id,
        workspace_id=programme.workspace_id,
        **counts,
    )
