"""A selection becomes a plan: what is read, under which response keys, with which lists on the way.

Fragments, aliases, repeated fields and `@skip`/`@include` are merged by graphql-core's own `collect_subfields`.
"""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    VariableNode,
    Visitor,
    get_named_type,
    is_list_type,
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetails, collect_subfields

from graphql_schema.projection.declaring import (
    Groups,
    OneOf,
    ProjectedField,
    Published,
    SameRow,
    Source,
    ToMany,
    ToOne,
    published,
)
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class ListSite:
    """A place in the document where a list gets its arguments. `is_fixed`: they contain no variable."""

    definition: GraphQLField
    node: FieldNode
    name: str
    source: ToMany
    target: Published
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class GroupSite:
    """A place in the document where a list of groups gets its arguments."""

    definition: GraphQLField
    node: FieldNode
    source: Groups
    target: Published
    is_fixed: bool


Site = ListSite | GroupSite


@dataclass(slots=True)
class Leaf:
    source: Source
    type_name: str
    is_list: bool
    nullable: bool
    needs: Right | None = None


@dataclass(slots=True)
class ObjectPlan:
    """`entries`: response key and what stands there; a str is the constant `__typename`."""

    published: Published
    entries: "list[tuple[str, str | Leaf | Embedded | Choice | ListPlan | GroupPlan]]" = field(default_factory=list)


@dataclass(slots=True)
class Embedded:
    source: ToOne | SameRow
    object: ObjectPlan


@dataclass(slots=True)
class Choice:
    """A union or an interface: a plan for each type that may stand there."""

    source: OneOf
    objects: list[ObjectPlan]


