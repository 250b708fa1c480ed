"""What a plan costs, known before anything runs: one point per object, a list multiplies by its page size."""

from collections.abc import Sequence
from typing import Any, Final

from graphql_schema.projection.paging import Page
from graphql_schema.projection.selecting import Embedded, ListPlan, ObjectPlan, Plan

MOST_EXPENSIVE: Final = 10_000  # as Linear; two nested lists of the default size with a few references fit
COUNT_PRICE: Final = 5  # a totalCount reads the index of the whole list


def price(plan: Plan, pages: Sequence[Page]) -> int:
    return _list(plan.root, pages) if isinstance(plan.root, ListPlan) else _object(plan.root, pages)


def _object(plan: ObjectPlan, pages: Sequence[Page]) -> int:
    points = 1
    for _key, entry in plan.entries:
        if isinstance(entry, Embedded):
            points += _object(entry.object, pages)
        elif isinstance(entry, ListPlan):
            points += _list(entry, pages)
    return points


def _list(plan: ListPlan, pages: Sequence[Page]) -> int:
    points, size = 1, pages[plan.site].size
    for _key, name, chosen in plan.parts:
        if name == "nodes":
            points += size * _object(chosen, pages)
        elif name == "edges":
            points += size * sum(_object(inner, pages) for _k, n, inner in _rows(chosen) if n == "node")
        elif name == "totalCount":
            points += COUNT_PRICE
    return points


def _rows(chosen: Any) -> Sequence[tuple[str, str, Any]]:
    rows: Sequence[tuple[str, str, Any]] = chosen
    return rows
