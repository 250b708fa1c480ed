"""What holds for every filter, and for every order at a cursor: an index serves them, however long the list grows."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from cast import Cast
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type

from backend.kit.ids import new_id
from backend.settings import Settings
from graphql_schema.projection.compiling import Compiler
from graphql_schema.projection.declaring import Column, Each, Either, ProjectedField, ToMany, Where, published
from graphql_schema.projection.listing import connection
from graphql_schema.projection.ordering import Key, keys_of
from graphql_schema.projection.paging import Page, arguments_of, cursor_prefix
from graphql_schema.projection.selecting import Leaf, ListPlan, ListSite, ObjectPlan, Plan
from graphql_schema.schema import schema
from infra.bench.plans import faults
from tenants.scope import agency_scope

# As in test_every_list: lists that never grow long; each with its reason.
SHORT = {
    "Agency.workspaces": "clients of one agency",
    "Agency.staff": "people of one agency",
    "Query.workspaces": "clients of one agency",
    "Workspace.communities": "communities of one client",
    "Workspace.queues": "queues of one client",
    "Decision.actions": "kinds of action on one decision",
    "Workspace.policies": "policies of one client",
    "Policy.versions": "unique by number: the incremental sort it shows sorts groups of one",
    "Post.versions": "unique by number: the incremental sort it shows sorts groups of one",
}
# Filters that go along the order's index and drop the rows that do not meet them; each with its reason.
DROPPING: dict[str, str] = {}

VALUES: dict[str, Any] = {"integer": 3, "text": "x", "timestamptz": "2026-01-01T00:00:00+00:00", "float8": 0.5}


def lists() -> Iterator[tuple[str, Any, ToMany]]:
    for type_ in schema._schema.type_map.values():
        for field in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
            declared = field.extensions.get("strawberry-definition")
            if isinstance(declared, ProjectedField) and isinstance(declared.source, ToMany):
                yield f"{type_.name}.{declared.python_name}", field, declared.source


def values_of(name: str, type_: Any) -> list[tuple[str, Any]]:
    """What a client may give as a filter, by a name: each choice that makes another statement."""
    bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(bare, GraphQLList):
        every = [value.value for value in get_named_type(bare).values.values()]
        return [("one", every[:1]), ("two", every[:2]), ("every", every)]
    if isinstance(bare, GraphQLEnumType):
        return [("one", next(iter(bare.values.values())).value)]
    if bare.name == "Boolean":
        return [("true", True), ("false", False)]
    if bare.name == "ID":
        return [("one", f"{name.removesuffix('Id')}_{new_id()}")]
    return [("one", "word"), ("two", "word another")]


def filters() -> list[tuple[str, Any, dict[str, Any]]]:
    return [
        (f"{name}({key}: {how})", field, {key: value})
        for name, field, source in lists()
        if source.filters is not None
        for key, input_ in get_named_type(field.args["filter"].type).fields.items()
        for how, value in values_of(key, input_.type)
    ]


def positions() -> list[tuple[str, Any, dict[str, Any]]]:
    """Each order at a row with all values, and at one without for each key that may lack it; both ways."""
    found = []
    for name, field, source in lists():
        site = site_of(name, field)
        for order in source.order:
            keys = keys_of(site.target.model, order.value)
            for without in (None, *(key for key in keys if key.nullable)):
                at = cursor(site, order.value, keys, without)
                hole = f", no {without.column}" if without is not None else ""
                for way, given in (("after", {"first": 50, "after": at}), ("before", {"last": 50, "before": at})):
                    found.append((f"{name}({order.name} {way}{hole})", field, {"orderBy": order, **given}))
    return found


def cursor(site: ListSite, order: str, keys: tuple[Key, ...], without: Key | None) -> str:
    values = [None if key == without else VALUES[key.type] for key in keys[:-1]]
    return base64.b64encode(f"{cursor_prefix(site, order)}{orjson.dumps(values).decode()} {new_id()}".encode()).decode()


def site_of(name: str, field: Any) -> ListSite:
    source = field.extensions["strawberry-definition"].source
    row_type = get_named_type(get_named_type(field.type).fields["nodes"].type)
    return ListSite(field, None, name, source, published(row_type.name), True)


async def plan_of(cast: Cast, who: str, site: ListSite, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """PostgreSQL's plan for a page of the list, and the statement."""
    page = arguments_of(site, arguments)
    assert isinstance(page, Page)
    nodes = ObjectPlan(site.target, [("x", Leaf(Column(page.keys[0].column), "String", False, True))])
    plan = ListPlan(site.source, 0, site.target, [("nodes", "nodes", nodes)])
    parent = published(site.name.split(".", maxsplit=1)[0])
    actor = cast.actors[who]
    compiler = Compiler(Plan(plan, [site]), [page], actor)
    body = connection(compiler, plan, parent, "p0" if parent is not None else None)
    text = f"select {body} from {parent.table} p0 where p0.agency_id = $1" if parent is not None else f"select {body}"
    values = [bind(actor, [page], None) for bind in compiler.binders]
    async with agency_scope(actor) as scope:
        # Few rows would make any planner read them all: here only what is possible counts.
        await scope.execute("set local enable_seqscan = off")
        await scope.execute("set local enable_sort = off")
        await scope.execute("set local enable_bitmapscan = off")
        [found] = await scope.fetchrow(f"explain (format json) {text}", *values)
    return json.loads(found)[0]["Plan"], text


