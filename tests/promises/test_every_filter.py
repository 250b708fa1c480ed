"""What holds for every filter, and for every order at a cursor: an index serves them, however long the list grows."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cast import Cast
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLObjectType, get_named_type
from promises.test_every_list import SHORT

from backend.kit.ids import new_id
from backend.settings import Settings
from graphql_schema.projection.compiling import compile_by_id, compile_list
from graphql_schema.projection.declaring import Column, ProjectedField, ToMany, published
from graphql_schema.projection.filtering import Each, Either, Where, Words
from graphql_schema.projection.ordering import Key, keys_of
from graphql_schema.projection.paging import Page, arguments_of, cursor_prefix
from graphql_schema.projection.selecting import Leaf, ListPlan, ListSite, ObjectPlan, Plan
from graphql_schema.schema import schema
from infra.bench.loading import add_cases, open_client, settle
from infra.bench.plans import faults
from tenants.actor import system
from tenants.scope import agency_scope

# Filters without an index that begins with them and goes on in the list's default order; each with its reason.
UNINDEXED = {
    "AccountFilter(externalId: one)": "one at most: unique",
    "MemberFilter(handle: one)": "few members have one handle: members_by_handle finds them, and they are sorted",
    "PostFilter(isHidden: false)": "most posts: the few hidden ones are dropped on the way",
    "CaseFilter(isMine: true)": "few cases are one person's: cases_of_claimer finds them, and they are sorted",
    "CaseFilter(isMine: false)": "most cases: the few of one person are dropped on the way",
    "CaseFilter(isOverdue: true)": "a range of one column in the order of another: among the open ones, most urgent first",
    "CaseFilter(isOverdue: false)": "most cases",
    "CaseFilter(isAppeal: false)": "most cases",
    "JobFilter(kind: one)": "a week of jobs, and every index more is written with each of a job's steps",
    "ContentFilter(isPublished: false)": "drafts and what was archived: articles of one client, a few thousand",
    "NoticeFilter(isUnread: true)": "notices_unread begins with whose they are",
    "NoticeFilter(isUnread: false)": "notices_read begins with whose they are",
}

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
    if bare.name == "DateTime":
        return [("one", datetime(2026, 1, 1, tzinfo=UTC))]
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


@pytest.fixture(scope="module", autouse=True)
async def many_cases(settings: Settings) -> None:
    """Of a table with a hundred rows any plan is good, and PostgreSQL takes any."""
    client = await open_client(moderators=1)
    await add_cases(client, cases=3_000, posts=3_000, reports_per_case=1)
    async with agency_scope(system(client.agency_id)) as scope:
        await scope.execute(
            "update cases set report_count = 1 + abs(hashtext(id::text)) % 40 where agency_id = $1", client.agency_id
        )
    await settle(settings.owner_url)


async def plan_of(cast: Cast, who: str, site: ListSite, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """PostgreSQL's plan for a page of the list, and the statement."""
    page, actor = arguments_of(site, arguments), cast.actors[who]
    assert isinstance(page, Page)
    nodes = ObjectPlan(site.target, [("x", Leaf(Column(page.keys[0].column), "String", False, True))])
    plan = ListPlan(site.source, 0, site.target, [("nodes", "nodes", nodes)])
    parent = published(site.name.split(".", maxsplit=1)[0])
    if parent is None:
        statement = compile_list(Plan(plan, [site]), [page], actor)
    else:
        statement = compile_by_id(Plan(ObjectPlan(parent, [("x", plan)]), [site]), [page], actor)
    async with agency_scope(actor) as scope:
        # Few rows would make any planner read them all: here only what is possible counts.
        await scope.execute("set local enable_seqscan = off")
        await scope.execute("set local enable_sort = off")
        await scope.execute("set local enable_bitmapscan = off")
        values = statement.values(actor, [page], [new_id()])
        [found] = await scope.fetchrow(f"explain (format json) {statement.sql}", *values)
    return json.loads(found)[0]["Plan"], statement.sql


def named(value: Any) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("who", ["owner", "moderator"])
@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_an_index_gives_the_filtered_page_in_its_order(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any], who: str
) -> None:
    site = site_of(name.split("(", maxsplit=1)[0], field)
    plan, text = await plan_of(acme, who, site, {"filter": given})
    problems = list(faults(plan))
    assert not problems, f"no index gives {name} as {who} asks for it: {problems}\n{text}"


