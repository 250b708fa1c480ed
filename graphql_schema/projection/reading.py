"""Statements run in the caller's scope; what they answer is spliced into the response, never parsed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_subfields
from graphql.execution.values import get_argument_values

from graphql_schema.projection.compiling import Statement, compile_by_id, compile_list, together
from graphql_schema.projection.declaring import COSTS, ProjectedField, published
from graphql_schema.projection.paging import Arguments, arguments_of
from graphql_schema.projection.pricing import INTROSPECTED, MOST_EXPENSIVE, UNAFFORDABLE, VALUES_PER_POINT, price
from graphql_schema.projection.remembering import MOST_PLANS, Operation, known_operation, remember
from graphql_schema.projection.selecting import Plan, select_list, select_object, variables_that_choose
from tenants.actor import Actor
from tenants.scope import current

Details: TypeAlias = list[FieldDetails]


class Ref(NamedTuple):
    """A row by the name of its published type and its uuid's text: what resolvers return instead of objects."""

    type_name: str
    id: str


def ref(type_: type, id: UUID) -> Any:
    """Typed Any, so that a resolver can be annotated with the type the client sees."""
    return Ref(type_.__name__, str(id))


class Reading:
    """One run of an operation. Carries what graphql-core's collecting of fields asks an executor for."""

    __slots__ = ("_known", "_known_arguments", "actor", "fragment_definitions", "fragments", "hide_suggestions", "operation", "schema", "variable_values")  # fmt: skip

    def __init__(self, executor: Any, actor: Actor | None) -> None:
        self.schema: Any = executor.schema
        self.fragments = executor.fragments
        self.fragment_definitions = executor.fragment_definitions
        self.operation = executor.operation
        self.variable_values = executor.variable_values
        self.hide_suggestions = executor.hide_suggestions
        self.actor = actor
        self._known: Operation | None = None
        self._known_arguments: dict[int, tuple[Plan, Sequence[Arguments]]] = {}

    def cost(self, root_type: GraphQLObjectType, fields: Mapping[str, Details]) -> int:
        """Points of the whole operation, from its real variables and before anything runs. Raises GraphQLError
        (QUERY_TOO_COMPLEX) above MOST_EXPENSIVE."""
        operation = self.known()
        chosen = tuple(self.variable_values.coerced.get(name) for name in operation.choosing)
        points = operation.costs.get(chosen)
        if points is None:
            priced = [self._price(root_type, details) for details in fields.values()]
            points = min(sum(price for price, _ in priced), UNAFFORDABLE)
            if all(is_fixed for _, is_fixed in priced) and len(operation.costs) < MOST_PLANS:
                operation.costs[chosen] = points
        if points > MOST_EXPENSIVE:
            raise GraphQLError(
                f"This costs {points:,} points; at most {MOST_EXPENSIVE:,} are allowed. Ask for smaller pages.",
                extensions={"code": "QUERY_TOO_COMPLEX", "cost": points, "maximumCost": MOST_EXPENSIVE},
            )
        return points

    def _price(self, parent: GraphQLObjectType, details: Details) -> tuple[int, bool]:
        """Points of one field with everything below it, and whether they are the same for all variables."""
        name = details[0].node.name.value
        if name == "__typename":
            return 0, True
        if name.startswith("__"):
            type_ = get_named_type((SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef).type)
            return int(self._values(type_, details) / VALUES_PER_POINT), True
        definition = parent.fields[name]
        declared: Any = definition.extensions.get("strawberry-definition")
        costs = None if declared is None else declared.metadata.get(COSTS)
        try:
            points, is_fixed = self._objects(definition, details, is_projected=isinstance(declared, ProjectedField))
            if costs is None:
                return points, is_fixed
            return points + costs(self._given(definition, details[0].node)), False
        except GraphQLError:
            return 1, False  # arguments that nobody can serve: running it tells which

    def _objects(self, definition: GraphQLField, details: Details, *, is_projected: bool) -> tuple[int, bool]:
        if is_projected:
            plan = self._plan(
                ("list", details[0].node.name.value), details, lambda: select_list(self, definition, details)
            )
            return price(plan, self._arguments(plan)), plan.cost is not None
        type_ = get_named_type(definition.type)
        if is_leaf_type(type_):
            return 0, True
        times, is_fixed = self._times(definition, details[0].node)
        if is_object_type(type_) and published(type_.name) is None:
            prices = [self._price(type_, group) for group in self._below(type_, details)]
            return times * (1 + sum(p for p, _ in prices)), is_fixed and all(fixed for _, fixed in prices)
        # Which of several types it will be, nobody knows before it is read.
        types = [type_] if is_object_type(type_) else self.schema.get_possible_types(type_)
        plans = [self._object_plan(each, details) for each in types]
        dearest = max(price(plan, self._arguments(plan)) for plan in plans)
        return times * dearest, is_fixed and all(plan.cost is not None for plan in plans)

    def _values(self, type_: Any, details: Details) -> float:
        """About how many values introspection finds below a field."""
        found = 1.0
        for group in self._below(type_, details):
            name = group[0].node.name.value
            inner = get_named_type(type_.fields[name].type) if name != "__typename" else None
            found += INTROSPECTED.get(name, 1) * (
                1 if inner is None or is_leaf_type(inner) else self._values(inner, group)
            )
        return min(found, UNAFFORDABLE)

    def _below(self, type_: GraphQLObjectType, details: Details) -> Iterable[Details]:
        return collect_subfields(
            self.schema,
            self.fragments,
            self.variable_values,
            self.operation,
            type_,
            details,
            self.hide_suggestions,
        ).grouped_field_set.values()

    def _times(self, definition: GraphQLField, node: FieldNode) -> tuple[int, bool]:
        """How often a resolver's answer comes: as often as it is asked for by a list of ids."""
        bare = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        if not is_list_type(bare):
            return 1, True
        given = self._given(definition, node)
        return max((len(value) for value in given.values() if isinstance(value, list)), default=1), False

    def _given(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Arguments by their names in the schema. Raises GraphQLError for what nobody can serve."""
        return get_argument_values(definition, node, self.variable_values, None, self.hide_suggestions)

    def bind(self, type_: GraphQLObjectType, details: Any) -> None:
        """Raises GraphQLError for arguments nobody can serve."""
        self._arguments(self._object_plan(type_, details))

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
        statement = self._statement(plan, arguments, actor, compile_list)
        return orjson.Fragment(await current().fetchval(statement.sql, *statement.values(actor, arguments, None)))

    def _by_ids(self, type_: GraphQLObjectType, details: Any, ids: Sequence[str]) -> tuple[Statement, Sequence[Any]]:
        actor = self._acting()
        plan = self._object_plan(type_, details)
        arguments = self._arguments(plan)
        statement = self._statement(plan, arguments, actor, compile_by_id)
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
            plan = make()
            operation.keep_plan(key, plan)
        return plan

    def _statement(self, plan: Plan, arguments: Sequence[Arguments], actor: Actor, compile: Any) -> Statement:
        """One text for each shape of arguments and kind of actor."""
        key = (tuple(each.shape for each in arguments), actor.sees_all, actor.of_agency, actor.rights)
        statement: Statement | None = plan.statements.get(key)
        if statement is None:
            statement = compile(plan, arguments, actor)
            self.known().keep_statement(plan, key, statement)
        return statement

    def _object_plan(self, type_: GraphQLObjectType, details: Details) -> Plan:
        return self._plan(("object", type_.name), details, lambda: select_object(self, type_, details))

    def known(self) -> Operation:
        if self._known is None:
            self._known = known_operation(self.operation) or remember(
                self.operation, variables_that_choose(self.operation, self.fragment_definitions)
            )
        return self._known

    def _arguments(self, plan: Plan) -> Sequence[Arguments]:
        """Raises GraphQLError for arguments nobody can serve."""
        known = self._known_arguments.get(id(plan))
        if known is not None:
            return known[1]
        found: Any = []
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
        if plan.cost is None and len(plan.fixed) == len(found):
            plan.cost = price(plan, found)
        self._known_arguments[id(plan)] = plan, found  # the plan as well: its id() must not be given to another
        return self._known_arguments[id(plan)][1]


def no_agency() -> GraphQLError:
    return GraphQLError(
        "Name the agency this is about: X-Agency-Id or X-Workspace-Id.", extensions={"code": "BAD_REQUEST"}
    )
