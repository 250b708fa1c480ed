"""How large a document is, before anything looks at it twice.

Each fragment is measured once and its size remembered. Limiters that walk every spread anew take 25 seconds for a
document of 944 bytes (reference/api.md, section 5); this takes milliseconds for any that the parser lets through.
"""

from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

DEEPEST: Final = 12  # levels of fields; `edges`, `node` and `nodes` are no level of their own
MOST_FIELDS: Final = 1_000  # every spread of a fragment counted with all its fields
MOST_ALIASES: Final = 50
MOST_DIRECTIVES: Final = 50
MOST_OPERATIONS: Final = 20
# Validation compares each pair of fields that answer in one place: 250 of the same took 2 s without these two.
MOST_REPEATS: Final = 20
MOST_SPREADS: Final = 100
_NO_LEVEL: Final = frozenset({"edges", "node", "nodes"})
_ABOUT_THE_SCHEMA: Final = frozenset({"__schema", "__type"})  # the standard introspection is 15 levels deep
_DEEPEST_NESTING: Final = 60  # of braces, so that measuring itself stays shallow


class TooLarge(Exception):
    """The message says what there is too much of."""


class SpreadsItself(Exception):
    """A fragment contains itself: no valid document, and nothing to be measured."""


@dataclass(slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def add(self, other: "_Size") -> None:
        self.depth = max(self.depth, other.depth)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives


@dataclass(slots=True)
class _Measuring:
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, _Size | None] = field(default_factory=dict)  # None while it is being measured
    spreads: int = 0


def check_size(document: DocumentNode) -> None:
    """Raises TooLarge, SpreadsItself."""
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    if len(operations) > MOST_OPERATIONS:
        raise TooLarge(f"A document has at most {MOST_OPERATIONS} operations.")
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    measuring = _Measuring(fragments)
    whole = _Size(directives=sum(len(operation.directives or ()) for operation in operations))
    for operation in operations:
        whole.add(_selected(operation.selection_set, measuring, nesting=0))
    most_in_a_fragment = max((_fragment(name, measuring, nesting=0).fields for name in fragments), default=0)
    whole.fields = max(whole.fields, most_in_a_fragment)  # validation reads those that nobody spreads as well
    if measuring.spreads > MOST_SPREADS:
        raise TooLarge(f"At most {MOST_SPREADS} fragments are spread.")
    for found, most, what in (
        (whole.depth, DEEPEST, "levels of fields"),
        (whole.fields, MOST_FIELDS, "fields"),
        (whole.aliases, MOST_ALIASES, "aliases"),
        (whole.directives, MOST_DIRECTIVES, "directives"),
    ):
        if found > most:
            raise TooLarge(f"A document has at most {most:,} {what}; this one has {found:,}.")
    for part in (*operations, *fragments.values()):
        _check_repeats([part.selection_set], fragments)


def _selected(selected: SelectionSetNode, measuring: _Measuring, *, nesting: int) -> _Size:
    if nesting > _DEEPEST_NESTING:
        raise TooLarge(f"Selections are nested at most {_DEEPEST_NESTING} deep.")
    size = _Size()
    for selection in selected.selections:
        size.directives += len(selection.directives or ())
        if isinstance(selection, FieldNode):
            size.add(_field(selection, measuring, nesting=nesting))
        elif isinstance(selection, FragmentSpreadNode):
            measuring.spreads += 1
            size.add(_fragment(selection.name.value, measuring, nesting=nesting))
        else:
            measuring.spreads += 1
            size.add(_selected(selection.selection_set, measuring, nesting=nesting + 1))  # type: ignore[attr-defined]
    return size


def _field(node: FieldNode, measuring: _Measuring, *, nesting: int) -> _Size:
    name = node.name.value
    size = _Size(fields=1, aliases=node.alias is not None)
    below = _Size()
    if node.selection_set is not None:
        below = _selected(node.selection_set, measuring, nesting=nesting + 1)
    if name in _ABOUT_THE_SCHEMA:
        below.depth = 0
    size.add(below)
    size.depth = below.depth + (name not in _NO_LEVEL)
    return size


def _fragment(name: str, measuring: _Measuring, *, nesting: int) -> _Size:
    if name not in measuring.known:
        measuring.known[name] = None
        definition = measuring.fragments.get(name)
        measuring.known[name] = (
            _Size()  # validation tells
            if definition is None
            else _selected(definition.selection_set, measuring, nesting=nesting + 1)
        )
    known = measuring.known[name]
    if known is None:
        raise SpreadsItself(f"The fragment {name} contains itself.")
    return known


def _check_repeats(selected: list[SelectionSetNode], fragments: dict[str, FragmentDefinitionNode]) -> None:
    """How often a field stands in one place of the answer, wherever in the document it is written. Call for what is
    known to be small and without circles. Raises TooLarge."""
    fields: dict[str, list[FieldNode]] = {}
    left, spread = list(selected), set[str]()
    while left:
        for selection in left.pop().selections:
            if isinstance(selection, FieldNode):
                fields.setdefault((selection.alias or selection.name).value, []).append(selection)
            elif not isinstance(selection, FragmentSpreadNode):
                left.append(selection.selection_set)  # type: ignore[attr-defined]
            elif selection.name.value not in spread:
                spread.add(selection.name.value)
                definition = fragments.get(selection.name.value)
                left += [] if definition is None else [definition.selection_set]
    for same in fields.values():
        if len(same) > MOST_REPEATS:
            raise TooLarge(f"A field stands at most {MOST_REPEATS} times in one place of the answer.")
        below = [node.selection_set for node in same if node.selection_set is not None]
        if below:
            _check_repeats(below, fragments)
