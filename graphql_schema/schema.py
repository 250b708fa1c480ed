"""The schema that clients see; `schema.graphql` beside it is its committed text."""

from pathlib import Path
from typing import Any, Final, cast

import strawberry
from graphql import ExecutionResult as GraphQLCoreResult
from graphql import GraphQLError, get_operation_ast
from graphql.execution import execute
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from graphql_schema.documents import mistakes, parsed
from graphql_schema.masking import masked
from graphql_schema.projection import Execution, published_kinds, straight
from graphql_schema.queries import Query
from graphql_schema.setting_up import SettingUp
from graphql_schema.working_cases import WorkingCases
from tenants.scope import NoLongerAdmitted

COMMITTED: Final = Path(__file__).parent / "schema.graphql"


@strawberry.type(description="Everything that can be done. Each answers with the thing it made, or with userErrors.")
class Mutation(WorkingCases, SettingUp):
    pass


class TendSchema(strawberry.Schema):
    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Any = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Parse, validate, execute, mask: as plain calls instead of Strawberry's extensions, a third of a request's Python time.

        Raises InvalidOperationTypeError and CannotGetOperationTypeError, as Strawberry's does.
        """
        try:
            document = parsed(query or "")
        except GraphQLError as problem:
            return ExecutionResult(data=None, errors=[masked(problem)])
        problems = mistakes(self._schema, document, operation_name)
        if problems:
            return ExecutionResult(data=None, errors=[masked(problem) for problem in problems])
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise CannotGetOperationTypeError(operation_name)
        type_ = OperationType(operation.operation.value)
        if allowed_operation_types is not None and type_ not in allowed_operation_types:
            raise InvalidOperationTypeError(type_)
        if type_ is OperationType.QUERY:
            data = await self._straight(operation, variable_values, context_value)
            if data is not None:
                return data
        result = execute(
            self._schema,
            document,
            root_value,
            context_value,
            variable_values,
            operation_name,
            executor_class=Execution,
            is_awaitable=cast("Any", optimized_is_awaitable),
        )
        if not isinstance(result, GraphQLCoreResult):
            result = await result
        errors = [masked(error) for error in result.errors] if result.errors else None
        return ExecutionResult(data=result.data, errors=errors)

    async def _straight(self, operation: Any, variables: Any, context: Any) -> ExecutionResult | None:
        try:
            data = await straight(self._schema, operation, variables, context)
        except NoLongerAdmitted:
            raise
        except Exception as problem:  # noqa: BLE001 - an outage; masked and logged like any other
            return ExecutionResult(None, [masked(GraphQLError(str(problem), operation, original_error=problem))])
        return None if data is None else ExecutionResult(data, None)


schema: Final = TendSchema(
    query=Query,
    mutation=Mutation,
    types=[kind.cls for kind in published_kinds().values()],
    config=StrawberryConfig(disable_field_suggestions=True),
    execution_context_class=Execution,
)
