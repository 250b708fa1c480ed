"""A list becomes a sub-select: its page read through an index, then what is asked of each row.

Where the rows lie in several ranges of an index (a cursor on a row without a value, a filter with several values,
one range for each workspace) each range is read in order up to the page size, and the few rows are merged. A plain OR
or `= any()` under ORDER BY would read the whole list.
"""

import json
import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from graphql_schema.projection.declaring import Published
from graphql_schema.projection.drafting import Binder, Draft
from graphql_schema.projection.narrowing import Rows, narrowed
from graphql_schema.projection.ordering import Conditions, Key, at_most, beyond, columns_of, order_by
from graphql_schema.projection.paging import Page, cursor_prefix
from graphql_schema.projection.selecting import ListPlan, ListSite
from graphql_schema.projection.texts import NULL, Text, literal


def connection(c: Draft, plan: ListPlan, parent: Published | None, parent_row: str | None) -> str:
    """SQL text expression: the JSON of one connection, by one correlated sub-select."""
    page, site, row = c.arguments[plan.site], c.plan.sites[plan.site], c.alias()
    assert isinstance(page, Page)
    assert isinstance(site, ListSite)
    cursor = _cursor(site, page, row)
    joins: list[str] = []
    needs_rows = False
    needs_extra = any(name == "pageInfo" for _, name, _ in plan.parts)
    text = Text().constant("{")
    for index, (key, name, chosen) in enumerate(plan.parts):
        text.key(index, key)
        if name == "__typename":
            text.constant(json.dumps(chosen))
        elif name == "totalCount":
            text.sql(_total(c, plan, parent, parent_row))
        else:
            needs_rows = True
            if name == "nodes":
                _each(text, c.object(chosen, row, joins), page, row, needs_extra=needs_extra)
            elif name == "edges":
                _each(text, _edge(c, chosen, row, cursor, joins), page, row, needs_extra=needs_extra)
            else:
                _page_info(text, chosen, cursor, page)
    body = str(text.constant("}"))
    if not needs_rows:
        return body
    joined = " ".join(joins)
    limit = page.size + 1 if needs_extra else page.size
    limited = _limited(c, plan, row, _used(row, f"{body} {joined}", page.keys), limit, parent, parent_row)
    if not needs_extra:
        return f"(select {body} from ({limited}) {row} {joined})"
    inner = c.alias()
    order = order_by(page.keys, columns_of(inner), backward=page.backward)
    # The inner select is limited before anything is joined or numbered.
    return (
        f"(select {body} from (select {inner}.*, row_number() over (order by {order}) as rn, "
        f"count(*) over () as shown from ({limited}) {inner}) {row} {joined})"
    )


def _total(c: Draft, plan: ListPlan, parent: Published | None, parent_row: str | None) -> str:
    row = c.alias()
    rows = _list_rows(c, plan, row, parent, parent_row, workspace=None)
    return f"(select count(*)::text from {rows.tables} where {rows.where})"


def _limited(
    c: Draft,
    plan: ListPlan,
    row: str,
    columns: Sequence[str],
    limit: int,
    parent: Published | None,
    parent_row: str | None,
) -> str:
    """The rows of the page as a table with `columns`, in no order."""
    page = c.arguments[plan.site]
    assert isinstance(page, Page)
    across = plan.source.by_workspace and (parent is None or parent.workspace_column is None)
    if across and c.actor.is_of_agency and plan.target.may_lack_workspace:
        across = False  # rows without a workspace are in no workspace's range, and an index of the agency has them all
    space = c.alias()
    rows = _list_rows(c, plan, row, parent, parent_row, workspace=f"{space}.id" if across else None)
    starts, stops = _keyset(c, plan.site, page, rows.columns)
    rows.conditions += stops
    order = order_by(page.keys, rows.columns, backward=page.backward)
    merged = f"order by {order_by(page.keys, columns_of(row), backward=page.backward)} limit {limit}"
    selected = ", ".join(f"{row}.{column}" for column in columns)
    ranges = [
        f"select {selected} from {rows.tables} where {rows.within(chosen)} order by {order} limit {limit}"
        for chosen in product(*rows.apart, starts)
    ]
    if not ranges:  # a filter with no value at all
        ranges = [f"select {selected} from {rows.tables} where false"]
    text = ranges[0]
    if len(ranges) > 1:
        text = f"select * from ({' union all '.join(f'({each})' for each in ranges)}) {row} {merged}"
    if not across:
        return text
    spaces = (
        f"(select w.id from workspaces w where w.agency_id = {c.agency()}) {space}"
        if c.actor.sees_all
        else f"unnest({c.workspaces()}) {space}(id)"
    )
    return f"select {row}.* from {spaces} cross join lateral ({text}) {row} {merged}"


