"""A query that ran once goes straight to its statements from then on.

graphql-core's executor is needed where something is computed, merged or refused. Where every field at the root is a
list or a reference to rows, it only passes them on, which takes a quarter of a request's Python time. So the first run
goes through the executor, and leaves word whether later ones may do without. Whatever is not as expected (a variable
that does not fit, a page too large, nothing where something must be) goes back to the executor, which tells what.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
    is_abstract_type,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from graphql_schema.projection.declaring import ProjectedField, published
from graphql_schema.projection.reading import Reading, Ref
from graphql_schema.projection.remembering import Operation, known_operation
from tenants.database import is_outage
from tenants.scope import NoLongerAdmitted, agency_scope

_NEVER: Final = ()


@dataclass(frozen=True, slots=True)
class _Root:
    key: str
    definition: GraphQLField
    details: list[FieldDetails]
    resolve: Callable[..., Any] | None  # None for a list
    python_names: dict[str, str]
    wants_info: bool


@dataclass(frozen=True, slots=True)
class _Straight:
    """`plain`: name and whether it is a list of each variable, where all are texts or lists of texts that must be given."""

    roots: tuple[_Root, ...]
    fields: dict[str, list[FieldDetails]]
    plain: tuple[tuple[str, bool], ...] | None
    fragments: Any
    fragment_definitions: Any


class _NotStraight(Exception):
    """The executor must tell."""


def leave_word(executor: Any, operation: Operation) -> None:
    """After a first run without errors."""
    if operation.straight is None:
        roots = _roots(executor)
        operation.straight = (
            _NEVER
            if roots is None
            else _Straight(
                roots,
                {root.key: root.details for root in roots},
                _plain(executor.operation),
                executor.fragments,
                executor.fragment_definitions,
            )
        )


async def straight(schema: Any, operation_node: Any, variables: dict[str, Any] | None, context: Any) -> Any:
    """The data of a query; None where the executor must run it. Raises NoLongerAdmitted, and what an outage raises."""
    operation = known_operation(operation_node)
    if operation is None or not operation.straight or context.actor is None:
        return None
    known: _Straight = operation.straight
    values = _given(known, variables or {}) or get_variable_values(
        schema, operation_node.variable_definitions or (), variables or {}, max_errors=1
    )
    if isinstance(values, list):
        return None
    reading = Reading(
        SimpleNamespace(
            schema=schema,
            fragments=known.fragments,
            fragment_definitions=known.fragment_definitions,
            operation=operation_node,
            variable_values=values,
            hide_suggestions=True,
        ),
        context.actor,
    )
    try:
        cost = reading.cost(schema.query_type, known.fields)
    except GraphQLError:
        return None
    await context.before_running(cost)
    context.only_reads = True
    try:
        async with agency_scope(context.actor, read_only=True):
            return {root.key: await _read(root, reading, context) for root in known.roots}
    except NoLongerAdmitted:
        raise
    except (GraphQLError, _NotStraight):
        return None
    except Exception as problem:
        if is_outage(problem):
            raise
        return None


async def _read(root: _Root, reading: Reading, context: Any) -> Any:
    if root.resolve is None:
        return await reading.list(root.details[0].node.name.value, root.definition, root.details)
    given = get_argument_values(root.definition, root.details[0].node, reading.variable_values, None, True)
    named = {root.python_names[name]: value for name, value in given.items()}
    if root.wants_info:
        named["info"] = SimpleNamespace(context=context)
    found = root.resolve(None, **named)
    if isawaitable(found):
        found = await found
    data: Any = None
    if isinstance(found, Ref):
        data = await reading.one(reading.schema.type_map[found.type_name], root.details, found)
    elif isinstance(found, list):
        data = await reading.many(root.definition.type, root.details, found)
    elif found is not None:
        raise _NotStraight
    if data is None and isinstance(root.definition.type, GraphQLNonNull):
        raise _NotStraight
    return data


def _plain(operation_node: Any) -> tuple[tuple[str, bool], ...] | None:
    found = []
    for definition in operation_node.variable_definitions or ():
        type_ = print_ast(definition.type)
        if type_ not in ("ID!", "String!", "[ID!]!", "[String!]!"):
            return None
        found.append((definition.variable.name.value, type_.startswith("[")))
    return tuple(found)


def _given(known: _Straight, variables: dict[str, Any]) -> VariableValues | None:
    """The variables as they are, where coercing would change nothing: it is the dearest part of asking for fifty ids."""
    if known.plain is None:
        return None
    coerced = {}
    for name, is_list in known.plain:
        value = coerced[name] = variables.get(name)
        if not ((type(value) is list and all(type(item) is str for item in value)) if is_list else type(value) is str):
            return None
    return VariableValues({}, coerced)


def _roots(executor: Any) -> tuple[_Root, ...] | None:
    type_ = executor.schema.query_type
    found: dict[str, _Root] = {}
    for node in executor.operation.selection_set.selections:
        if not isinstance(node, FieldNode) or node.directives or node.name.value not in type_.fields:
            return None
        key = node.alias.value if node.alias else node.name.value
        definition = type_.fields[node.name.value]
        declared = definition.extensions.get("strawberry-definition")
        if key in found or declared is None or declared.permission_classes or declared.extensions:
            return None
        resolve, names, wants_info = None, {}, False
        if not isinstance(declared, ProjectedField):
            named = get_named_type(definition.type)
            arguments = definition.args.values()
            if published(named.name) is None and not is_abstract_type(named):
                return None
            if not all(isinstance(get_named_type(argument.type), GraphQLScalarType) for argument in arguments):
                return None
            resolve = declared.base_resolver.wrapped_func
            wants_info = declared.base_resolver.info_parameter is not None
            names = dict(zip(definition.args, (each.python_name for each in declared.arguments), strict=True))
        found[key] = _Root(key, definition, [FieldDetails(node, None, None)], resolve, names, wants_info)
    return tuple(found.values())
