"""Parsed and validated documents are kept: the same text costs 2.3 ms once instead of with every request.

Strawberry's own ParserCache and ValidationCache must not be used (reference/api.md 2.6 and 3.11).
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graphql_schema.transport.sizing import SpreadsItself, TooLarge, check_size

LONGEST_KEPT: Final = 8_000  # characters of one document
MOST_KEPT: Final = 500_000  # characters of all; a parsed document takes about a hundred times its text
LONGEST_DOCUMENT: Final = 20_000  # characters
MOST_TOKENS: Final = 3_000
_RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(slots=True)
class _Known:
    document: DocumentNode
    errors: list[GraphQLError] | None = None  # None: not validated yet


_known: OrderedDict[str, _Known] = OrderedDict()
_kept = 0


def parsed(text: str) -> DocumentNode:
    """Raises GraphQLError for what is no document, or too much of one."""
    known = _known.get(text)
    if known is not None:
        _known.move_to_end(text)
        return known.document
    if len(text) > LONGEST_DOCUMENT:
        raise too_complex(f"A document has at most {LONGEST_DOCUMENT:,} characters.")
    try:
        document = parse(text, max_tokens=MOST_TOKENS)
        check_size(document)
    except GraphQLError as problem:
        raise GraphQLError(
            problem.message,
            source=problem.source,
            positions=problem.positions,
            extensions={"code": "GRAPHQL_PARSE_FAILED"},
        ) from None
    except SpreadsItself as problem:
        raise GraphQLError(str(problem), extensions={"code": "GRAPHQL_VALIDATION_FAILED"}) from None
    except (TooLarge, RecursionError) as problem:
        raise too_complex(str(problem) if isinstance(problem, TooLarge) else "This is nested too deeply.") from None
    _keep(text, document)
    return document


def operation_of(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run, of a document from `parsed`. Raises Unfit when it does not fit the schema or has no such
    operation."""
    known = _known.get(document.loc.source.body) if document.loc is not None else None
    errors = known.errors if known is not None else None
    if errors is None:
        errors = validate(schema, document, _RULES, max_errors=5)
        if known is not None:
            known.errors = errors
    if errors:
        # Copies: an error object that is kept must not collect the marks of one request.
        raise Unfit(
            [GraphQLError(e.message, e.nodes, extensions={"code": "GRAPHQL_VALIDATION_FAILED"}) for e in errors]
        )
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    if name is None and len(operations) > 1:
        raise Unfit([_unresolved("Name the operation: the document has several.")])  # Strawberry runs the first
    for operation in operations:
        if name is None or (operation.name is not None and operation.name.value == name):
            return operation
    raise Unfit([_unresolved("The document has no operation of that name.")])


class Unfit(Exception):
    """Why a document cannot be executed."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


def too_complex(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "QUERY_TOO_COMPLEX"})


def _unresolved(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})


def _keep(text: str, document: DocumentNode) -> None:
    global _kept  # noqa: PLW0603
    if len(text) > LONGEST_KEPT:
        return
    _known[text] = _Known(document)
    _kept += len(text)
    while _kept > MOST_KEPT:
        oldest, _ = _known.popitem(last=False)
        _kept -= len(oldest)
