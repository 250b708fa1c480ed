"""What does not add up in a transparency report, before anybody publishes it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from backend.filing import template
from backend.filing.counting import UNNAMED
from backend.filing.shaping import Cells, Line, categories_in, category_line, indicator_line
from backend.filing.template import PARTS

_MEASURES: Final = template.MEASURES[0].strip()


def what_does_not_add_up(
    cells: Cells, lines: Mapping[int, Sequence[Line]], *, entered: Collection[tuple[int, str, str]]
) -> list[dict[str, Any]]:
    """[{part, line, message, isError}]: errors are wrong by the arithmetic of the instructions; the rest is for people to
    look at."""
    found = [
        *(each for part in (3, 4, 5, 6) for each in _matrix(part, cells, lines[part])),
        *_restrictions(cells, lines),
        *_outcomes(cells, lines[7]),
        *_texts(cells, lines, entered),
    ]
    return [
        {"part": part, "line": line, "message": message, "isError": is_error} for part, line, message, is_error in found
    ]


_Finding = tuple[int, str, str, bool]


def _matrix(part: int, cells: Cells, lines: Sequence[Line]) -> list[_Finding]:
    """Keywords sum up to their category, categories to the total, Member States to all of them."""
    found: list[_Finding] = []
    names = [line.name for line in lines]
    scopes = dict.fromkeys(line.fixed[2] for line in lines) if part == 3 else {template.TOTAL: None}
    for field in (name.strip() for name in PARTS[part].fields if "Median" not in name):
        for scope in scopes:
            categories = [category_line(category, scope=scope) for category in categories_in(part)]
            parts = {category_line(template.TOTAL, scope=scope): categories}
            for category, keywords in zip(categories, categories_in(part).values(), strict=True):
                if keywords:
                    parts[category] = [name for name in names if name.startswith(f"{category} / ")]
            found += _sums(part, field, parts, cells)
        if part == 3:
            whole = category_line(template.TOTAL)
            states = [category_line(template.TOTAL, scope=scope) for scope in scopes if scope != template.TOTAL]
            found += _sums(part, field, {whole: states}, cells) if states else []
    return found


def _sums(part: int, field: str, parts: Mapping[str, Sequence[str]], cells: Cells) -> list[_Finding]:
    return [
        (part, whole, f"{field}: its lines sum up to {total}, and it says {_number(cells, part, whole, field)}.", True)
        for whole, names in parts.items()
        if (total := sum(_number(cells, part, name, field) for name in names)) != _number(cells, part, whole, field)
    ]


def _restrictions(cells: Cells, lines: Mapping[int, Sequence[Line]]) -> list[_Finding]:
    """A measure counts once, and once in each column of what it did: no column has more than there were measures."""
    return [
        (part, line.name, f"{field}: more than there were measures.", True)
        for part in (5, 6)
        for line in lines[part]
        for field in (name.strip() for name in template.MEASURES[1:])
        if _number(cells, part, line.name, field) > _number(cells, part, line.name, _MEASURES)
    ]


def _outcomes(cells: Cells, lines: Sequence[Line]) -> list[_Finding]:
    outcomes = (template.UPHELD, template.PARTLY, template.REVERSED, template.OMITTED)
    return [
        (7, line.name, "More outcomes than there were complaints or disputes.", True)
        for line in lines
        if line.fixed[2] == template.COUNTED
        and sum(_number(cells, 7, indicator_line(line.fixed[1], scope), "Value") for scope in outcomes)
        > _number(cells, 7, line.name, "Value")
    ]


def _texts(
    cells: Cells, lines: Mapping[int, Sequence[Line]], entered: Collection[tuple[int, str, str]]
) -> list[_Finding]:
    found: list[_Finding] = [
        (11, line.name, "Nobody has written this text.", False)
        for line in lines[11]
        if not cells.get((11, line.name, "Value"))
    ]
    unnamed = f"KEYWORD_OTHER: {UNNAMED}"
    found += [
        (part, line.name, "Of these nobody said which kind they are of: OTHER is no catch-all.", False)
        for part in (3, 4, 5, 6)
        for line in lines[part]
        if line.name.endswith(unnamed)
    ]
    there = {(part, line.name) for part, some in lines.items() for line in some}
    found += [
        (part, name, "What was entered here has no line in this version.", False)
        for part, name, _ in sorted(entered)
        if (part, name) not in there
    ]
    return found


def _number(cells: Cells, part: int, line: str, field: str) -> float:
    value = cells.get((part, line, field), 0)
    return 0 if isinstance(value, str) else value
