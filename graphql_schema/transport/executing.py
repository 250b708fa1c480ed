"""From what was asked to its answer: one pipeline for every transport.

Document, limits, validation, cost, execution, masking; plain calls instead of Strawberry's extensions, which were a third
of a request's Python time.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, cast

import orjson
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution import create_source_event_stream, execute
from strawberry.execution import optimized_is_awaitable

from backend.idempotency import Kept
from backend.kit import spans
from graphql_schema.context import Refused, RequestContext
from graphql_schema.projection import Execution, straight
from graphql_schema.projection.pricing import MOST_EXPENSIVE
from graphql_schema.projection.serving import EndsRequest
from graphql_schema.schema import schema
from graphql_schema.transport.asking import Asked
from graphql_schema.transport.documents import Unfit, operation_of, parsed
from graphql_schema.transport.masking import masked
from graphql_schema.transport.trusting import Documents
from tenants.scope import NoLongerAdmitted

ASKING_PRICE: Final = 1  # of whatever is asked, also of what cannot run
_LONGEST_NAME: Final = 100  # in a trace
_SCHEMA = schema._schema


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid operation, ready to run."""

    text: str
    document: Any
    operation: OperationDefinitionNode
    asked: Asked

    @property
    def kind(self) -> OperationType:
        return self.operation.operation

    @property
    def title(self) -> str:
        """In a trace: `query Queue`."""
        return " ".join(self.facts.values())

    @property
    def facts(self) -> dict[str, str]:
        """In a trace. Not the document: it may hold values."""
        found = {"graphql.operation.type": self.kind.value}
        if self.operation.name is not None:
            found["graphql.operation.name"] = self.operation.name.value[:_LONGEST_NAME]
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is None for null as well as for none at all: `is_request_error` tells them apart."""

    data: Any
    errors: list[GraphQLError]
    cost: int | None = None

    @property
    def is_request_error(self) -> bool:
        """A request error has no data member; null data is a field error."""
        return bool(self.errors) and self.data is None and not any(error.path for error in self.errors)

    @property
    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if not self.is_request_error:
            found["data"] = self.data
        if self.errors:
            found["errors"] = [error.formatted for error in self.errors]
        if self.cost is not None:
            found["extensions"] = {"cost": {"requested": self.cost, "maximum": MOST_EXPENSIVE}}
        return found


class Mistakes(Exception):
    """The document cannot be executed; the answer says why."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.answer = Answer(None, [masked(error) for error in errors])
        super().__init__(self.answer.errors[0].message)


async def prepare(asked: Asked, documents: Documents) -> Prepared:
    """Raises Refused, and Mistakes when the document cannot be executed."""
    text = await documents.text_of(asked)
    try:
        document = parsed(text)
        operation = operation_of(_SCHEMA, document, asked.operation_name)
    except GraphQLError as problem:
        raise Mistakes([problem]) from None
    except Unfit as unfit:
        raise Mistakes(unfit.errors) from None
    prepared = Prepared(text, document, operation, asked)
    if spans.is_open():
        spans.rename(prepared.title)
        spans.describe(prepared.facts)
    return prepared


class Enter(Protocol):
    """A context for one operation or event, as the caller's membership is now. Raises Refused."""

    def __call__(self, *, anew: bool = False) -> Awaitable[RequestContext]: ...


async def run(prepared: Prepared, enter: Enter) -> Answer:
    """A query or a mutation. Raises Refused."""
    return await _as_admitted(partial(_run, prepared), enter)


async def _as_admitted(work: Callable[[RequestContext], Awaitable[Answer]], enter: Enter) -> Answer:
    """Once more when what is remembered of the caller turned out to be old."""
    with suppress(NoLongerAdmitted):
        return await work(await enter())
    try:
        return await work(await enter(anew=True))
    except NoLongerAdmitted:  # gone while we asked, or by the database's clock and not yet by ours
        raise Refused("FORBIDDEN", "What let you in has changed meanwhile.") from None


async def _run(prepared: Prepared, context: RequestContext) -> Answer:
    _keep_answers(prepared, context)
    if prepared.kind is OperationType.QUERY:
        try:
            data = await straight(_SCHEMA, prepared.operation, prepared.asked.variables, context)
        except (NoLongerAdmitted, EndsRequest):
            raise
        except Exception as problem:  # noqa: BLE001 - an outage; masked and logged like any other
            found = GraphQLError(str(problem), prepared.operation, original_error=problem)
            return Answer(None, [masked(found)], context.cost)
        if data is not None:
            return Answer(data, [], context.cost)
    result = execute(
        _SCHEMA,
        prepared.document,
        None,
        context,
        prepared.asked.variables,
        prepared.asked.operation_name,
        executor_class=Execution,
        is_awaitable=cast("Any", optimized_is_awaitable),
    )
    return _answer(result if isinstance(result, ExecutionResult) else await result, context)


def _keep_answers(prepared: Prepared, context: RequestContext) -> None:
    """Where the client gave an idempotency key."""
    asked, actor = prepared.asked, context.actor
    if asked.idempotency_key is None or actor is None or prepared.kind is not OperationType.MUTATION:
        return
    narrowed_to = None if context.workspace is None else sorted(map(str, actor.workspaces or ()))
    request = [prepared.text, asked.operation_name, asked.variables, narrowed_to]
    try:
        written = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # it reads deeper nesting than it writes
        raise Refused("BAD_REQUEST", "These variables are nested too deeply.") from None
    context.kept = Kept(actor, asked.idempotency_key, written)


async def subscribe(prepared: Prepared, enter: Enter) -> AsyncGenerator[Answer, None]:
    """An answer for each event that shows the caller something. `enter` is asked now and again for every event, and may
    refuse. Raises Refused, Mistakes; the stream raises Refused."""
    context = await enter()
    executor = _executor(prepared, context, None)
    if isinstance(executor, list):
        raise Mistakes(executor)
    try:
        cost = executor.cost()
    except GraphQLError as problem:
        raise Mistakes([problem]) from None
    await context.before_running(cost)
    source = create_source_event_stream(executor)
    if executor.is_awaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        raise Mistakes(source.errors or ())
    return _events(prepared, enter, cast("AsyncGenerator[Any, None]", source))


async def _events(prepared: Prepared, enter: Enter, source: AsyncGenerator[Any, None]) -> AsyncGenerator[Answer, None]:
    async with aclosing(source):
        async for event in source:
            # A trace of its own: the one of the subscription may be hours old and has no end.
            with spans.span(prepared.title, facts=prepared.facts, within=spans.continued(None), links=spans.link()):
                answer = await _as_admitted(partial(_event, prepared, event), enter)
            if answer.errors or any(value is not None for value in (answer.data or {}).values()):
                yield answer


async def _event(prepared: Prepared, event: Any, context: RequestContext) -> Answer:
    executor = _executor(prepared, context, event)
    assert not isinstance(executor, list)
    result: Any = executor.execute_operation()
    return _answer(await result if executor.is_awaitable(result) else result, context)


def _executor(prepared: Prepared, context: RequestContext, root: Any) -> Execution | list[GraphQLError]:
    return Execution.build(  # type: ignore[return-value]
        _SCHEMA,
        prepared.document,
        root,
        context,
        prepared.asked.variables,
        prepared.asked.operation_name,
        is_awaitable=cast("Any", optimized_is_awaitable),
    )


def _answer(result: ExecutionResult, context: RequestContext) -> Answer:
    return Answer(result.data, [masked(error) for error in result.errors or ()], context.cost)
