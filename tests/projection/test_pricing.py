"""What an operation costs is known before it runs; what costs too much never does."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask
from graphql import get_named_type, parse, validate
from graphql.execution import Executor
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from graphql_schema.projection.paging import arguments_of
from graphql_schema.projection.pricing import COUNT_PRICE, GROUPS_PRICE, MOST_EXPENSIVE, UNAFFORDABLE, price
from graphql_schema.projection.selecting import select_list, select_object
from graphql_schema.schema import schema
from tenants import scope as scope_module

SCHEMA = schema._schema


def price_of(document: str) -> int:
    """Of all root fields, as the executor selects them."""
    parsed = parse(document)
    assert not validate(SCHEMA, parsed)
    executor: Any = Executor.build(SCHEMA, parsed)
    assert not isinstance(executor, list), executor
    query: Any = SCHEMA.query_type
    collected = collect_fields(
        SCHEMA, executor.fragments, executor.variable_values, query, executor.operation
    ).grouped_field_set
    points = 0
    for details in collected.values():
        definition = query.fields[details[0].node.name.value]
        target: Any = get_named_type(definition.type)
        is_list = target.name.endswith("Connection")
        plan = select_list(executor, definition, details) if is_list else select_object(executor, target, details)
        given = [get_argument_values(site.definition, site.node, executor.variable_values) for site in plan.sites]
        points += price(plan, [arguments_of(site, each) for site, each in zip(plan.sites, given, strict=True)])
    return points


def test_an_object_costs_one_point_however_many_columns_are_asked_for() -> None:
    assert price_of('{ case(id: "x") { id } }') == 1
    assert price_of('{ case(id: "x") { __typename id state tier risk openedAt isOverdue } }') == 1


def test_each_object_on_the_way_costs_one_more() -> None:
    assert price_of('{ case(id: "x") { post { member { community { id } } } queue { id } } }') == 5


def test_a_list_multiplies_what_its_rows_cost_by_the_size_of_its_page() -> None:
    assert price_of("{ cases(first: 7) { nodes { id } } }") == 1 + 7
    assert price_of("{ cases(last: 7) { nodes { id } } }") == 1 + 7
    assert price_of("{ cases { nodes { id } } }") == 1 + 50
    assert price_of("{ cases(first: 0) { nodes { id } } }") == 2  # what is below is planned all the same
    assert price_of("{ cases(first: 7) { nodes { post { id } } } }") == 1 + 7 * 2
    assert price_of("{ cases(first: 7) { nodes { reports(first: 3) { nodes { id } } } } }") == 1 + 7 * (1 + 1 + 3)


def test_edges_cost_what_nodes_cost_and_both_cost_both() -> None:
    assert price_of("{ cases(first: 7) { edges { cursor node { post { id } } } } }") == 1 + 7 * 2
    assert price_of("{ cases(first: 7) { edges { cursor } } }") == 1 + 7
    assert price_of("{ cases(first: 7) { edges { node { id } } nodes { id } } }") == 1 + 7 + 7
    assert price_of("{ cases(first: 7) { pageInfo { hasNextPage } } }") == 1


def test_counts_and_groups_have_prices_of_their_own() -> None:
    assert price_of("{ cases(first: 0) { totalCount } }") == 1 + COUNT_PRICE
    assert price_of('{ member(id: "x") { postCount violationCount } }') == 1 + 2 * COUNT_PRICE
    assert price_of('{ workspace(slug: "x") { caseCounts { queued overdue } } }') == 1 + 1 + 2 * COUNT_PRICE
    assert price_of('{ workspace(slug: "x") { caseGroups(by: [STATE]) { state count } } }') == 1 + GROUPS_PRICE
    assert price_of("{ workspaces(first: 9) { nodes { openCaseCount } } }") == 1 + 9 * (1 + COUNT_PRICE)


def test_a_union_costs_as_much_as_its_dearest_type() -> None:
    reports = '{ case(id: "x") { reports(first: 1) { nodes { reporter { %s } } } } }'
    assert price_of(reports % "__typename") == 1 + 1 + 1 + 1
    assert price_of(reports % "... on Staff { id } ... on Member { community { id } postCount }") == 3 + 2 + COUNT_PRICE


def test_aliases_and_root_fields_add_up() -> None:
    assert (
        price_of('{ a: case(id: "x") { id } b: case(id: "x") { post { id } } cases(first: 2) { nodes { id } } }') == 6
    )
    assert (
        price_of('{ case(id: "x") { a: reports(first: 2) { nodes { id } } b: reports(first: 2) { nodes { id } } } }')
        == 7
    )


def test_what_is_skipped_costs_nothing_and_what_is_repeated_costs_once() -> None:
    assert price_of('{ case(id: "x") { post @skip(if: true) { id } } }') == 1
    assert price_of('{ case(id: "x") { post { id } ...F } } fragment F on Case { post { text } }') == 2


def test_a_price_always_fits_into_json() -> None:
    inner = "id"
    for _ in range(8):
        inner = f"replies(first: 100) {{ nodes {{ {inner} }} }}"
    assert price_of(f'{{ post(id: "x") {{ {inner} }} }}') == UNAFFORDABLE


# 100 workspaces with 98 rows each, their lists and the workspaces themselves: a little under the limit.
DEAR = "workspaces(first: 100) { nodes { members(first: 98) { nodes { id } } } }"


async def test_the_limit_holds_for_all_root_fields_together(api: httpx.AsyncClient, acme: Cast) -> None:
    assert MOST_EXPENSIVE / 2 < price_of(f"{{ {DEAR} }}") == 1 + 100 * (1 + 1 + 98) == MOST_EXPENSIVE + 1
    allowed = DEAR.replace("98", "97")
    assert "errors" not in await ask(api, acme.tokens["owner"], f"{{ {allowed} }}")
    for document in (f"{{ {DEAR} }}", f"{{ a: {allowed} b: {allowed} }}"):
        answer = await ask(api, acme.tokens["owner"], document)
        [error] = answer["errors"]
        assert error["extensions"] == {
            "code": "QUERY_TOO_COMPLEX",
            "cost": price_of(document),
            "maximumCost": MOST_EXPENSIVE,
        }


@pytest.mark.parametrize("size", [98, 100])
async def test_what_costs_too_much_is_refused_before_any_of_its_statements_runs(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    sent: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval"):
        original = getattr(scope_module.agency_scope, name)

        async def counted(self: Any, sql: str, *values: Any, original: Any = original) -> Any:
            sent.append(sql)
            return await original(self, sql, *values)

        monkeypatch.setattr(scope_module.agency_scope, name, counted)
    document = "query($n: Int) { workspaces(first: 100) { nodes { members(first: $n) { nodes { id } } } } }"
    answer = await ask(api, acme.tokens["owner"], document, n=97)
    assert "errors" not in answer
    assert any("from members" in sql for sql in sent)
    sent.clear()
    # The same document, whose plan is known by now.
    answer = await ask(api, acme.tokens["owner"], document, n=size)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERY_TOO_COMPLEX"]
    assert not [sql for sql in sent if "from members" in sql]
