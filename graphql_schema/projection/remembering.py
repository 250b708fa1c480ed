"""What is known of operations that were asked before: their plans, the plans' statements, their cost.

It lives as long as the parsed document is asked for, and no longer than there is room: an attacker who sends ever new
documents, or one document in ever new ways, finds the end of it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from graphql_schema.projection.selecting import Plan

LONGEST_KEPT: Final = 8_000  # characters of an operation's document
MOST_KEPT: Final = 64 << 20  # bytes, about, of everything
MOST_PLANS: Final = 64  # of one operation: each type a root may have, and other choices of @skip and @include
MOST_STATEMENTS: Final = 16  # of one plan: other shapes of arguments, other rights
_BYTES_OF_AN_ENTRY: Final = 300  # of a plan


@dataclass(slots=True)
class Operation:
    """`node` is kept, so that its id() cannot be given to another."""

    node: Any
    choosing: tuple[str, ...]
    plans: dict[Any, Plan] = field(default_factory=dict)
    costs: dict[Any, int] = field(default_factory=dict)  # by choices, where no other variable changes it
    straight: Any = None  # see `going_straight`
    bytes: int = 0

    def keep_plan(self, key: Any, plan: Plan) -> None:
        if len(self.plans) >= MOST_PLANS:
            self.plans.clear()
        self.plans[key] = plan
        _grow(self, _BYTES_OF_AN_ENTRY * plan.size)

    def keep_statement(self, plan: Plan, key: Any, statement: Any) -> None:
        if len(plan.statements) >= MOST_STATEMENTS:
            plan.statements.clear()
        plan.statements[key] = statement
        _grow(self, len(statement.sql))


_operations: OrderedDict[int, Operation] = OrderedDict()
_kept = 0


def known_operation(node: Any) -> Operation | None:
    found = _operations.get(id(node))
    if found is not None:
        _operations.move_to_end(id(node))
    return found


def remember(node: Any, choosing: tuple[str, ...]) -> Operation:
    operation = Operation(node, choosing)
    if _length(node) <= LONGEST_KEPT:
        _operations[id(node)] = operation
        _grow(operation, _length(node))
    return operation


def _grow(operation: Operation, bytes_: int) -> None:
    global _kept  # noqa: PLW0603
    if _operations.get(id(operation.node)) is not operation:
        return  # too long, or forgotten while it ran
    operation.bytes += bytes_
    _kept += bytes_
    while _kept > MOST_KEPT:
        _, oldest = _operations.popitem(last=False)
        _kept -= oldest.bytes


def _length(node: Any) -> int:
    return len(node.loc.source.body) if node.loc is not None else 0