@dataclass(slots=True)
class ListPlan:
    """`parts`: response key and `edges`, `nodes`, `pageInfo`, `totalCount` or the constant type name, with its
    selection: for edges and pageInfo a list of (response key, field name, object plan or None)."""

    source: ToMany
    site: int
    target: Published
    parts: list[tuple[str, str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class GroupPlan:
    source: Groups
    site: int
    object: ObjectPlan


@dataclass(slots=True)
class Plan:
    """`statements` are kept with the plan they were made from, by the shape of their arguments."""

    root: ObjectPlan | ListPlan
    sites: list[Site]
    statements: dict[Any, Any] = field(default_factory=dict)
    # Arguments of sites that contain no variable: the same for every request.
    fixed: dict[int, Any] = field(default_factory=dict)
    cost: int | None = None  # known where all arguments are fixed

    @property
    def size(self) -> int:
        """How many fields are selected in it."""
        return _size(self.root)


def _size(part: Any) -> int:
    if isinstance(part, Plan | Embedded | GroupPlan):
        return _size(part.root if isinstance(part, Plan) else part.object)
    if isinstance(part, ObjectPlan):
        return sum(1 + _size(entry) for _key, entry in part.entries)
    if isinstance(part, Choice):
        return sum(_size(each) for each in part.objects)
    if isinstance(part, ListPlan):
        return sum(1 + _size(chosen) for _key, _name, chosen in part.parts)
    if isinstance(part, list):  # of edges or pageInfo
        return sum(1 + _size(chosen) for _key, _name, chosen in part)
    return 0


class Unprojectable(TypeError):
    """The schema publishes something the engine cannot read: a bug in the schema, found by its own tests."""


def select_object(executor: Any, type_: GraphQLObjectType, details: list[FieldDetails]) -> Plan:
    sites: list[Site] = []
    return Plan(_object(executor, type_, details, sites), sites)


def select_list(executor: Any, definition: GraphQLField, details: list[FieldDetails]) -> Plan:
    sites: list[Site] = []
    return Plan(_list(executor, definition, details, sites), sites)


def variables_that_choose(document_part: Any, fragments: dict[str, Any]) -> tuple[str, ...]:
    """The variables used in `@skip` and `@include` anywhere in the operation or its fragments: with other values of
    these, the same document is another plan."""
    names: set[str] = set()

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            if node.name.value in ("skip", "include"):
                names.update(a.value.name.value for a in node.arguments or () if isinstance(a.value, VariableNode))

    for part in (document_part, *fragments.values()):
        visit(part, Finder())
    return tuple(sorted(names))


def _subfields(executor: Any, type_: GraphQLObjectType, details: list[FieldDetails]) -> dict[str, list[FieldDetails]]:
    collected = collect_subfields(
        executor.schema,
        executor.fragments,
        executor.variable_values,
        executor.operation,
        type_,
        details,
        executor.hide_suggestions,
    )
    return collected.grouped_field_set


def _object(executor: Any, type_: GraphQLObjectType, details: list[FieldDetails], sites: list[Site]) -> ObjectPlan:
    entry = published(type_.name)
    if entry is None:
        raise Unprojectable(f"{type_.name} is not published.")
    plan = ObjectPlan(entry)
    for key, group in _subfields(executor, type_, details).items():
        name = group[0].node.name.value
        if name == "__typename":
            plan.entries.append((key, type_.name))
            continue
        definition = type_.fields[name]
        declared = definition.extensions.get("strawberry-definition")
        if not isinstance(declared, ProjectedField):
            raise Unprojectable(f"{type_.name}.{name} has no source.")
        source = declared.source
        target = get_named_type(definition.type)
        if isinstance(source, ToMany):
            plan.entries.append((key, _list(executor, definition, group, sites)))
        elif isinstance(source, Groups):
            plan.entries.append((key, _groups(executor, definition, source, group, sites)))
        elif isinstance(source, OneOf):
            types = [executor.schema.type_map[choice] for choice in source.choices]
            plan.entries.append((key, Choice(source, [_object(executor, type_, group, sites) for type_ in types])))
        elif isinstance(source, ToOne | SameRow):
            assert is_object_type(target)
            plan.entries.append((key, Embedded(source, _object(executor, target, group, sites))))
        else:
            nullable = not isinstance(definition.type, GraphQLNonNull)
            bare = definition.type if nullable else definition.type.of_type
            plan.entries.append((key, Leaf(source, target.name, is_list_type(bare), nullable, declared.needs)))
    return plan


def _groups(
    executor: Any, definition: GraphQLField, source: Groups, details: list[FieldDetails], sites: list[Site]
) -> GroupPlan:
    group_type = get_named_type(definition.type)
    assert is_object_type(group_type)
    target = published(group_type.name)
    if target is None:
        raise Unprojectable(f"{group_type.name} is not published.")
    node, place = details[0].node, len(sites)
    sites.append(GroupSite(definition, node, source, target, not _has_variables(node)))
    return GroupPlan(source, place, _object(executor, group_type, details, sites))


def _list(executor: Any, definition: GraphQLField, details: list[FieldDetails], sites: list[Site]) -> ListPlan:
    declared = definition.extensions["strawberry-definition"]
    connection = get_named_type(definition.type)
    assert is_object_type(connection)
    row_type = get_named_type(connection.fields["nodes"].type)
    assert is_object_type(row_type)
    target = published(row_type.name)
    if target is None:
        raise Unprojectable(f"{row_type.name} is not published.")
    node = details[0].node
    plan = ListPlan(declared.source, len(sites), target)
    sites.append(
        ListSite(
            definition,
            node,
            f"{declared.origin.__name__ if declared.origin else ''}.{declared.python_name}",
            declared.source,
            target,
            not _has_variables(node),
        )
    )
    for key, group in _subfields(executor, connection, details).items():
        name = group[0].node.name.value
        if name == "__typename":
            plan.parts.append((key, "__typename", connection.name))
        elif name == "nodes":
            plan.parts.append((key, name, _object(executor, row_type, group, sites)))
        elif name == "totalCount":
            plan.parts.append((key, name, None))
        else:
            inner = get_named_type(connection.fields[name].type)
            assert is_object_type(inner)
            rows: list[tuple[str, str, Any]] = []
            for sub_key, sub in _subfields(executor, inner, group).items():
                sub_name = sub[0].node.name.value
                chosen: Any = inner.name if sub_name == "__typename" else None
                if sub_name == "node":
                    chosen = _object(executor, row_type, sub, sites)
                rows.append((sub_key, sub_name, chosen))
            plan.parts.append((key, name, rows))
    return plan


def _has_variables(node: FieldNode) -> bool:
    found = False

    class Finder(Visitor):
        def enter_variable(self, *_: Any) -> None:
            nonlocal found
            found = True

    for argument in node.arguments or ():
        visit(argument.value, Finder())
    return found
