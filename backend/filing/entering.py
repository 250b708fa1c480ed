"""What people say in a transparency report: texts, and numbers that Tend cannot know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.filing import template
from backend.filing.counting import Period
from backend.filing.models import ReportEntry, Service
from backend.filing.providing import find_service
from backend.filing.shaping import Line, Value, kind_of_entry, lines_of
from backend.filing.template import PARTS
from backend.filing.thresholds import ENTRIES_AT_ONCE, FIRST_REPORTED_DAY, LONGEST_CELL
from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_YEAR: Final = ((1, 1), (12, 31))
_HALVES: Final = (((1, 1), (6, 30)), ((7, 1), (12, 31)))


@dataclass(frozen=True, slots=True)
class EnteredCell:
    """`line` and `field` as the report has them: `Category / Keyword` or `Indicator / Scope`, and a header, both without
    the blanks around them. An empty `value` takes back what was said."""

    part: int
    line: str
    field: str
    value: str


async def enter_in_report(
    actor: Actor, service_id: UUID, *, period_start: str, period_end: str, cells: Sequence[EnteredCell]
) -> Service:
    """For the versions of this period that are written from now on. Raises NotAllowed, NotFound, Invalid: for a cell that
    Tend counts, and for what is no share or number."""
    actor.must_hold(Right.LEAD_QUEUE)
    service = await find_service(service_id)
    period = checked_period(service, period_start, period_end)
    if len(cells) > ENTRIES_AT_ONCE:
        raise Invalid(f"At most {ENTRIES_AT_ONCE} cells at once.", path=("input", "cells"))
    lines: dict[int, dict[str, Line]] = {}
    for number, cell in enumerate(cells):
        if cell.part not in PARTS:
            raise Invalid("A report has parts 1 to 11.", path=("input", "cells", str(number), "part"))
        known = lines.setdefault(cell.part, _known(cell.part, service))
        await _enter(actor, service, period, _checked(cell, known, number))
    await journal.record(
        "service.report_entered",
        subject_kind="service",
        subject_id=service.id,
        workspace_id=service.workspace_id,
        period=str(period),
        cells=len(cells),
    )
    return service


def checked_period(service: Service, start: str, end: str) -> Period:
    """A calendar year, or half of one for a very large platform; the first is what is left of 2025. Raises Invalid."""
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError:
        raise Invalid("A day is YYYY-MM-DD.", path=("input", "periodStart")) from None
    days = tuple((day.month, day.day) for day in (period.start, period.end))
    halves = _HALVES if service.kind == "vlop" or period.start == FIRST_REPORTED_DAY else ()
    if period.start.year != period.end.year or days not in (_YEAR, *halves):
        raise Invalid("A period is a calendar year; half of one for a VLOP.", path=("input", "periodStart"))
    if period.start < FIRST_REPORTED_DAY:
        raise Invalid(
            f"The templates are for what happened from {FIRST_REPORTED_DAY} on.", path=("input", "periodStart")
        )
    return period


async def entries_for(service: Service, period: Period) -> dict[tuple[int, str, str], Value]:
    """As values: numbers where a cell is one."""
    known: dict[int, dict[str, Line]] = {}
    found: dict[tuple[int, str, str], Value] = {}
    for row in await ReportEntry.filter(
        service_id=service.id,
        workspace_id=service.workspace_id,
        period_start=str(period.start),
        period_end=str(period.end),
    ):
        line = _line(row.line, known.setdefault(row.part, _known(row.part, service)))
        kind = None if line is None else kind_of_entry(row.part, line, row.field)
        if kind is not None:  # the service was another kind when it was said
            found[row.part, row.line, row.field] = _value(kind, row.value)
    return found


def _known(part: int, service: Service) -> dict[str, Line]:
    return {line.name: line for line in lines_of(part, service.kind, scopes=template.MEMBER_STATES)}


def _line(name: str, known: dict[str, Line]) -> Line | None:
    """What the keyword OTHER was used for follows its line."""
    base, is_other, _ = name.partition("_OTHER: ")
    return known.get(f"{base}_OTHER") if is_other else known.get(name)


def _checked(cell: EnteredCell, known: dict[str, Line], number: int) -> EnteredCell:
    """Raises Invalid."""

    def invalid(message: str, field: str) -> Invalid:
        return Invalid(message, path=("input", "cells", str(number), field))

    line = _line(cell.line, known)
    if line is None:
        raise invalid("The report of this service has no such line.", "line")
    kind = kind_of_entry(cell.part, line, cell.field)
    if kind is None:
        raise invalid("Tend fills this cell, or the line has none of this name.", "field")
    value = clean(cell.value, field="cells", longest=LONGEST_CELL, may_be_empty=True)
    try:
        if value and kind == "share" and not 0 <= float(value) <= 1:
            raise invalid("A share is from 0 to 1.", "value")
        if value and kind == "count" and not (value.isascii() and value.isdecimal() and len(value) < 16):
            raise invalid("A count is a whole number.", "value")
    except ValueError:
        raise invalid("A share is from 0 to 1.", "value") from None
    return EnteredCell(cell.part, cell.line, cell.field, value)


def _value(kind: str, text: str) -> Value:
    return float(text) if kind == "share" else int(text) if kind == "count" else text


async def _enter(actor: Actor, service: Service, period: Period, cell: EnteredCell) -> None:
    place: dict[str, Any] = {
        "workspace_id": service.workspace_id,
        "service_id": service.id,
        "period_start": str(period.start),
        "period_end": str(period.end),
        "part": cell.part,
        "line": cell.line,
        "field": cell.field,
    }
    said = await ReportEntry.filter(**place).select_for_update().first()
    if not cell.value:
        await ReportEntry.filter(**place).delete()
    elif said is None:
        await ReportEntry.create(**place, value=cell.value, entered_by_id=actor.membership_id)
    else:
        said.value, said.entered_by_id, said.entered_at = cell.value, current().actor.membership_id, now()
        await said.save(update_fields=("value", "entered_by_id", "entered_at"))
