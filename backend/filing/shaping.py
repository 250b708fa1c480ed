"""The lines of the eleven parts, and their text. What is wrong in the published templates is put right here: a line that one
block of Part 3 lacks is there, and no cell holds words that only say what to write."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backend.filing.lists import CATEGORY, DESCRIBED, KEYWORD
from backend.filing.template import (
    ACCURACIES,
    ALL,
    ALL_NOTICES,
    APPLIES,
    COMPLAINTS,
    COUNTED,
    DISPUTES,
    EXTERNAL,
    FLAGGED,
    HOSTING,
    IMPLEMENTED,
    IMPOSED,
    INTERNAL,
    KINDS_OF_COMPLAINT,
    LANGUAGES,
    LINGUISTIC,
    MEDIAN,
    MEMBER_STATES,
    NOT_BY,
    NOTICES_NOT_BY,
    NOTICES_SOLELY,
    OMITTED,
    OWN,
    PARTLY,
    PARTS,
    PLATFORMS,
    QUALITIES,
    RECIPIENTS,
    REVERSED,
    SOLELY,
    SUMMARY,
    SUSPENSIONS,
    TENDS_MEASURES,
    TOTAL,
    UPHELD,
    VLOPS,
    VLOSES,
    Part,
)
from backend.policies import CATEGORIES

Value = str | int | float
# By part, line and field (the header without the blanks around it).
Cells = Mapping[tuple[int, str, str], Value]


@dataclass(frozen=True, slots=True)
class Line:
    """`name` is what cells go by; `fixed` stand between the lead and the values."""

    name: str
    applies: str
    fixed: tuple[str, ...]


def lines_of(
    number: int, kind: str, *, scopes: Sequence[str] = (), others: Mapping[str, Sequence[str]] | None = None
) -> list[Line]:
    """Of a service of that kind. `scopes`: Member States with a block of their own in Part 3; `others`: by line of a
    category, what its keyword OTHER was used for; each has a line."""
    return [line for line in _lines(number, scopes, others or {}) if line.applies in APPLIES[kind]]


def written(part: Part, lines: Sequence[Line], cells: Cells, *, service: str, period: str) -> str:
    """RFC 4180: lines end in CR LF. UTF-8 without a byte order mark, once encoded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(part.header)
    for line in lines:
        if part.number == 1:
            lead: tuple[str, ...] = (line.applies, service)
        else:
            lead = (line.applies, service, period) if part.has_lead else ()
        values = [cells.get((part.number, line.name, name.strip()), "") for name in (*part.fields, *part.contexts)]
        writer.writerow((*lead, *line.fixed, *map(text_of, values)))
    return out.getvalue()


def text_of(value: Value) -> str:
    """Integers for counts; shares and hours with as many digits as say something."""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def category_line(category: str, keyword: str = "", *, scope: str = TOTAL, other: str = "") -> str:
    """What cells of Parts 3 to 6 go by: `DE: STATEMENT_CATEGORY_VIOLENCE / KEYWORD_OTHER: swatting`."""
    name = category if category == TOTAL else CATEGORY + category
    name += f" / {KEYWORD}{keyword}" if keyword else ""
    name += f": {other}" if other else ""
    return name if scope == TOTAL else f"{scope}: {name}"


def indicator_line(indicator: str, scope: str) -> str:
    return f"{indicator.strip()} / {scope.strip()}"


_LAST: Final = {3: "NOT_SPECIFIED_ORDER", 4: "NOT_SPECIFIED_NOTICE", 6: "OTHER_VIOLATION_TC"}
_SPECIAL: Final = frozenset(_LAST.values())


def categories_in(part: int) -> Mapping[str, tuple[str, ...]]:
    """With their keywords, in the order of the lines."""
    common = {name: keywords for name, keywords in CATEGORIES.items() if name not in _SPECIAL}
    return {**common, **({_LAST[part]: CATEGORIES[_LAST[part]]} if part in _LAST else {})}