@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_an_index_begins_with_the_filter_and_goes_on_in_the_order(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any]
) -> None:
    if not name.endswith((": one)", ": true)", ": false)")):
        return  # several values are a range each
    site = site_of(name.split("(", maxsplit=1)[0], field)
    page = arguments_of(site, {"filter": given})
    assert isinstance(page, Page)
    condition = condition_of(site, given)
    if isinstance(condition, Words):
        return  # they have a table of their own: see below
    same, where = columns_and_rest(condition, yes=bool(page.filters[0].variant))
    scope = [name for name in dict.fromkeys(("agency_id", site.target.workspace_column, site.source.key)) if name]
    order = [key.column for key in page.keys]
    async with agency_scope(acme.owner) as opened:
        indexes = await opened.fetch(INDEXES, site.target.table)
    fitting = [
        index["name"]
        for index in indexes
        if index["columns"][-len(order) :] == order
        and set(index["columns"][: -len(order)]) == {*scope, *same}
        and index["condition"] == where
    ]
    exemption = f"{get_named_type(field.args['filter'].type).name}({name.partition('(')[2]}"
    if exemption in UNINDEXED:
        assert not fitting, f"{fitting} serves it: take {exemption} out of UNINDEXED"
        return
    wanted = f"({', '.join([*scope, *sorted(same), *order])}){f' where {where}' if where else ''}"
    assert fitting, f"add an index on {site.target.table} {wanted}, or say in UNINDEXED why {exemption} needs none"


@pytest.mark.parametrize(("name", "field", "arguments"), positions(), ids=named)
async def test_an_index_gives_the_page_beyond_a_cursor(
    settings: Settings, acme: Cast, name: str, field: Any, arguments: dict[str, Any]
) -> None:
    site = site_of(name.split("(", maxsplit=1)[0], field)
    if site.name in SHORT:
        return
    plan, text = await plan_of(acme, "owner", site, arguments)
    problems = list(faults(plan))
    keys = [key.column for key in keys_of(site.target.model, arguments["orderBy"].value)]
    # The position is where the index is entered: no row before it is read and dropped.
    problems += [
        scan["Filter"]
        for scan in scans(plan, site.target.table)
        # A scan names its own columns bare, and those of an outer row with their table; what the wall hides is no position.
        if any(re.search(rf"(?<![\w.]){key}\b(?! <> ALL)", scan.get("Filter", "")) for key in keys)
    ]
    if any(re.search(rf"\b{key} = ", text) for key in keys for text in problems):
        # One value of a column with few, which in a small table another index serves as well: then the right one is there.
        async with agency_scope(acme.owner) as opened:
            indexes = await opened.fetch(INDEXES, site.target.table)
        if any(index["columns"][-len(keys) :] == keys and index["condition"] is None for index in indexes):
            problems = [text for text in problems if not any(re.search(rf"\b{key} = ", text) for key in keys)]
    assert not problems, (
        f"no index is entered at the cursor of {name}: end one with the order's columns: {problems}\n{text}"
    )


@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_each_value_of_a_filter_is_a_range_of_its_own(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any]
) -> None:
    [values] = given.values()
    if not isinstance(values, list):
        return
    site = site_of(name.split("(", maxsplit=1)[0], field)
    plan, text = await plan_of(acme, "owner", site, {"filter": given})
    assert len(list(scans(plan, site.target.table))) == len(values), text


@pytest.mark.parametrize(("name", "field", "given"), filters(), ids=named)
async def test_a_search_goes_along_the_index_of_its_first_word(
    settings: Settings, acme: Cast, name: str, field: Any, given: dict[str, Any]
) -> None:
    site = site_of(name.split("(", maxsplit=1)[0], field)
    condition = condition_of(site, given)
    if not isinstance(condition, Words):
        return
    plan, text = await plan_of(acme, "owner", site, {"filter": given})
    # A nested loop names the table it goes along first.
    first, *_ = scans(plan, condition.model._meta.db_table, site.target.table)
    assert first["Relation Name"] == condition.model._meta.db_table, text
    assert {"agency_id", "workspace_id", "word"} == set(re.findall(r"\b(\w+) =", first["Index Cond"])), text


def scans(node: dict[str, Any], *tables: str) -> Iterator[dict[str, Any]]:
    if node.get("Relation Name") in tables:
        yield node
    for child in node.get("Plans", ()):
        yield from scans(child, *tables)


def condition_of(site: ListSite, given: dict[str, Any]) -> Any:
    assert site.source.filters is not None
    return site.source.filters.conditions[arguments_of(site, {"filter": given}).filters[0].name]


INDEXES = """
    select i.indexrelid::regclass::text as name,
           array(select a.attname::text from unnest(i.indkey) with ordinality k(number, place)
                   join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number order by k.place) as columns,
           replace(translate(lower(pg_get_expr(i.indpred, i.indrelid)), '()', ''), '::text', '') as condition
      from pg_index i where i.indrelid = $1::text::regclass"""


def columns_and_rest(condition: Any, *, yes: bool) -> tuple[set[str], str | None]:
    """The columns that the condition compares with a value, and what else it says."""
    if isinstance(condition, Each):
        return {condition.column}, None
    if isinstance(condition, Where):
        return set(re.findall(r"\{row\}\.(\w+) = ", condition.sql)), None
    assert isinstance(condition, Either)
    return set(), (condition.yes if yes else condition.no).replace("{row}.", "")


def test_every_exemption_names_something_that_exists() -> None:
    assert set(SHORT) <= {name for name, _, _ in lists()}
    found = {
        f"{get_named_type(field.args['filter'].type).name}({name.partition('(')[2]}" for name, field, _ in filters()
    }
    assert set(UNINDEXED) <= found
