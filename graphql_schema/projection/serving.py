"""Statements run in the caller's scope, and their bytes are spliced into the response, never parsed.

graphql-core does everything else: coercion, several root fields, fragments, mutations, introspection. Where a resolver
answers with a reference (model and id), or a list at the root is reached, this class reads it with one statement.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, OperationType, get_named_type, is_abstract_type
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_schema.projection.compiling import Statement, compile_by_id, compile_list
from graphql_schema.projection.declaring import LISTING
from graphql_schema.projection.paging import Arguments, arguments_of
from graphql_schema.projection.pricing import MOST_EXPENSIVE, UNAFFORDABLE, price
from graphql_schema.projection.selecting import Plan, select_list, select_object, variables_that_choose
from tenants.actor import Actor
from tenants.scope import NoLongerAdmitted, agency_scope, current

_OPERATIONS_KEPT: Final = 256
_PLANS_KEPT_PER_OPERATION: Final = 64  # of other roots, and other choices of @skip and @include
_STATEMENTS_KEPT_PER_PLAN: Final = 64


@dataclass(frozen=True, slots=True)
class Ref:
    """A row by the name of its published type and its id: what resolvers return instead of objects."""

    type_name: str
    id: UUID


def ref(type_: type, id: UUID) -> Any:
    """Typed Any, so that a resolver can be annotated with the type the client sees."""
    return Ref(type_.__name__, id)


@dataclass(slots=True)
class _Operation:
    """What is known about one parsed operation. `node` is kept, so that its id() cannot be given to another."""

    node: Any
    choosing: tuple[str, ...]
    plans: dict[Any, Plan]


_operations: OrderedDict[int, _Operation] = OrderedDict()


class Execution(StrawberryGraphQLCoreExecutionContext):
    """`context_value.actor` is the actor of the request, or None where it named no agency."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spent = 0
        self._has_written = False

    def execute_operation(self, serially: bool | None = None) -> Any:
        """A query reads in one read-only transaction; a mutation opens one for each of its fields."""
        if self.operation.operation is not OperationType.QUERY:
            return super().execute_operation(serially)
        return self._query(serially)

    async def _query(self, serially: bool | None) -> Any:
        actor: Actor | None = self.context_value.actor
        self.context_value.only_reads = True
        roots = self._root_fields()
        try:
            await self.context_value.before_scope(roots)
            if actor is None:
                return await self._settled(super().execute_operation(serially))
            async with agency_scope(actor, read_only=True):
                return await self._settled(super().execute_operation(serially))
        except NoLongerAdmitted:
            raise
        except Exception as problem:  # noqa: BLE001 - no scope could be opened; masked and logged like any other
            return ExecutionResult(None, [GraphQLError(str(problem), self.operation, original_error=problem)])

    async def _settled(self, result: Any) -> Any:
        return await result if self.is_awaitable(result) else result

    def _root_fields(self) -> set[str]:
        type_ = self.schema.get_root_type(self.operation.operation)
        collected = collect_fields(self.schema, self.fragments, self.variable_values, type_, self.operation)  # type: ignore[arg-type]
        return {details[0].node.name.value for details in collected.grouped_field_set.values()}

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        if parent_type is not self.schema.mutation_type or field_details_list[0].node.name.value == "__typename":
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        return self._mutate(parent_type, source, field_details_list, path, position_context)

    async def _mutate(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        """One transaction for the deed and the reading of its payload; an error anywhere below rolls both back."""
        return_type = self.schema.get_field(parent_type, field_details_list[0].node.name.value).type  # type: ignore[union-attr]
        try:
            async with agency_scope(actor_of(self.context_value)) as scope:
                errors = len(self.collected_errors.errors)
                result = super().execute_field(parent_type, source, field_details_list, path, position_context)
                if self.is_awaitable(result):
                    result = await result
                if len(self.collected_errors.errors) > errors:
                    scope.doom()
            self._has_written = True
            return result  # noqa: TRY300 - the scope's end is what may fail
        except GraphQLError:
            raise
        except NoLongerAdmitted:
            if not self._has_written:
                raise  # nothing has happened: the request is admitted anew
            self.handle_field_error(no_longer_admitted(), return_type, field_details_list, path)
            return None
        except Exception as problem:  # noqa: BLE001 - it becomes an error of the field, and is logged there
            # Opening or committing failed: an error of this field like any other.
            self.handle_field_error(problem, return_type, field_details_list, path)
            return None

    def complete_object_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if isinstance(result, Ref):
            return self._read_one(return_type, field_details_list, result)
        if result is LISTING:
            return self._read_list(info, field_details_list)
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if isinstance(result, Ref):
            return self._read_one(self._type_named(result.type_name), field_details_list, result)
        return super().complete_abstract_value(return_type, field_details_list, info, path, result, position_context)

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if isinstance(result, list) and any(isinstance(item, Ref) for item in result):
            return self._read_many(return_type, field_details_list, result)
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    async def _read_one(self, type_: GraphQLObjectType, details: Any, wanted: Ref) -> Any:
        rows = await self._read_ids(type_, details, [wanted.id])
        return rows.get(wanted.id)

    async def _read_many(self, return_type: Any, details: Any, wanted: Sequence[Ref | None]) -> list[Any]:
        """One statement per type, answers in the order asked, null where there is nothing."""
        found: dict[Ref, Any] = {}
        for name in sorted({item.type_name for item in wanted if item is not None}):
            ids = list({item.id for item in wanted if item is not None and item.type_name == name})
            row_type = get_named_type(return_type)
            type_ = self._type_named(name) if is_abstract_type(row_type) else row_type
            for id, value in (await self._read_ids(type_, details, ids)).items():
                found[Ref(name, id)] = value
        return [None if item is None else found.get(item) for item in wanted]

    async def _read_ids(self, type_: GraphQLObjectType, details: Any, ids: list[UUID]) -> dict[UUID, Any]:
        actor = actor_of(self.context_value)
        plan = self._plan(("object", type_.name), details, lambda: select_object(self, type_, details))
        arguments = self._arguments(plan, times=len(ids))
        statement = _statement(plan, arguments, actor, compile_by_id)
        rows = await current().fetch(statement.sql, *statement.values(actor, arguments, ids))
        return {row["id"]: orjson.Fragment(row["json"]) for row in rows}

    async def _read_list(self, info: Any, details: Any) -> Any:
        actor = actor_of(self.context_value)
        definition = info.parent_type.fields[info.field_name]
        plan = self._plan(("list", info.field_name), details, lambda: select_list(self, definition, details))
        arguments = self._arguments(plan)
        statement = _statement(plan, arguments, actor, compile_list)
        return orjson.Fragment(await current().fetchval(statement.sql, *statement.values(actor, arguments, None)))

    def _type_named(self, name: str) -> Any:
        return self.schema.type_map[name]

    def _plan(self, what: Any, details: Any, make: Any) -> Plan:
        """Plans live as long as the parsed document: the same document asks for the same plan again and again."""
        operation = _operations.get(id(self.operation))
        if operation is None:
            choosing = variables_that_choose(self.operation, self.fragment_definitions)
            operation = _Operation(self.operation, choosing, {})
            _operations[id(self.operation)] = operation
            if len(_operations) > _OPERATIONS_KEPT:
                _operations.popitem(last=False)
        else:
            _operations.move_to_end(id(self.operation))
        chosen = tuple(self.variable_values.coerced.get(name) for name in operation.choosing)
        key = (what, tuple(id(detail.node) for detail in details), chosen)
        plan = operation.plans.get(key)
        if plan is None:
            if len(operation.plans) >= _PLANS_KEPT_PER_OPERATION:
                operation.plans.clear()
            plan = operation.plans[key] = make()
        return plan

    def _arguments(self, plan: Plan, *, times: int = 1) -> list[Arguments]:
        """Raises GraphQLError for arguments nobody can serve, and when the operation as a whole costs too much."""
        found: list[Arguments] = []
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
        self._spent = min(self._spent + cost * times, UNAFFORDABLE)
        if self._spent > MOST_EXPENSIVE:
            raise GraphQLError(
                f"This costs {self._spent:,} points; at most {MOST_EXPENSIVE:,} are allowed. Ask for smaller pages.",
                extensions={"code": "QUERY_TOO_COMPLEX", "cost": self._spent, "maximumCost": MOST_EXPENSIVE},
            )
        return found


def no_longer_admitted() -> GraphQLError:
    return GraphQLError("What let you in has changed meanwhile.", extensions={"code": "UNAUTHENTICATED"})


def actor_of(context: Any) -> Actor:
    """Raises GraphQLError (BAD_REQUEST) where the request named no agency."""
    actor: Actor | None = context.actor
    if actor is None:
        raise GraphQLError(
            "Name the agency this is about: X-Agency-Id or X-Workspace-Id.", extensions={"code": "BAD_REQUEST"}
        )
    return actor


def _statement(plan: Plan, arguments: Sequence[Arguments], actor: Actor, compile: Any) -> Statement:
    """One text for each shape of arguments and kind of actor."""
    key = (tuple(each.shape for each in arguments), actor.sees_all, actor.rights)
    statement: Statement | None = plan.statements.get(key)
    if statement is None:
        if len(plan.statements) >= _STATEMENTS_KEPT_PER_PLAN:
            plan.statements.clear()
        statement = plan.statements[key] = compile(plan, arguments, actor)
    return statement