def _lines(number: int, scopes: Sequence[str], others: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    match number:
        case 1:
            yield from (Line(name, ALL, (name,)) for name in SUMMARY)
        case 2:
            yield Line(TOTAL, ALL, (TOTAL, "All the entries", TOTAL))
            yield from (Line(label, ALL, (label, described, name)) for label, described, name in DESCRIBED)
        case 3 | 4 | 5 | 6:
            for scope in (TOTAL, *scopes) if number == 3 else (TOTAL,):
                yield from _matrix(number, scope, others)
        case 7:
            yield from _appeals()
        case 8:
            yield from _automation()
        case 9:
            section = "Human resources dedicated to content moderation "
            yield _indicator(VLOPS, section, INTERNAL, COUNTED)
            yield _indicator(VLOPS, section, EXTERNAL, COUNTED)
            yield from (_indicator(VLOPS, section, LINGUISTIC, scope) for scope in (COUNTED, *LANGUAGES))
        case 10:
            yield from (_indicator(VLOSES, "AMAR", RECIPIENTS, scope) for scope in (TOTAL, *MEMBER_STATES))
        case 11:
            yield from (Line(name.strip(), applies, (name,)) for applies, name in QUALITIES)


def _matrix(number: int, scope: str, others: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    applies = HOSTING if number == 4 else ALL
    tail = (scope,) if number == 3 else ()
    yield Line(category_line(TOTAL, scope=scope), applies, (TOTAL, "", *tail))
    for category, keywords in categories_in(number).items():
        name = category_line(category, scope=scope)
        yield Line(name, applies, (CATEGORY + category, "", *tail))
        for keyword in keywords:
            for other in (others.get(name) or ("",)) if keyword == "OTHER" else ("",):
                yield Line(
                    category_line(category, keyword, scope=scope, other=other),
                    applies,
                    (KEYWORD + keyword, other, *tail),
                )


def _indicator(applies: str, section: str, indicator: str, scope: str) -> Line:
    return Line(indicator_line(indicator, scope), applies, (section, indicator, scope))


def _appeals() -> Iterator[Line]:
    section = "Internal complaints mechanism"
    outcomes = (UPHELD, PARTLY, REVERSED, MEDIAN)
    yield _indicator(ALL, section, COMPLAINTS, COUNTED)
    yield from (_indicator(PLATFORMS, section, COMPLAINTS, scope) for scope in (*outcomes, OMITTED))
    yield _indicator(PLATFORMS, section, IMPOSED, COUNTED)
    for indicator in KINDS_OF_COMPLAINT.values():
        yield from (_indicator(PLATFORMS, section, indicator, scope) for scope in (COUNTED, *outcomes))
    section = "Out-of-court dispute settlement bodies"
    for scope in (COUNTED, *outcomes, OMITTED, IMPLEMENTED):
        yield _indicator(PLATFORMS, section, DISPUTES, scope)
    for indicator in SUSPENSIONS.values():
        yield _indicator(PLATFORMS, "Suspensions imposed on repeated offenders", indicator, COUNTED)


def _automation() -> Iterator[Line]:
    section = "Use of automated means for content moderation"
    for applies, scope, counts in (
        (ALL, COUNTED, (SOLELY, NOT_BY)),
        (ALL, OWN, (SOLELY, NOT_BY)),
        (HOSTING, ALL_NOTICES, (NOTICES_SOLELY, NOTICES_NOT_BY)),
        (PLATFORMS, FLAGGED, (NOTICES_SOLELY, NOTICES_NOT_BY)),
    ):
        yield from (_indicator(applies, section, indicator, scope) for indicator in (*counts, *ACCURACIES))
    # A line a language, where the template has the first, dots and the last.
    for indicator in (SOLELY, NOT_BY, *ACCURACIES):
        yield from (_indicator(VLOPS, section, indicator, language) for language in LANGUAGES)


def kind_of_entry(number: int, line: Line, field: str) -> str | None:
    """What people say in a cell: a `share` from 0 to 1, a `count`, or `text`. None for a cell that is Tend's to fill."""
    part = PARTS[number]
    if field in {name.strip() for name in part.contexts} or number == 11:
        return "text"
    if field not in {name.strip() for name in part.fields}:
        return None
    if number == 8:
        return "share" if line.fixed[1] in ACCURACIES else None
    if number in (9, 10):
        return "count"
    return "count" if number in (5, 6) and field not in TENDS_MEASURES else None
