"""What holds for every kind of job: somebody promises it, and whoever promises one names a kind that is worked on."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from workers.calendar import CALENDAR
from workers.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
PLACE_OF_KIND = {"enqueue": 0, "enqueue_beside": 2}
# Kinds that no code promises; each with its reason.
PROMISED_ELSEWHERE = {
    "count_cases_again": "by migration 0003, for clients that were there before it",
}
# Where the kind is no text in the code; each with its reason.
NOT_SAID = {
    "workers/calendar.py": "what is in the calendar",
}


@cache
def promises() -> list[tuple[str, str | None]]:
    """Where a job is promised, and its kind as a pattern; None where the code does not say it."""
    return [
        (f"{file.relative_to(ROOT)}:{call.lineno}", _kind(call, tree))
        for folder in ("backend", "tenants", "graphql_schema", "workers")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for tree in [ast.parse(file.read_text())]
        for call in _calls(tree)
    ]


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in PLACE_OF_KIND:
            yield node


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _kind(call: ast.Call, tree: ast.Module) -> str | None:
    given = call.args[PLACE_OF_KIND[_name(call.func)]]
    if isinstance(given, ast.Name):
        given = next((value for name, value in _constants(tree) if name == given.id), given)
    if isinstance(given, ast.JoinedStr):
        return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in given.values)
    return re.escape(given.value) if isinstance(given, ast.Constant) else None


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


@pytest.mark.parametrize(("where", "kind"), promises(), ids=[where for where, _ in promises()])
def test_whoever_promises_a_job_names_a_kind_that_is_worked_on(where: str, kind: str | None) -> None:
    if kind is None:
        assert where.partition(":")[0] in NOT_SAID, f"{where}: write the kind where it is promised, as text or constant"
        return
    assert any(re.fullmatch(kind, known) for known in CATALOGUE), (
        f"{where} promises {kind!r}, which no worker knows: add it to workers/catalogue.py, or mend the name"
    )


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_kind_is_promised_by_somebody(kind: str) -> None:
    in_code = any(re.fullmatch(said, kind) for _, said in promises() if said is not None)
    is_promised = in_code or any(entry.kind == kind for entry in CALENDAR)
    if kind in PROMISED_ELSEWHERE:
        assert not is_promised, f"take {kind} out of PROMISED_ELSEWHERE"
        return
    assert is_promised, f"nobody promises {kind}: enqueue it, put it into workers/calendar.py, or take it out"


def test_every_exemption_names_something_that_exists() -> None:
    assert set(PROMISED_ELSEWHERE) <= set(CATALOGUE)
    assert set(NOT_SAID) <= {where.partition(":")[0] for where, kind in promises() if kind is None}
