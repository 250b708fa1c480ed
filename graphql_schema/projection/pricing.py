"""What a plan costs, known before anything runs: one point per object, a list multiplies by its page size."""

from collections.abc import Sequence
from typing import Any, Final

from graphql_schema.projection.declaring import Count, Expression
from graphql_schema.projection.paging import Page
from graphql_schema.projection.selecting import Embedded, Leaf, ListPlan, ObjectPlan, Plan

# Points of one operation, all its root fields together. As Linear; two nested lists of the default size with a few
# references fit.
MOST_EXPENSIVE: Final = 10_000
COUNT_PRICE: Final = 5  # a count reads the index of a whole list
UNAFFORDABLE: Final = 10**12  # sums stop here: the answer must fit into JSON


def price(plan: Plan, pages: Sequence[Page]) -> int:
    points = _list(plan.root, pages) if isinstance(plan.root, ListPlan) else _object(plan.root, pages)
    return min(points, UNAFFORDABLE)


def _object(plan: ObjectPlan, pages: Sequence[Page]) -> int:
    points = 1
    for _key, entry in plan.entries:
        if isinstance(entry, Embedded):
            points += _object(entry.object, pages)
        elif isinstance(entry, ListPlan):
            points += _list(entry, pages)
        elif isinstance(entry, Leaf) and _counts(entry.source):
            points += COUNT_PRICE
    return points


def _counts(source: Any) -> bool:
    return isinstance(source, Count) or (isinstance(source, Expression) and source.sql.startswith("select"))


def _list(plan: ListPlan, pages: Sequence[Page]) -> int:
    points, size = 1, pages[plan.site].size
    for _key, name, chosen in plan.parts:
        if name == "nodes":
            points += size * _object(chosen, pages)
        elif name == "edges":
            points += size * max(1, sum(_object(inner, pages) for _k, n, inner in chosen if n == "node"))
        elif name == "totalCount":
            points += COUNT_PRICE
    return points
