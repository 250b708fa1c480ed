"""Customers come in as lists: CSV in the client's own columns, tried before it counts, and again without harm."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

from backend import journal
from backend.customers.keeping import KEEPERS
from backend.customers.looking_up import found_by
from backend.customers.reading import FIELDS
from backend.customers.thresholds import LINES_AT_ONCE, LONGEST_LIST, PROBLEMS_TOLD
from backend.kit.errors import Invalid
from backend.kit.texts import clean, is_seen
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

__all__ = ["FIELDS", "Imported", "Problem", "import_customers"]

Row: TypeAlias = dict[str, Any]
_PATH: Final = ("input", "csv")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1, the heading among them; `column` as the list calls it, None for the whole line."""

    line: int
    column: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Every line is one of the first four. `ignored`: columns that mean nothing here. PROBLEMS_TOLD problems at most."""

    new: int
    changed: int
    known: int
    bad: int
    problems: Sequence[Problem]
    ignored: Sequence[str]


@dataclass(slots=True)
class _List:
    columns: Mapping[str, str]  # by field, as the list calls it
    ignored: list[str]
    rows: dict[int, Row] = field(default_factory=dict)  # by line
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, field_name: str | None, problem: str) -> None:
        column = None if field_name is None else self.columns.get(field_name, field_name)
        self.problems.append(Problem(line, column, problem))


async def import_customers(
    actor: Actor,
    workspace_id: UUID,
    *,
    what: str,
    text: str,
    mapping: Mapping[str, str] | None = None,
    is_dry_run: bool = False,
) -> Imported:
    """`what` is a key of FIELDS; `mapping` says which column of the list is which field, for those that are not called so.
    Lines without problems are taken in, the others are left out; columns that the list does not have stay as they are. A
    dry run says the same and keeps nothing. Raises NotAllowed, NotFound, and Invalid for what is no such list."""
    actor.must_hold(Right.IMPORT)
    await find_workspace(workspace_id)
    clean(text, field="csv", longest=LONGEST_LIST)
    given = _read(what, text, mapping or {})
    await _refer(given, what, workspace_id)
    rows = _each_once(given, what)
    counts = await KEEPERS[what](workspace_id, list(rows.values()), writes=not is_dry_run)
    bad = len({problem.line for problem in given.problems})
    if not is_dry_run and (counts.new or counts.changed):
        await journal.record(
            "customers.imported",
            subject_kind="workspace",
            subject_id=workspace_id,
            workspace_id=workspace_id,
            what=what,
            new=counts.new,
            changed=counts.changed,
            bad=bad,
        )
    twice = len(given.rows) - len(rows)
    problems = sorted(given.problems, key=lambda each: (each.line, each.column or ""))
    return Imported(counts.new, counts.changed, counts.known + twice, bad, problems[:PROBLEMS_TOLD], given.ignored)


def _read(what: str, text: str, mapping: Mapping[str, str]) -> _List:
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text), strict=True)
    try:
        heading = [each.strip() for each in next(lines, [])]
        given = _columns(what, heading, mapping)
        count = 0
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > LINES_AT_ONCE:
                raise Invalid(f"A list has at most {LINES_AT_ONCE:,} lines.", path=_PATH)
            if len(cells) != len(heading):
                given.refuse(lines.line_num, None, "The line has more or fewer cells than the first.")
                continue
            told = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
            _read_line(given, what, lines.line_num, told)
    except csv.Error:
        raise Invalid(f"Line {lines.line_num} cannot be read.", path=_PATH) from None
    return given


def _columns(what: str, heading: Sequence[str], mapping: Mapping[str, str]) -> _List:
    if len(set(heading)) < len(heading):
        raise Invalid("Two columns have the same name.", path=_PATH)
    fields = FIELDS[what]
    for column, name in mapping.items():
        if column not in heading:
            raise Invalid("The list has no column that is called so.", path=("input", "mapping"))
        if name not in fields:
            raise Invalid(f"A field is one of: {', '.join(fields)}.", path=("input", "mapping"))
    meant = {column: mapping.get(column, column.lower().replace(" ", "_")) for column in heading}
    columns = {name: column for column, name in meant.items() if name in fields}
    if len(columns) < sum(name in fields for name in meant.values()):
        raise Invalid("Two columns are the same field.", path=("input", "mapping"))
    missing = [name for name, known in fields.items() if known.is_needed and name not in columns]
    if missing:
        raise Invalid(f"Nothing says which column is: {', '.join(missing)}.", path=_PATH)
    return _List(columns, [column for column, name in meant.items() if name not in fields])


def _read_line(given: _List, what: str, line: int, told: Mapping[str, str]) -> None:
    row: Row = {}
    problems = len(given.problems)
    for name, known in FIELDS[what].items():
        if name not in given.columns:
            continue
        cell = told[given.columns[name]]
        try:
            if known.is_needed and not is_seen(cell):
                raise ValueError("This may not be empty.")
            if "\ufffd" in cell:
                raise ValueError("A sign was lost: the list was written in another encoding. Save it as UTF-8.")
            row[name] = known.read(cell) if cell else None
        except ValueError as problem:
            given.refuse(line, name, str(problem))
    if what == "subscriptions" and len(given.problems) == problems:
        _check_ending(given, line, row)
        if ("monthly_minor" in row or "currency" in row) and (row.get("monthly_minor") is None) != (
            row.get("currency") is None
        ):
            given.refuse(line, "currency", "An amount and its currency go together.")
    if len(given.problems) == problems:
        given.rows[line] = row


def _check_ending(given: _List, line: int, row: Row) -> None:
    ended_at, ending = row.get("ended_at"), row.get("ending")
    if (ended_at is None) != (ending is None):
        given.refuse(line, "ending", "How it ended and when it did go together.")
    elif ended_at is not None and ended_at < row["started_at"]:
        given.refuse(line, "ended_at", "It had not started then.")


async def _refer(given: _List, what: str, workspace_id: UUID) -> None:
    """Ids of others become theirs; lines that name nobody are refused."""
    for name, known in FIELDS[what].items():
        if known.refers_to is None or name not in given.columns:
            continue
        wanted = {row[name] for row in given.rows.values() if row[name] is not None}
        found = await found_by(known.refers_to, workspace_id, wanted)
        for line, row in list(given.rows.items()):
            if row[name] is not None and row[name] not in found:
                given.refuse(line, name, f"No {known.refers_to} is known under this id.")
                del given.rows[line]
            else:
                row[name] = found.get(row[name])


def _each_once(given: _List, what: str) -> dict[int, Row]:
    """Of lines that say the same the first; those that say something else about the same thing are refused."""
    first: dict[Any, int] = {}
    for line, row in list(given.rows.items()):
        key = (row["external_id"], *((row["account"], row["kind"]) if what in ("exposures", "touches") else ()))
        before = first.setdefault(key, line)
        if before != line and given.rows[before] != row:
            given.refuse(line, "external_id", f"Line {before} has this id, with something else.")
            del given.rows[line]
    return {line: given.rows[line] for line in first.values()}


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)
