"""The payload of a webhook as a GraphQL selection: on `Node`, read by the engine in the scope that is open."""

from typing import Any, Final

import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType

from backend.kit.errors import Invalid
from backend.kit.ids import published
from graphql_schema.context import RequestContext
from graphql_schema.projection import Execution, Ref, published_kinds
from graphql_schema.schema import schema
from graphql_schema.transport.documents import Unfit, operation_of, parsed
from tenants.actor import Actor

MOST_POINTS: Final = 200  # of one selection: it is read with every try of every delivery
_SCHEMA: Final = schema._schema
_NOBODY: Final = "case_00000000-0000-7000-8000-000000000000"


class SelectionShaper:
    """`{ ... on Case { id state } ... on Export { id } }`: a subject of a type that is not named gives `{}`."""

    def check(self, selection: str) -> None:
        """Raises Invalid for what is no selection on Node, has arguments that nobody can serve, or costs more than
        MOST_POINTS."""
        try:
            execution = _execution(selection, actor=None, subject=_NOBODY)
            for entry in published_kinds().values():
                execution.bind_one(entry.cls.__name__)
            cost = execution.cost()
        except GraphQLError as problem:
            raise _unfit(problem.message) from None
        except Unfit as unfit:
            raise _unfit(str(unfit)) from None
        if cost > MOST_POINTS:
            raise _unfit(f"It costs {cost:,} points; at most {MOST_POINTS:,} are allowed.")

    async def read(self, actor: Actor, selection: str, *, kind: str, id: Any) -> bytes | None:
        entry = published_kinds().get(kind)
        if entry is None:
            return None
        try:
            execution = _execution(selection, actor=actor, subject=published(kind, id))
            read = await execution.read_one(Ref(entry.cls.__name__, str(id)))
        except (GraphQLError, Unfit):
            return None  # what it asks for was served once, and is no more
        return None if read is None else orjson.dumps(read)


def _execution(selection: str, *, actor: Actor | None, subject: str) -> Execution:
    """Raises GraphQLError, Unfit."""
    if not selection.startswith("{"):
        raise GraphQLError("A selection begins with {.")
    document = parsed(f"query($id: ID!) {{ node(id: $id) {selection} }}")
    operation = operation_of(_SCHEMA, document, None)
    if len(document.definitions) != 1 or not _asks_one_thing(operation):
        raise GraphQLError("A selection is one pair of braces, and has no variables.")
    context = RequestContext(caller=None, actor=actor, request_id="webhook")
    execution = Execution.build(_SCHEMA, document, None, context, {"id": subject})
    if isinstance(execution, list):
        raise execution[0]
    assert isinstance(execution, Execution)
    return execution


def _asks_one_thing(operation: OperationDefinitionNode) -> bool:
    [*fields] = operation.selection_set.selections
    return operation.operation is OperationType.QUERY and len(fields) == 1 and isinstance(fields[0], FieldNode)


def _unfit(message: str) -> Invalid:
    return Invalid(message, path=("input", "selection"))