def named(value: Any) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("who", ["owner", "moderator"])
@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_an_index_gives_the_filtered_page_in_its_order(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any], who: str
) -> None:
    site = site_of(name.split("(")[0], field)
    plan, text = await plan_of(acme, who, site, {"filter": given})
    problems = list(faults(plan))
    assert not problems, (problems, text)


@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_no_row_is_read_only_to_be_dropped_by_the_filter(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any]
) -> None:
    site = site_of(name.split("(")[0], field)
    plan, text = await plan_of(acme, "owner", site, {"filter": given})
    dropping = [
        condition
        for condition in conditions(plan, site.target.table)
        if any(re.search(rf"\b{column}\b", condition) for column in columns_of(site, given))
    ]
    assert bool(dropping) == (name in DROPPING), (dropping, text)


@pytest.mark.parametrize(("name", "field", "arguments"), positions(), ids=named)
async def test_an_index_gives_the_page_beyond_a_cursor(
    settings: Settings, acme: Cast, name: str, field: Any, arguments: dict[str, Any]
) -> None:
    site = site_of(name.split("(")[0], field)
    if site.name in SHORT:
        return
    plan, text = await plan_of(acme, "owner", site, arguments)
    problems = list(faults(plan))
    assert not problems, (problems, text)


def conditions(node: dict[str, Any], table: str) -> Iterator[str]:
    """What is only checked once a row of the table was read."""
    if node.get("Relation Name") == table and "Filter" in node:
        yield node["Filter"]
    for child in node.get("Plans", ()):
        yield from conditions(child, table)


def columns_of(site: ListSite, given: dict[str, Any]) -> set[str]:
    assert site.source.filters is not None
    [filter_] = arguments_of(site, {"filter": given}).filters
    condition = site.source.filters.conditions[filter_.name]
    if isinstance(condition, Each):
        return {condition.column}
    if isinstance(condition, Where):
        return set(re.findall(r"\{row\}\.(\w+)", condition.sql))
    if isinstance(condition, Either):
        return set(re.findall(r"\{row\}\.(\w+)", condition.yes if filter_.variant else condition.no))
    return set()  # words have a table of their own


def test_every_exemption_names_something_that_exists() -> None:
    assert set(SHORT) <= {name for name, _, _ in lists()}
    assert set(DROPPING) <= {name for name, _, _ in filters()}
