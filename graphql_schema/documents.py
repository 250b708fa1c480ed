"""Parsed and validated documents are kept: the same text costs 2.3 ms once instead of with every request.

Strawberry's own ParserCache and ValidationCache must not be used (reference/api.md 2.6 and 3.11).
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, parse, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

KEPT: Final = 512
LONGEST_DOCUMENT: Final = 20_000  # characters
MOST_TOKENS: Final = 3_000
_RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)

_documents: OrderedDict[str, DocumentNode] = OrderedDict()
_valid: OrderedDict[int, tuple[DocumentNode, list[GraphQLError]]] = OrderedDict()


class KeptDocuments(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        text = self.execution_context.query
        if isinstance(text, str) and self.execution_context.graphql_document is None:
            self.execution_context.graphql_document = _parsed(text)
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        if document is not None:
            kept = _valid.get(id(document))
            if kept is None:
                kept = (document, validate(context.schema._schema, document, _RULES, max_errors=5))
                _keep(_valid, id(document), kept)
            # Copies: an error object that is kept must not collect the marks of one request.
            if kept[1]:
                context.pre_execution_errors = [
                    GraphQLError(e.message, e.nodes, extensions={"code": "GRAPHQL_VALIDATION_FAILED"}) for e in kept[1]
                ]
            elif context._provided_operation_name is None and _operations(document) > 1:
                # Strawberry would run the first one.
                context.pre_execution_errors = [
                    GraphQLError(
                        "Name the operation: the document has several.",
                        extensions={"code": "OPERATION_RESOLUTION_FAILURE"},
                    )
                ]
            context.validation_rules = ()
        yield


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(part, OperationDefinitionNode) for part in document.definitions)


def _parsed(text: str) -> DocumentNode:
    document = _documents.get(text)
    if document is not None:
        _documents.move_to_end(text)
        return document
    if len(text) > LONGEST_DOCUMENT:
        raise GraphQLError(
            f"A document has at most {LONGEST_DOCUMENT:,} characters.", extensions={"code": "QUERY_TOO_COMPLEX"}
        )
    try:
        document = parse(text, max_tokens=MOST_TOKENS, no_location=False)
    except GraphQLError as problem:
        raise GraphQLError(
            problem.message,
            source=problem.source,
            positions=problem.positions,
            extensions={"code": "GRAPHQL_PARSE_FAILED"},
        ) from None
    _keep(_documents, text, document)
    return document


def _keep(store: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    store[key] = value
    if len(store) > KEPT:
        store.popitem(last=False)
