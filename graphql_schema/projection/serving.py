"""graphql-core's executor, with statements where it would walk objects.

It does everything else: coercion, several root fields, fragments, mutations, introspection. Where a resolver answers
with a reference (model and id), or a list at the root is reached, this class reads it with one statement.
"""

from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution.collect_fields import FieldDetails, collect_fields
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_schema.projection.declaring import LISTING, is_about_the_caller
from graphql_schema.projection.going_straight import leave_word
from graphql_schema.projection.reading import Reading, Ref, no_agency
from tenants.actor import Actor
from tenants.scope import NoLongerAdmitted, agency_scope


class EndsRequest(Exception):
    """Not this field but the whole request is refused."""


class Execution(StrawberryGraphQLCoreExecutionContext):
    """`context_value.actor` is the actor of the request, or None where it named no agency."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = Reading(self, self.context_value.actor)
        self._has_begun = False

    def execute_operation(self, serially: bool | None = None) -> Any:
        """A query or an event reads in one read-only transaction; a mutation opens one for each of its fields."""
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return self._read(serially, self._root_fields())  # an event; it was paid for with the subscription
        return self._run(serially)

    async def _run(self, serially: bool | None) -> Any:
        try:
            roots = self._root_fields()
            cost = self.cost(roots)
        except GraphQLError as problem:
            return ExecutionResult(None, [problem])
        await self.context_value.before_running(cost)
        if self.operation.operation is OperationType.QUERY:
            return await self._read(serially, roots)
        return await self._settled(super().execute_operation(serially))

    def cost(self, roots: dict[str, list[FieldDetails]] | None = None) -> int:
        """Raises GraphQLError (QUERY_TOO_COMPLEX)."""
        type_ = self.schema.get_root_type(self.operation.operation)
        assert type_ is not None
        return self._reading.cost(type_, self._root_fields() if roots is None else roots)

    def bind_one(self, type_name: str) -> None:
        """Raises GraphQLError for arguments with which nobody could `read_one` of this type."""
        [details] = self._root_fields().values()
        self._reading.bind(self.schema.type_map[type_name], details)  # type: ignore[arg-type]

    async def read_one(self, wanted: Ref) -> Any:
        """What the only field at the root would answer for this row, in the scope that is open: the caller sees to it that
        the scope reaches no less than the actor, whose own reach and rights are in the statement. None where nothing is
        there for the actor."""
        [details] = self._root_fields().values()
        return await self._reading.one(self.schema.type_map[wanted.type_name], details, wanted)  # type: ignore[arg-type]

    async def _read(self, serially: bool | None, roots: dict[str, list[FieldDetails]]) -> Any:
        actor: Actor | None = self.context_value.actor
        self.context_value.only_reads = True
        try:
            await self.context_value.before_scope({details[0].node.name.value for details in roots.values()})
            if actor is None:
                return await self._settled(super().execute_operation(serially))
            async with agency_scope(actor, read_only=True, request_id=self.context_value.request_id):
                result = await self._settled(super().execute_operation(serially))
            if not result.errors and self.operation.operation is OperationType.QUERY:
                leave_word(self, self._reading.known())
            return result  # noqa: TRY300 - opening the scope is what may fail
        except NoLongerAdmitted:
            raise
        except Exception as problem:  # noqa: BLE001 - no scope could be opened; masked and logged like any other
            return ExecutionResult(None, [GraphQLError(str(problem), self.operation, original_error=problem)])

    async def _settled(self, result: Any) -> Any:
        return await result if self.is_awaitable(result) else result

    def _root_fields(self) -> dict[str, list[FieldDetails]]:
        type_ = self.schema.get_root_type(self.operation.operation)
        collected = collect_fields(self.schema, self.fragments, self.variable_values, type_, self.operation)  # type: ignore[arg-type]
        return collected.grouped_field_set

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        if parent_type is not self.schema.mutation_type or field_details_list[0].node.name.value == "__typename":
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        return self._mutate(parent_type, source, field_details_list, path, position_context)

    async def _mutate(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        """One transaction for the deed, the reading of its payload and the answer that is kept for who asks again; an
        error anywhere below rolls all of it back."""
        field = parent_type.fields[field_details_list[0].node.name.value]
        return_type = field.type
        try:
            if is_about_the_caller(field):
                await self.context_value.confirm_caller()
                self._has_begun = True
                result = super().execute_field(parent_type, source, field_details_list, path, position_context)
                return await self._settled(result)
            async with agency_scope(actor_of(self.context_value), request_id=self.context_value.request_id) as scope:
                kept = await self.context_value.kept_answer(path.key)
                if kept is not None:
                    return orjson.Fragment(kept)
                self._has_begun = True
                errors = len(self.collected_errors.errors)
                result = super().execute_field(parent_type, source, field_details_list, path, position_context)
                if self.is_awaitable(result):
                    result = await result
                if len(self.collected_errors.errors) > errors:
                    scope.doom()
                if not scope.is_doomed:
                    await self.context_value.keep_answer(path.key, result)
                return result
        except GraphQLError:
            raise
        except EndsRequest:
            raise
        except NoLongerAdmitted:
            if not self._has_begun:
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
            return self._reading.one(return_type, field_details_list, result)
        if result is LISTING:
            return self._reading.list(info.field_name, info.parent_type.fields[info.field_name], field_details_list)
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if isinstance(result, Ref):
            return self._reading.one(self.schema.type_map[result.type_name], field_details_list, result)  # type: ignore[arg-type]
        return super().complete_abstract_value(return_type, field_details_list, info, path, result, position_context)

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if isinstance(result, list) and any(isinstance(item, Ref) for item in result):
            return self._reading.many(return_type, field_details_list, result)
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)


def no_longer_admitted() -> GraphQLError:
    return GraphQLError("What let you in has changed meanwhile.", extensions={"code": "UNAUTHENTICATED"})


def actor_of(context: Any) -> Actor:
    """Raises GraphQLError (BAD_REQUEST) where the request named no agency."""
    actor: Actor | None = context.actor
    if actor is None:
        raise no_agency()
    return actor
