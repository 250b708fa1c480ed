"""Which right each field and each mutation needs, read from where it is declared: the matrix of the docs and the tests."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from graphql_schema.projection.declaring import NEEDS, ProjectedField, published
from tenants.rights import MACHINE_RIGHTS, PERSON_ROLES, RIGHTS_OF, Right, Role

# They find anything by its id, so the right is that of what they find.
BY_WHAT_IT_FINDS: Final = frozenset({"Query.node", "Query.nodes"})
_PLURALS: Final[Mapping[Role, str]] = {
    **{role: f"{role.value.replace('_', ' ')}s" for role in PERSON_ROLES},
    Role.SUPPORT: "support",
}


def who_may(right: Right) -> str:
    """A sentence: which roles hold the right."""
    names = [_PLURALS[role] for role in PERSON_ROLES if right in RIGHTS_OF[role]]
    said = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"For {said}{', or API clients with its scope' if right in MACHINE_RIGHTS else ''}."


def right_of(parent: GraphQLObjectType, field: GraphQLField) -> Right | None:
    """Without it the field is null, empty or refused; None for what is the caller's own, and for what is about the
    schema. Raises LookupError for a field that nobody gave a right to."""
    declared: Any = field.extensions.get("strawberry-definition")
    if declared is not None and NEEDS in declared.metadata:
        right: Right | None = declared.metadata[NEEDS]
        return right
    own: Right | None = declared.needs if isinstance(declared, ProjectedField) else None
    if own is not None:
        return own
    shown = get_named_type(field.type)
    shown = _row_of(shown) if not is_leaf_type(shown) else shown
    entry = published(shown.name) or published(parent.name)
    if entry is None or entry.needs is None:
        raise LookupError(f"{parent.name}.{declared.python_name if declared is not None else '?'} has no right")
    return entry.needs


def matrix(schema: Any) -> Iterator[tuple[str, Right | None]]:
    """Every field of the root types and of every published type, as `Type.field`, with the right it needs."""
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType):
            continue
        if type_ in (schema.query_type, schema.mutation_type, schema.subscription_type) or published(type_.name):
            for name, field in type_.fields.items():
                if f"{type_.name}.{name}" not in BY_WHAT_IT_FINDS:
                    yield f"{type_.name}.{name}", right_of(type_, field)


def roles_table() -> str:
    """Of Markdown: a row for each right, a column for each role."""
    rows = [["Right", *(role.value.replace("_", " ") for role in PERSON_ROLES)], ["---"] * (len(PERSON_ROLES) + 1)]
    for right in Right:
        name = f"`{right}`{' *' if right in MACHINE_RIGHTS else ''}"
        rows.append([name, *("yes" if right in RIGHTS_OF[role] else "" for role in PERSON_ROLES)])
    return _table(rows)


def fields_table(schema: Any) -> str:
    """Of Markdown: for each type the right of most of its fields, then those that need another."""
    by_type: dict[str, dict[str, Right | None]] = {}
    for name, right in matrix(schema):
        type_name, _, field = name.partition(".")
        by_type.setdefault(type_name, {})[field] = right
    rows = [["What", "Right"], ["---", "---"]]
    for type_name, fields in sorted(by_type.items()):
        usual = Counter(fields.values()).most_common(1)[0][0]
        if type_name not in ("Query", "Mutation", "Subscription"):
            rows.append([f"**{type_name}**", _named(usual)])
        else:
            usual = Right.OWN  # which no field needs: each is told
        rows += [[f"{type_name}.{field}", _named(right)] for field, right in fields.items() if right is not usual]
    return _table(rows)


def _named(right: Right | None) -> str:
    return "none: it is about you" if right is None else f"`{right}`"


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row_of(type_: Any) -> Any:
    """What a connection or a group is of."""
    if type_.name.endswith("Connection"):
        return get_named_type(type_.fields["nodes"].type)
    return type_
