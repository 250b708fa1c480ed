"""Statements run in the caller's scope; what they answer is spliced into the response, never parsed."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from graphql import GraphQLError, GraphQLField, GraphQLObjectType, get_named_type, is_abstract_type
from graphql.execution.values import get_argument_values

from graphql_schema.projection.compiling import Statement, compile_by_id, compile_list, together
from graphql_schema.projection.paging import Arguments, arguments_of
from graphql_schema.projection.pricing import MOST_EXPENSIVE, UNAFFORDABLE, price
from graphql_schema.projection.selecting import Plan, select_list, select_object, variables_that_choose
from tenants.actor import Actor
from tenants.scope import current

_OPERATIONS_KEPT: Final = 256
_PLANS_KEPT_PER_OPERATION: Final = 64  # of other roots, and other choices of @skip and @include
_STATEMENTS_KEPT_PER_PLAN: Final = 64


class Ref(NamedTuple):
    """A row by the name of its published type and its uuid's text: what resolvers return instead of objects."""

    type_name: str
    id: str


def ref(type_: type, id: UUID) -> Any:
    """Typed Any, so that a resolver can be annotated with the type the client sees."""
    return Ref(type_.__name__, str(id))


@dataclass(slots=True)
class Operation:
    """What is known about one parsed operation. `node` is kept, so that its id() cannot be given to another."""

    node: Any
    choosing: tuple[str, ...]
    plans: dict[Any, Plan]
    straight: Any = None  # see `going_straight`


_operations: OrderedDict[int, Operation] = OrderedDict()


def known_operation(node: Any) -> Operation | None:
    return _operations.get(id(node))


class Reading:
    """One run of an operation. Carries what graphql-core's collecting of fields asks an executor for."""

    __slots__ = ("actor", "fragment_definitions", "fragments", "hide_suggestions", "operation", "schema", "spent", "variable_values")  # fmt: skip

    def __init__(self, executor: Any, actor: Actor | None) -> None:
        self.schema: Any = executor.schema
        self.fragments = executor.fragments
        self.fragment_definitions = executor.fragment_definitions
        self.operation = executor.operation
        self.variable_values = executor.variable_values
        self.hide_suggestions = executor.hide_suggestions
        self.actor = actor
        self.spent = 0

    async def one(self, type_: GraphQLObjectType, details: Any, wanted: Ref) -> Any:
        """None where nothing is there for the actor."""
        statement, values = self._by_ids(type_, details, [wanted.id])
        row = await current().fetchrow(statement.sql, *values)
        return None if row is None else orjson.Fragment(row["json"])

    async def many(self, return_type: Any, details: Any, wanted: Sequence[Ref | None]) -> list[Any]:
        """One statement for all types, answers in the order asked, null where there is nothing."""
        wanted_of: dict[str, dict[str, None]] = {}
        for item in wanted:
            if item is not None:
                wanted_of.setdefault(item.type_name, {})[item.id] = None
        if not wanted_of:
            return [None] * len(wanted)
        row_type, names = get_named_type(return_type), sorted(wanted_of)
        texts: list[str] = []
        values: list[Any] = []
        for name in names:
            type_ = self.schema.type_map[name] if is_abstract_type(row_type) else row_type
            statement, own = self._by_ids(type_, details, list(wanted_of[name]))
            texts.append(statement.sql)
            values += own
        rows = await current().fetch(together(tuple(texts)), *values)
        found: dict[tuple[str, str], Any] = {(names[which], id): orjson.Fragment(json) for which, id, json in rows}
        return [None if item is None else found.get(item) for item in wanted]

    async def list(self, field_name: str, definition: GraphQLField, details: Any) -> Any:
        actor = self._acting()
        plan = self._plan(("list", field_name), details, lambda: select_list(self, definition, details))
        arguments = self._arguments(plan)
        statement = _statement(plan, arguments, actor, compile_list)
        return orjson.Fragment(await current().fetchval(statement.sql, *statement.values(actor, arguments, None)))

    def _by_ids(self, type_: GraphQLObjectType, details: Any, ids: Sequence[str]) -> tuple[Statement, Sequence[Any]]:
        actor = self._acting()
        plan = self._plan(("object", type_.name), details, lambda: select_object(self, type_, details))
        arguments = self._arguments(plan, times=len(ids))
        statement = _statement(plan, arguments, actor, compile_by_id)
        return statement, statement.values(actor, arguments, ids)

    def _acting(self) -> Actor:
        """Raises GraphQLError (BAD_REQUEST) where the request named no agency."""
        if self.actor is None:
            raise no_agency()
        return self.actor

    def _plan(self, what: Any, details: Any, make: Any) -> Plan:
        """Plans live as long as the parsed document: the same document asks for the same plan again and again."""
        operation = self.known()
        chosen = tuple(self.variable_values.coerced.get(name) for name in operation.choosing)
        key = (what, tuple(id(detail.node) for detail in details), chosen)
        plan = operation.plans.get(key)
        if plan is None:
            if len(operation.plans) >= _PLANS_KEPT_PER_OPERATION:
                operation.plans.clear()
            plan = operation.plans[key] = make()
        return plan

    def known(self) -> Operation:
        operation = _operations.get(id(self.operation))
        if operation is None:
            choosing = variables_that_choose(self.operation, self.fragment_definitions)
            operation = _operations[id(self.operation)] = Operation(self.operation, choosing, {})
            if len(_operations) > _OPERATIONS_KEPT:
                _operations.popitem(last=False)
        else:
            _operations.move_to_end(id(self.operation))
        return operation

    def _arguments(self, plan: Plan, *, times: int = 1) -> Sequence[Arguments]:
        """Raises GraphQLError for arguments nobody can serve, and when the operation as a whole costs too much."""
        found = []
        for index, site in enumerate(plan.sites):
            arguments = plan.fixed.get(index)
            if arguments is None:
                given = get_argument_values(
                    site.definition, site.node, self.variable_values, None, self.hide_suggestions
                )
                arguments = arguments_of(site, given)
                if site.is_fixed:
                    plan.fixed[index] = arguments
            found.append(arguments)
        cost = plan.cost
        if cost is None:
            cost = price(plan, found)
            if len(plan.fixed) == len(found):
                plan.cost = cost
        self.spent = min(self.spent + cost * times, UNAFFORDABLE)
        if self.spent > MOST_EXPENSIVE:
            raise GraphQLError(
                f"This costs {self.spent:,} points; at most {MOST_EXPENSIVE:,} are allowed. Ask for smaller pages.",
                extensions={"code": "QUERY_TOO_COMPLEX", "cost": self.spent, "maximumCost": MOST_EXPENSIVE},
            )
        return found


def no_agency() -> GraphQLError:
    return GraphQLError(
        "Name the agency this is about: X-Agency-Id or X-Workspace-Id.", extensions={"code": "BAD_REQUEST"}
    )


def _statement(plan: Plan, arguments: Sequence[Arguments], actor: Actor, compile: Any) -> Statement:
    """One text for each shape of arguments and kind of actor."""
    key = (tuple(each.shape for each in arguments), actor.sees_all, actor.rights)
    statement: Statement | None = plan.statements.get(key)
    if statement is None:
        if len(plan.statements) >= _STATEMENTS_KEPT_PER_PLAN:
            plan.statements.clear()
        statement = plan.statements[key] = compile(plan, arguments, actor)
    return statement
