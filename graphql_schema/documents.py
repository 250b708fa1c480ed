"""Parsed and validated documents are kept: the same text costs 2.3 ms once instead of with every request.

Strawberry's own ParserCache and ValidationCache must not be used (reference/api.md 2.6 and 3.11).
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from graphql import (
    BREAK,
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

KEPT: Final = 256
LONGEST_KEPT: Final = 8_000  # characters; a parsed document takes about a hundred times its text
LONGEST_DOCUMENT: Final = 20_000  # characters
MOST_TOKENS: Final = 3_000
MOST_REPEATS: Final = 20
MOST_SPREADS: Final = 100
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
                if len(context.query or "") <= LONGEST_KEPT:
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
    if not _is_flat(document):
        raise GraphQLError(
            f"A field stands at most {MOST_REPEATS} times in one selection, and at most {MOST_SPREADS} fragments are spread.",
            extensions={"code": "QUERY_TOO_COMPLEX"},
        )
    if len(text) <= LONGEST_KEPT:
        _keep(_documents, text, document)
    return document


def _is_flat(document: DocumentNode) -> bool:
    """Validation compares each pair of fields that answer under one key: 250 of the same took 2 s before this."""
    spreads = 0

    class Counter(Visitor):
        def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> Any:
            nonlocal spreads
            keys: dict[str, int] = {}
            for selection in node.selections:
                if isinstance(selection, FieldNode):
                    key = (selection.alias or selection.name).value
                    keys[key] = keys.get(key, 0) + 1
                else:
                    spreads += 1
            if max(keys.values(), default=0) > MOST_REPEATS or spreads > MOST_SPREADS:
                spreads = MOST_SPREADS + 1
                return BREAK
            return None

    visit(document, Counter())
    return spreads <= MOST_SPREADS


def _keep(store: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    store[key] = value
    if len(store) > KEPT:
        store.popitem(last=False)
