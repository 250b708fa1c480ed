"""What a plan costs, known before anything runs: one point per object, a list multiplies by its page size."""

from collections.abc import Sequence
from typing import Any, Final

from graphql_schema.projection.declaring import Count, Expression
from graphql_schema.projection.paging import Arguments, Page
from graphql_schema.projection.selecting import Choice, Embedded, GroupPlan, Leaf, ListPlan, ObjectPlan, Plan

# Points of one operation, all its root fields together. As Linear; two nested lists of the default size with a few
# references fit.
MOST_EXPENSIVE: Final = 10_000
COUNT_PRICE: Final = 5  # a count reads the index of a whole list
# Introspection is walked in Python, at 3 to 10 µs a value. How many values stand below each of these, on average.
VALUES_PER_POINT: Final = 2
INTROSPECTED: Final = {"types": 125, "directives": 8, "fields": 3, "args": 0.5, "inputFields": 0.5, "enumValues": 1.2,
                       "interfaces": 0.5, "possibleTypes": 0.5, "ofType": 0.5}  # fmt: skip
GROUPS_PRICE: Final = 25  # groups read the rows of a whole list
UNAFFORDABLE: Final = 10**12  # sums stop here: the answer must fit into JSON


def price(plan: Plan, arguments: Sequence[Arguments]) -> int:
    if plan.cost is not None:
        return plan.cost
    points = _list(plan.root, arguments) if isinstance(plan.root, ListPlan) else _object(plan.root, arguments)
    return min(points, UNAFFORDABLE)


def _object(plan: ObjectPlan, arguments: Sequence[Arguments]) -> int:
    points = 1
    for _key, entry in plan.entries:
        if isinstance(entry, Embedded):
            points += _object(entry.object, arguments)
        elif isinstance(entry, Choice):
            points += max(_object(each, arguments) for each in entry.objects)
        elif isinstance(entry, ListPlan):
            points += _list(entry, arguments)
        elif isinstance(entry, GroupPlan):
            points += GROUPS_PRICE
        elif isinstance(entry, Leaf) and _counts(entry.source):
            points += COUNT_PRICE
    return points


def _counts(source: Any) -> bool:
    return isinstance(source, Count) or (isinstance(source, Expression) and source.sql.startswith("select"))


def _list(plan: ListPlan, arguments: Sequence[Arguments]) -> int:
    page = arguments[plan.site]
    assert isinstance(page, Page)
    points, size = 1, page.size
    for _key, name, chosen in plan.parts:
        if name == "nodes":
            points += max(1, size) * _object(chosen, arguments)  # what is asked below an empty page is planned as well
        elif name == "edges":
            points += max(1, size) * max(1, sum(_object(inner, arguments) for _k, n, inner in chosen if n == "node"))
        elif name == "totalCount":
            points += COUNT_PRICE
    return points
