"""Parsed and validated documents are kept: the same text costs 2.3 ms once instead of with every request.

Strawberry's own ParserCache and ValidationCache must not be used (reference/api.md 2.6 and 3.11).
"""

from collections import OrderedDict
from typing import Any, Final

from graphql import (
    BREAK,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
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


def parsed(text: str) -> DocumentNode:
    """Raises GraphQLError for what is no document, or too much of one."""
    document = _documents.get(text)
    if document is not None:
        _documents.move_to_end(text)
        return document
    if len(text) > LONGEST_DOCUMENT:
        raise too_complex(f"A document has at most {LONGEST_DOCUMENT:,} characters.")
    try:
        document = parse(text, max_tokens=MOST_TOKENS)
    except GraphQLError as problem:
        raise GraphQLError(
            problem.message,
            source=problem.source,
            positions=problem.positions,
            extensions={"code": "GRAPHQL_PARSE_FAILED"},
        ) from None
    if not _is_flat(document):
        raise too_complex(
            f"A field stands at most {MOST_REPEATS} times in one selection, and at most {MOST_SPREADS} fragments are spread."
        )
    if len(text) <= LONGEST_KEPT:
        _keep(_documents, text, document)
    return document


def mistakes(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> list[GraphQLError]:
    """Why the document cannot be executed; empty if it can."""
    kept = _valid.get(id(document))
    if kept is None:
        kept = (document, validate(schema, document, _RULES, max_errors=5))
        if document.loc is None or len(document.loc.source.body) <= LONGEST_KEPT:
            _keep(_valid, id(document), kept)
    if kept[1]:
        # Copies: an error object that is kept must not collect the marks of one request.
        return [GraphQLError(e.message, e.nodes, extensions={"code": "GRAPHQL_VALIDATION_FAILED"}) for e in kept[1]]
    if operation_name is None and _operations(document) > 1:
        # Strawberry would run the first one.
        return [
            GraphQLError(
                "Name the operation: the document has several.", extensions={"code": "OPERATION_RESOLUTION_FAILURE"}
            )
        ]
    return []


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(part, OperationDefinitionNode) for part in document.definitions)


def too_complex(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "QUERY_TOO_COMPLEX"})


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