def _list_rows(
    c: Draft, plan: ListPlan, row: str, parent: Published | None, parent_row: str | None, *, workspace: str | None
) -> Rows:
    def scope(target: Published, row: str) -> str:
        if workspace is not None:
            return c.conditions_within(target, row, workspace)
        return c.child_conditions(target, row, parent, parent_row)

    source = plan.source
    rows = narrowed(c, plan.target, row, plan.site, scope)
    if source.key is not None:
        rows.conditions.append(f"{row}.{source.key} = {parent_row}.{source.own}")
    if source.where is not None:
        rows.conditions.append(f"({c.fill(source.where, row)})")
    return rows


def _keyset(c: Draft, site: int, page: Page, columns: Callable[[Key], str]) -> tuple[list[Conditions], list[str]]:
    """The ranges in which the page begins, and the conditions where it must stop."""
    starts: list[Conditions] = [()]
    stops: list[str] = []
    for which, position in (("after", page.after), ("before", page.before)):
        if position is None:
            continue
        parameters = {
            key.column: c.parameter(_position_binder(site, which, number), key.type)
            for number, key in enumerate(page.keys)
        }
        parameter = lambda key, parameters=parameters: parameters[key.column]  # noqa: E731
        ranges = beyond(page.keys, position, columns, parameter, backward=which == "before")
        if (which == "before") == page.backward:
            starts = ranges
            continue
        bound = at_most(page.keys, position, columns, parameter, backward=which == "before")
        stops += [] if bound is None or len(ranges) == 1 else [bound]
        stops.append(f"({' or '.join('(' + ' and '.join(each) + ')' for each in ranges)})")
    return starts, stops


def _cursor(site: ListSite, page: Page, row: str) -> str:
    keys = " || ',' || ".join(
        f"coalesce(to_json({row}.{key.column})::text, {NULL})" if key.nullable else f"to_json({row}.{key.column})::text"
        for key in page.keys[:-1]
    )
    prefix = literal(f"{cursor_prefix(site, page.order)}[")
    # encode() breaks lines after 76 characters.
    return f"translate(encode(convert_to({prefix} || {keys} || '] ' || {row}.id::text, 'UTF8'), 'base64'), E'\\n', '')"


def _each(text: Text, body: str, page: Page, row: str, *, needs_extra: bool) -> None:
    if needs_extra:
        way = "desc" if page.backward else "asc"
        rows = f"string_agg({body}, ',' order by rn {way}) filter (where rn <= {page.size})"
    else:
        rows = f"string_agg({body}, ',' order by {order_by(page.keys, columns_of(row), backward=False)})"
    text.constant("[").sql(f"coalesce({rows}, '')").constant("]")


def _edge(c: Draft, chosen: Sequence[tuple[str, str, Any]], row: str, cursor: str, joins: list[str]) -> str:
    text = Text().constant("{")
    for index, (key, name, inner) in enumerate(chosen):
        text.key(index, key)
        if name == "cursor":
            text.constant('"').sql(cursor).constant('"')
        elif name == "node":
            text.sql(c.object(inner, row, joins))
        else:
            text.constant(json.dumps(inner))
    return str(text.constant("}"))


def _page_info(text: Text, chosen: Sequence[tuple[str, str, Any]], cursor: str, page: Page) -> None:
    # count(*) of at most one row more than the page: that is why there is one row more.
    more = f"(count(*) > {page.size})::text"
    ends = {
        "first": f"min({cursor}) filter (where rn = {min(1, page.size)})",
        "last": f"min({cursor}) filter (where rn = least({page.size}, shown))",
    }
    values = {
        "hasNextPage": more if not page.backward else literal(json.dumps(page.before is not None)),
        "hasPreviousPage": more if page.backward else literal(json.dumps(page.after is not None)),
        "startCursor": ends["last" if page.backward else "first"],
        "endCursor": ends["first" if page.backward else "last"],
    }
    text.constant("{")
    for index, (key, name, inner) in enumerate(chosen):
        text.key(index, key)
        if name == "__typename":
            text.constant(json.dumps(inner))
        elif name.endswith("Cursor"):
            text.sql(f"coalesce('\"' || {values[name]} || '\"', {NULL})")
        else:
            text.sql(values[name])
    # Constants alone would be answered once per row: an empty aggregate makes it one.
    text.constant("}").sql("left(count(*)::text, 0)")


def _used(row: str, text: str, keys: Sequence[Key]) -> list[str]:
    """Only the columns that are used: wide rows cost a fifth of the statement on their way through the window."""
    return sorted({*re.findall(rf"\b{row}\.([a-z_][a-z0-9_]*)", text), *(key.column for key in keys)})


def _position_binder(site: int, which: str, part: int) -> Binder:
    return lambda _actor, arguments, _wanted: getattr(arguments[site], which)[part]
